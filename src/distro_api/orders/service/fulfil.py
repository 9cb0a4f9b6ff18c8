"""Orders follow their tickets: what was redeemed or reversed is projected onto lines, stock and status."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock, outbox
from distro_api.core.db import Connection, Writes, raw
from distro_api.core.outbox import Stored
from distro_api.inventory.service import lane as inventory
from distro_api.inventory.service.lane import Stock
from distro_api.orders import events as facts
from distro_api.orders.queries.load import load_orders
from distro_api.orders.queries.working import Step, WorkingOrder
from distro_api.orders.service.decide import event_of, signed
from distro_api.orders.service.store import add_steps, update_orders
from distro_api.orders.states import Action, OrderStatus


async def follow_tickets(session: AsyncSession, events: Sequence[Stored]) -> None:
    """Set each line's `fulfilled` to what its tickets say now; an event that comes twice changes nothing."""
    connection: Connection = await raw(session)
    orders = await load_orders(connection, sorted({event.aggregate_id for event in events}), lock=True)
    redeemed = await _redeemed_by_line(connection, list(orders))
    stock = await inventory.lock_many(
        connection,
        (take.bucket_id for o in orders.values() for line in o.lines if line.id in redeemed for take in line.takes(1)),
    )
    writes, changed = Writes(), []
    for order in orders.values():
        step = _project(order, redeemed, stock)
        if step is None:
            continue
        changed.append(order)
        add_steps(writes, [(order, step)] if step is not _NO_STEP else [])
        outbox.publish_many(writes, [(event_of(order, fact), order.updated_at) for fact in _told(step)])
    await update_orders(connection, changed)
    await inventory.apply_many(connection, writes, stock)
    await writes.run(connection)


_NO_STEP = Step(0, "", "", None, None, "", clock.now())


def _project(order: WorkingOrder, redeemed: dict[UUID, int], stock: Stock) -> Step | None:
    """Bring the order up to its tickets: None if it was, `_NO_STEP` if only counts changed."""
    at, moved = clock.now(), False
    for line in order.lines:
        change = redeemed.get(line.id, line.fulfilled) - line.fulfilled
        if change:
            moved = True
            line.fulfilled += change
            stock.issue(signed(line.takes(1), change), order.id, None, at)
    if not moved:
        return None
    action = _action(order)
    if action is None:
        order.touch(at)
        return _NO_STEP
    return order.act(action, None, None, at)


def _action(order: WorkingOrder) -> Action | None:
    """What the counts ask of the status."""
    done = all(line.open == 0 for line in order.lines)
    begun = any(line.fulfilled for line in order.lines)
    match order.status:
        case OrderStatus.PAID if begun:
            return Action.COMPLETE if done else Action.FULFIL
        case OrderStatus.FULFILLING if done:
            return Action.COMPLETE
        case OrderStatus.COMPLETED if begun and not done:
            return Action.REOPEN
        case OrderStatus.FULFILLING | OrderStatus.COMPLETED if not begun:
            return Action.UNFULFIL
        case _:
            return None


def _told(step: Step) -> list[type[facts.OrderEvent]]:
    match step.action:
        case Action.COMPLETE:
            return [facts.OrderCompleted]
        case Action.REOPEN | Action.UNFULFIL:
            return [facts.OrderReopened]
        case _:
            return []


async def _redeemed_by_line(connection: Connection, order_ids: list[UUID]) -> dict[UUID, int]:
    rows = await connection.fetch(
        "SELECT line_id, sum(redeemed)::bigint FROM tickets WHERE order_id = ANY($1::uuid[]) GROUP BY 1", order_ids
    )
    return {row[0]: row[1] for row in rows}
