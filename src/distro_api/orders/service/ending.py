"""Decisions that end or give back: reject, close, cancel, refund. Each checks first, then changes the world."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from pydantic_core import to_json

from distro_api.accounts.models import AccountKind
from distro_api.accounts.service.ledger import Hold, Why
from distro_api.core import clock
from distro_api.core.errors import StateConflict
from distro_api.core.lanes import Answer
from distro_api.orders import events
from distro_api.orders.queries.working import WorkingOrder
from distro_api.orders.service.commands import (
    Cancel,
    Close,
    RefundUnits,
    Reject,
)
from distro_api.orders.service.project import project
from distro_api.orders.service.refund import RefundRows, refund_units
from distro_api.orders.service.world import World, answer, keep_apart, order_of, record, tell
from distro_api.orders.states import Action, OrderStatus, RefundStatus, after


def reject(command: Reject, world: World) -> Answer:
    order, actor = order_of(command, world), command.actor
    step = order.act(Action.REJECT, actor.user_id, actor.organization_id, command.at, command.reason)
    world.steps.append((order, step))
    _free(order, actor.user_id, command.at, world)
    tell(order, events.OrderRejected, command.at, world)
    return answer(200, order, command, "orders.reject", world)


def close(command: Close, world: World) -> Answer:
    order = world.orders.get(command.order_id)
    if order is None or not _is_over(order, command.today, world.database_now):
        return Answer(204, b"")  # approved, paid, cancelled or closed by somebody else meanwhile
    keep_apart(order, world)
    step = order.act(Action.CLOSE, command.actor.user_id, command.actor.organization_id, command.at)
    world.steps.append((order, step))
    _free(order, command.actor.user_id, command.at, world)
    tell(order, events.OrderClosed, command.at, world)
    return answer(200, order, command, "orders.close", world)


def _is_over(order: WorkingOrder, today: date, now: datetime) -> bool:
    """Whether nobody paid in time, or nobody decided while all of it could still be used."""
    if order.status is OrderStatus.PENDING_APPROVAL:
        return order.last_day is not None and order.last_day < today
    return order.status is OrderStatus.PENDING_PAYMENT and order.pay_before is not None and order.pay_before <= now


def cancel(command: Cancel, world: World) -> Answer:
    order, actor = order_of(command, world), command.actor
    if order.status in (OrderStatus.PENDING_APPROVAL, OrderStatus.PENDING_PAYMENT):
        step = order.act(Action.CANCEL, actor.user_id, actor.organization_id, command.at, command.reason)
        world.steps.append((order, step))
        _free(order, actor.user_id, command.at, world)
        tell(order, events.OrderCancelled, command.at, world)
        return answer(200, order, command, "orders.cancel", world)
    _catch_up(order, command.at, world)
    after(order.status, Action.CANCEL)
    _pay_back(order, None, command.reason, command, world)
    return answer(200, order, command, "orders.cancel", world)


def refund(command: RefundUnits, world: World) -> Answer:
    order = order_of(command, world)
    _catch_up(order, command.at, world)
    if order.status not in (OrderStatus.PAID, OrderStatus.FULFILLING):
        raise StateConflict(state=order.status.value, action="refund")
    rows = _pay_back(order, command.quantities, command.reason, command, world)
    record(order, command, "orders.refund", world)
    return Answer(201, to_json(rows.render()), f"/api/v1/refunds/{rows.id}", version=1)


def _catch_up(order: WorkingOrder, at: datetime, world: World) -> None:
    """Let the order know what was used meanwhile: it follows its tickets, and may be behind.

    This is true whatever becomes of the command, so that it stays if the command is refused.
    """
    redeemed: dict[UUID, int] = {}
    for ticket in world.tickets.of_order(order.id):
        redeemed[ticket.line_id] = redeemed.get(ticket.line_id, 0) + ticket.redeemed
    moved = project(order, redeemed, world.stock, at)
    if moved is None:
        return
    world.changed[order.id] = order
    if moved.step is not None:
        world.steps.append((order, moved.step))
    for fact in moved.facts:
        tell(order, fact, at, world)


def _pay_back(
    order: WorkingOrder, quantities: Mapping[UUID, int] | None, reason: str, command: Cancel | RefundUnits, world: World
) -> RefundRows:
    """Units and money go back; the order ends when nothing of it is open any more."""
    actor, at = command.actor, command.at
    free_of_charge = command.party_id == order.supplier_id  # the supplier who cancels keeps nothing
    rows = refund_units(
        order,
        quantities,
        at=at,
        today=command.today,
        free_of_charge=free_of_charge,
        reason=reason,
        actor=actor,
        new_id=world.source.new_id,
    )
    for part in rows.shares:
        line, quantity = part.line, part.quantity
        world.stock.take_back(line.takes(quantity), order.id, actor.user_id, at)
        world.tickets.refund(order.id, line.id, quantity)
        if (key := line.counter(clock.local_date(order.created_at, world.time_zone))) is not None:
            world.counters.add(key, -quantity)
    if rows.amount:
        assert order.account_id is not None
        why = Why("order_refund", order.id, at)
        account = world.ledger.accounts[order.account_id]
        world.ledger.credit(account, rows.amount, AccountKind.SALES, why, world.source.new_id())
    order.refunded_amount += rows.amount
    all_back = all(line.refunded == line.quantity for line in order.lines)
    order.refund_status = RefundStatus.FULL if all_back else RefundStatus.PARTIAL
    world.refunds.append(rows)
    step = order.note_step("refund", actor.user_id, actor.organization_id, at, reason)
    world.steps.append((order, step))
    _refund_told(order, rows, at, world)
    _end(order, all_back, reason, command, world)
    return rows


def _end(order: WorkingOrder, all_back: bool, reason: str, command: Cancel | RefundUnits, world: World) -> None:
    actor, at = command.actor, command.at
    if any(line.open for line in order.lines):
        return
    if all_back:
        step = order.act(Action.CANCEL, actor.user_id, actor.organization_id, at, reason)
        world.steps.append((order, step))
        tell(order, events.OrderCancelled, at, world)
    else:
        world.steps.append((order, order.act(Action.COMPLETE, None, None, at)))
        tell(order, events.OrderCompleted, at, world)


def _free(order: WorkingOrder, actor_id: UUID | None, at: datetime, world: World) -> None:
    """An order that was never paid lets go of stock, money and limits."""
    world.stock.release(order.takes(), order.id, actor_id, at)
    if order.hold_id is not None:
        world.ledger.void(hold_of(order), AccountKind.SALES, Why("order_unfreeze", order.id, at), world.source.new_id())
        order.hold_id = None
    for line in order.lines:
        if (key := line.counter(clock.local_date(order.created_at, world.time_zone))) is not None:
            world.counters.add(key, -line.quantity)


def hold_of(order: WorkingOrder) -> Hold:
    assert order.hold_id is not None
    assert order.account_id is not None
    return Hold(order.hold_id, order.account_id, order.total_amount)


def _refund_told(order: WorkingOrder, rows: RefundRows, at: datetime, world: World) -> None:
    told = events.RefundSucceeded(
        supplier_id=order.supplier_id,
        distributor_id=order.distributor_id,
        order_id=order.id,
        order_no=order.order_no,
        status=order.status,
        total_amount=order.total_amount,
        refund_id=rows.id,
        amount=rows.amount,
        fee_amount=rows.fee_amount,
    )
    world.events.append((told, at))
