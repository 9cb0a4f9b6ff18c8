"""Accounts of points, opened on first use in the book of the supplier that awards them."""

from collections.abc import Collection
from uuid import UUID

from distro_api.accounts.models import AccountKind
from distro_api.accounts.service.ledger import Named, open_contra_accounts
from distro_api.core import clock
from distro_api.core.db import Connection

KINDS = (AccountKind.SYNERGY, AccountKind.BONUS)
"""The unit of a points account is called like its kind."""

_FIND = """
SELECT a.supplier_id, a.owner_id, a.kind, a.id
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS w(supplier_id, owner_id, kind) JOIN accounts a USING (supplier_id, owner_id, kind)
"""
_OPEN = """
INSERT INTO accounts (id, supplier_id, owner_id, kind, unit, status, posted, frozen, credit_limit, entry_count, version,
    created_at, updated_at)
SELECT w.id, w.supplier_id, w.owner_id, w.kind, w.kind, 'active', 0, 0, 0, 0, 1, $5, $5
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS w(id, supplier_id, owner_id, kind)
ON CONFLICT (supplier_id, owner_id, kind, unit) DO NOTHING
"""


async def open_points_accounts(connection: Connection, wanted: Collection[Named]) -> dict[Named, UUID]:
    """The ids of these accounts (book, owner, `synergy` or `bonus`); those that are missing are opened, nothing is locked.

    Call it before any account is locked: openers wait for each other in one order.
    """
    assert {kind for _, _, kind in wanted} <= {kind.value for kind in KINDS}
    found = await _find(connection, wanted)
    if missing := sorted(set(wanted) - found.keys()):
        for supplier_id in sorted({supplier_id for supplier_id, _, _ in missing}):
            await open_contra_accounts(connection, supplier_id)
        ids = [clock.new_id() for _ in missing]
        await connection.execute(_OPEN, ids, *map(list, zip(*missing, strict=True)), clock.now())
        found = await _find(connection, wanted)
    return found


async def _find(connection: Connection, wanted: Collection[Named]) -> dict[Named, UUID]:
    if not wanted:
        return {}
    rows = await connection.fetch(_FIND, *map(list, zip(*wanted, strict=True)))
    return {(row[0], row[1], row[2]): row[3] for row in rows}
