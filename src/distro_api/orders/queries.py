"""Reads of orders."""

from collections.abc import Iterable
from uuid import UUID

from distro_api.core.db import Connection


async def catalogue_versions(connection: Connection, supplier_ids: Iterable[UUID]) -> dict[UUID, int]:
    """What a quote must have been made from; a supplier without a row is at version 0."""
    rows = await connection.fetch(
        "SELECT supplier_id, version FROM catalogue_versions WHERE supplier_id = ANY($1::uuid[])", list(supplier_ids)
    )
    return {row[0]: row[1] for row in rows}
