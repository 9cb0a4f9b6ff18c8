"""Orders follow their tickets: what was redeemed or reversed is projected onto lines, stock and status."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock, outbox
from distro_api.core.db import Connection, raw
from distro_api.core.outbox import Stored
from distro_api.core.writes import Writes
from distro_api.inventory.service import lane as inventory
from distro_api.orders.queries.load import load_orders
from distro_api.orders.service.project import project
from distro_api.orders.service.store import add_steps, update_orders
from distro_api.orders.service.world import event_of


async def follow_tickets(session: AsyncSession, events: Sequence[Stored]) -> None:
    """Set each line's `fulfilled` to what its tickets say now; an event that comes twice changes nothing."""
    connection: Connection = await raw(session)
    orders = await load_orders(connection, sorted({event.aggregate_id for event in events}), lock=True)
    redeemed = await _redeemed_by_line(connection, list(orders))
    stock = await inventory.lock_many(
        connection,
        (take.bucket_id for o in orders.values() for line in o.lines if line.id in redeemed for take in line.takes(1)),
    )
    changed, steps, facts = [], [], []
    for order in orders.values():
        moved = project(order, redeemed, stock, clock.now())
        if moved is None:
            continue
        changed.append(order)
        if moved.step is not None:
            steps.append((order, moved.step))
        facts += [(event_of(order, fact), order.updated_at) for fact in moved.facts]
    writes = Writes()
    update_orders(writes, changed)
    add_steps(writes, steps)
    inventory.apply_many(writes, stock)
    outbox.publish_many(writes, facts)
    await writes.run(connection)


async def _redeemed_by_line(connection: Connection, order_ids: list[UUID]) -> dict[UUID, int]:
    rows = await connection.fetch(
        "SELECT line_id, sum(redeemed)::bigint FROM tickets WHERE order_id = ANY($1::uuid[]) GROUP BY 1", order_ids
    )
    return {row[0]: row[1] for row in rows}
