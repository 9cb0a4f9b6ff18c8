"""Reading whole orders: the same statements for a lane that locks them and for a request that shows them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from distro_api.core.db import Connection
from distro_api.core.writes import Columns
from distro_api.orders.queries.working import (
    LINE_COLUMNS,
    ORDER_COLUMNS,
    Step,
    WorkingOrder,
    line_from,
    order_from,
)


def _selected(columns: Columns) -> str:
    """The columns, JSON as text: what a connection does with jsonb depends on who opened it."""
    return ", ".join(f"{name}::text" if kind == "jsonb" else name for name, kind in columns)


_ORDERS = f"SELECT {_selected(ORDER_COLUMNS)} FROM orders WHERE id = ANY($1::uuid[]) ORDER BY id"
_LINES = (
    f"SELECT {_selected(LINE_COLUMNS)} FROM order_lines WHERE order_id = ANY($1::uuid[]) ORDER BY order_id, line_no"
)
_STEPS = """
SELECT order_id, seq, action, status, actor_id, actor_organization_id, reason, created_at
FROM order_transitions WHERE order_id = ANY($1::uuid[]) ORDER BY order_id, seq
"""


async def load_orders(
    connection: Connection, order_ids: Sequence[UUID], *, lock: bool, timeline: bool = True
) -> dict[UUID, WorkingOrder]:
    """The orders with lines and (if asked) timeline, in id order; locked in that order if asked."""
    rows = await connection.fetch(_ORDERS + (" FOR UPDATE" if lock else ""), order_ids)
    orders = {row[0]: order_from(row) for row in rows}
    if orders:
        for row in await connection.fetch(_LINES, list(orders)):
            line = line_from(row)
            orders[line.order_id].lines.append(line)
        for row in await connection.fetch(_STEPS, list(orders)) if timeline else ():
            orders[row[0]].steps.append(Step(*tuple(row)[1:]))
    return orders


async def database_now(connection: Connection) -> datetime:
    """The database's clock: the one that decides whether a time to pay is over."""
    found: datetime = (await connection.fetch("SELECT clock_timestamp()"))[0][0]
    return found


async def catalogue_versions(connection: Connection, supplier_ids: Iterable[UUID]) -> dict[UUID, int]:
    """What a quote must have been made from; a supplier without a row is at version 0, a suspended one is missing."""
    rows = await connection.fetch(
        "SELECT o.id, coalesce(v.version, 0) FROM organizations o LEFT JOIN catalogue_versions v ON v.supplier_id = o.id "
        "WHERE o.id = ANY($1::uuid[]) AND o.status = 'active'",
        list(supplier_ids),
    )
    return {row[0]: row[1] for row in rows}
