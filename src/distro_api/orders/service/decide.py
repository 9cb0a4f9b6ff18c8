"""The decision: what becomes of each command of a batch, from what was locked and nothing else.

Pure: no I/O, no clock, ids from the given source. Each command first checks everything, then changes the working
copies, so that a refusal leaves no trace and the next command of the batch sees what the one before it did.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic_core import to_json

from distro_api.accounts.errors import NoAccount
from distro_api.accounts.models import AccountKind
from distro_api.accounts.service.ledger import Hold, Ledger, LockedAccount, Why
from distro_api.core import clock
from distro_api.core.errors import DomainError, NotFoundHere, StateConflict
from distro_api.core.lanes import Answer
from distro_api.core.outbox import Event
from distro_api.identity.service.audit import Act
from distro_api.inventory.service.lane import Stock
from distro_api.orders import events
from distro_api.orders.errors import OutsideNoTaken, PaymentMethodNotAllowed, PaymentWindowOver, PriceChanged
from distro_api.orders.queries.working import Line, Step, WorkingOrder, render
from distro_api.orders.service.commands import (
    Approve,
    Cancel,
    Close,
    Command,
    OnOrder,
    Pay,
    Place,
    RefundUnits,
    Refuse,
    Reject,
)
from distro_api.orders.service.project import project
from distro_api.orders.service.refund import RefundRows, refund_units
from distro_api.orders.states import Action, OrderStatus, RefundStatus, after
from distro_api.strategies.service.lane import Counters
from distro_api.tickets.models import TicketStatus
from distro_api.tickets.service import lane as tickets_lane
from distro_api.tickets.service.lane import LockedTicket, Redeem, Reverse, Tickets


class StaleQuote(Exception):
    """The supplier's catalogue has changed since the quote: quote once more."""


class Source(Protocol):
    """Where new ids and codes come from."""

    def new_id(self) -> UUID: ...
    def order_no(self, at: datetime) -> str: ...
    def ticket_code(self) -> str: ...


@dataclass(slots=True)
class World:
    """All that was locked for a batch, and all that is decided about it."""

    source: Source
    time_zone: str
    database_now: datetime
    catalogue_versions: Mapping[UUID, int]
    orders: dict[UUID, WorkingOrder]
    outside_nos: dict[tuple[UUID, str, str], UUID]
    stock: Stock
    counters: Counters
    ledger: Ledger
    tickets: Tickets
    placed: list[WorkingOrder] = field(default_factory=list)
    changed: dict[UUID, WorkingOrder] = field(default_factory=dict)
    steps: list[tuple[WorkingOrder, Step]] = field(default_factory=list)
    refunds: list[RefundRows] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    events: list[tuple[Event, datetime]] = field(default_factory=list)


Outcome = Answer | DomainError | StaleQuote


def decide(commands: list[Command], world: World) -> list[Outcome]:
    """An outcome per command, in order; `world` then holds what is to be written."""
    return [_outcome(command, world) for command in commands]


def _outcome(command: Command, world: World) -> Outcome:
    try:
        return _HANDLERS[type(command)](command, world)
    except (DomainError, StaleQuote) as refusal:
        return refusal


def _place(command: Place, world: World) -> Answer:
    quote = command.quote
    if world.catalogue_versions.get(quote.supplier_id) != quote.catalogue_version:
        raise StaleQuote
    if command.expected_total_amount not in (None, quote.total_amount):
        raise PriceChanged(expected_total_amount=command.expected_total_amount, total_amount=quote.total_amount)
    outside = (quote.distributor_id, command.source, command.outside_no or "")
    if command.outside_no is not None and outside in world.outside_nos:
        raise OutsideNoTaken(order_id=world.outside_nos[outside])
    order = _order_of(command, world)
    counted = [
        (key, line.quantity, line.per_day_limit or 0) for line in order.lines if (key := line.counter(command.today))
    ]
    world.stock.check(order.takes(), order.supplier_id)
    world.counters.check(counted)
    account = None if command.pay is None else _payer_account(order, command.pay, command.today, world)

    for key, quantity, _ in counted:
        world.counters.add(key, quantity)
    if command.outside_no is not None:
        world.outside_nos[outside] = order.id
    world.orders[order.id] = order
    world.placed.append(order)
    actor = command.actor
    if account is not None and order.status is OrderStatus.PENDING_APPROVAL:
        order.account_id = account.id
        if order.total_amount:
            why = Why("order_freeze", order.id, command.at)
            hold = world.ledger.freeze(account, order.total_amount, AccountKind.SALES, why, world.source.new_id())
            order.hold_id = hold.id
    if account is not None and order.status is OrderStatus.PENDING_PAYMENT:
        order.status, order.pay_before = OrderStatus.PAID, None
        _take_money(order, account, command.at, world)
        _sell(order, actor.user_id, command.at, world, held=False)
    else:
        world.stock.hold(order.takes(), order.id, actor.user_id, command.at)
    world.steps.append((order, order.note_step("place", actor.user_id, actor.organization_id, command.at)))
    order.version = 1
    _tell(order, events.OrderPlaced, command.at, world)
    if order.status in (OrderStatus.PAID, OrderStatus.COMPLETED):
        _paid(order, command, world)
    return _answer(201, order, command, "orders.place", world, location=f"/api/v1/orders/{order.id}")


def _order_of(command: Place, world: World) -> WorkingOrder:
    """The order that the quote makes: every price and rule is copied."""
    quote = command.quote
    order = WorkingOrder(
        id=command.order_id,
        order_no=world.source.order_no(command.at),
        supplier_id=quote.supplier_id,
        distributor_id=quote.distributor_id,
        placed_by=command.actor.user_id,
        channel=quote.channel,
        business_mode=quote.business_mode,
        payer=quote.payer,
        status=OrderStatus.PENDING_APPROVAL if quote.order_approval else OrderStatus.PENDING_PAYMENT,
        refund_status=RefundStatus.NONE,
        source=command.source,
        outside_no=command.outside_no,
        customer_name=command.customer.name,
        customer_phone=command.customer.phone,
        customer_organization=command.customer.organization,
        shipping_address=command.shipping_address,
        note=command.note,
        currency=quote.currency,
        retail_amount=quote.retail_amount,
        settlement_amount=quote.settlement_amount,
        commission_amount=quote.commission_amount,
        total_amount=quote.total_amount,
        paid_amount=0,
        refunded_amount=0,
        pay_by=list(quote.pay_by),
        pay_before=None if quote.order_approval else command.pay_before,
        account_id=None,
        hold_id=None,
        paid_at=None,
        created_at=command.at,
        updated_at=command.at,
        version=1,
    )
    for number, quoted in enumerate(quote.lines, 1):
        order.lines.append(
            Line(
                id=world.source.new_id(),
                order_id=order.id,
                supplier_id=order.supplier_id,
                distributor_id=order.distributor_id,
                line_no=number,
                product_id=quoted.product_id,
                sku_id=quoted.sku_id,
                strategy_id=quoted.strategy_id,
                product_name=quoted.product_name,
                sku_name=quoted.sku_name,
                product_kind=quoted.product_kind,
                fulfilment=quoted.fulfilment,
                confirmation="none",
                quantity=quoted.quantity,
                fulfilled=0,
                refunding=0,
                refunded=0,
                service_date=quoted.service_date,
                slot=quoted.slot,
                anchor=quoted.anchor,
                valid_from=quoted.valid_from,
                valid_to=quoted.valid_to,
                retail_price=quoted.retail_price,
                settlement_price=quoted.settlement_price,
                retail_amount=quoted.retail_amount,
                settlement_amount=quoted.settlement_amount,
                commission_amount=quoted.commission_amount,
                refunded_amount=0,
                fee_amount=0,
                per_day_limit=quoted.per_day_limit,
                refund_rules=list(quoted.refund_rules),
                stock=quoted.stock,
                explanation=[{"rule": step.rule, "zh": step.zh, "en": step.en} for step in quoted.explanation],
            )
        )
    return order


def _payer_account(order: WorkingOrder, method: str, today: date, world: World) -> LockedAccount:
    """The account that can pay the order now."""
    if method not in order.pay_by:
        raise PaymentMethodNotAllowed(method=method, pay_by=order.pay_by)
    account = world.ledger.of(order.supplier_id, order.distributor_id, method)
    if account is None:
        raise NoAccount(method=method, supplier_id=order.supplier_id)
    world.ledger.check(account, order.total_amount, today)
    return account


def _take_money(order: WorkingOrder, account: LockedAccount, at: datetime, world: World) -> None:
    order.account_id = account.id
    if order.total_amount:
        why = Why("order_payment", order.id, at)
        world.ledger.debit(account, order.total_amount, AccountKind.SALES, why, world.source.new_id())


def _sell(order: WorkingOrder, actor_id: UUID | None, at: datetime, world: World, *, held: bool) -> None:
    """The order is paid: stock is sold, codes are issued, and what needs no fulfilment is fulfilled."""
    order.paid_at, order.paid_amount = at, order.total_amount
    world.stock.sell(order.takes(), order.id, actor_id, at, held=held)
    for line in order.lines:
        if line.fulfilment == "code":
            world.tickets.issue(_ticket_of(line, at, world))
        elif line.fulfilment == "none":
            line.fulfilled = line.quantity
            world.stock.issue(line.takes(line.quantity), order.id, actor_id, at)


def _ticket_of(line: Line, at: datetime, world: World) -> LockedTicket:
    return LockedTicket(
        id=world.source.new_id(),
        code=world.source.ticket_code(),
        supplier_id=line.supplier_id,
        distributor_id=line.distributor_id,
        order_id=line.order_id,
        line_id=line.id,
        product_id=line.product_id,
        sku_id=line.sku_id,
        quantity=line.quantity,
        redeemed=0,
        refunded=0,
        status=TicketStatus.VALID,
        valid_from=line.valid_from,
        valid_to=line.valid_to,
        created_at=at,
    )


def _paid(order: WorkingOrder, command: Command, world: World) -> None:
    """Tell that it is paid; an order that needs no fulfilment is complete with it."""
    _tell(order, events.OrderPaid, command.at, world)
    if all(line.open == 0 for line in order.lines):
        world.steps.append((order, order.act(Action.COMPLETE, None, None, command.at)))
        _tell(order, events.OrderCompleted, command.at, world)


def _approve(command: Approve, world: World) -> Answer:
    order, actor = _order(command, world), command.actor
    if order.hold_id is None and order.account_id is None:
        step = order.act(Action.APPROVE, actor.user_id, actor.organization_id, command.at)
        order.pay_before = command.pay_before
        world.steps.append((order, step))
        _tell(order, events.OrderApproved, command.at, world)
        return _answer(200, order, command, "orders.approve", world)
    step = order.act(Action.APPROVE_PAID, actor.user_id, actor.organization_id, command.at)
    if order.hold_id is not None:
        why = Why("order_payment", order.id, command.at)
        world.ledger.post(_hold(order), order.total_amount, AccountKind.SALES, why, world.source.new_id())
        order.hold_id = None
    _sell(order, actor.user_id, command.at, world, held=True)
    world.steps.append((order, step))
    _tell(order, events.OrderApproved, command.at, world)
    _paid(order, command, world)
    return _answer(200, order, command, "orders.approve", world)


def _reject(command: Reject, world: World) -> Answer:
    order, actor = _order(command, world), command.actor
    step = order.act(Action.REJECT, actor.user_id, actor.organization_id, command.at, command.reason)
    world.steps.append((order, step))
    _free(order, actor.user_id, command.at, world)
    _tell(order, events.OrderRejected, command.at, world)
    return _answer(200, order, command, "orders.reject", world)


def _pay(command: Pay, world: World) -> Answer:
    order, actor = _order(command, world), command.actor
    after(order.status, Action.PAY)
    if order.pay_before is not None and order.pay_before <= world.database_now:
        raise PaymentWindowOver(pay_before=order.pay_before)
    account = _payer_account(order, command.method, command.today, world)
    step = order.act(Action.PAY, actor.user_id, actor.organization_id, command.at)
    _take_money(order, account, command.at, world)
    _sell(order, actor.user_id, command.at, world, held=True)
    world.steps.append((order, step))
    _paid(order, command, world)
    return _answer(200, order, command, "orders.pay", world)


def _close(command: Close, world: World) -> Answer:
    order = world.orders.get(command.order_id)
    if (
        order is None
        or order.status is not OrderStatus.PENDING_PAYMENT
        or order.pay_before is None
        or order.pay_before > world.database_now
    ):
        return Answer(204, b"")  # paid, cancelled or closed by somebody else meanwhile
    step = order.act(Action.CLOSE, command.actor.user_id, command.actor.organization_id, command.at)
    world.steps.append((order, step))
    _free(order, command.actor.user_id, command.at, world)
    _tell(order, events.OrderClosed, command.at, world)
    return _answer(200, order, command, "orders.close", world)


def _cancel(command: Cancel, world: World) -> Answer:
    order, actor = _order(command, world), command.actor
    if order.status in (OrderStatus.PENDING_APPROVAL, OrderStatus.PENDING_PAYMENT):
        step = order.act(Action.CANCEL, actor.user_id, actor.organization_id, command.at, command.reason)
        world.steps.append((order, step))
        _free(order, actor.user_id, command.at, world)
        _tell(order, events.OrderCancelled, command.at, world)
        return _answer(200, order, command, "orders.cancel", world)
    _catch_up(order, command.at, world)
    after(order.status, Action.CANCEL)
    _refund(order, None, command.reason, command, world)
    return _answer(200, order, command, "orders.cancel", world)


def _refund_units(command: RefundUnits, world: World) -> Answer:
    order = _order(command, world)
    _catch_up(order, command.at, world)
    if order.status not in (OrderStatus.PAID, OrderStatus.FULFILLING):
        raise StateConflict(state=order.status.value, action="refund")
    rows = _refund(order, command.quantities, command.reason, command, world)
    _record(order, command, "orders.refund", world)
    return Answer(201, to_json(rows.render()), f"/api/v1/refunds/{rows.id}")


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
        _tell(order, fact, at, world)


def _refund(
    order: WorkingOrder, quantities: Mapping[UUID, int] | None, reason: str, command: Cancel | RefundUnits, world: World
) -> RefundRows:
    """Units and money go back; the order ends when nothing of it is open any more."""
    actor, at = command.actor, command.at
    tickets = {ticket.line_id: ticket for ticket in world.tickets.of_order(order.id)}
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
        if (ticket := tickets.get(line.id)) is not None:
            world.tickets.refund(ticket, quantity)
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
        _tell(order, events.OrderCancelled, at, world)
    else:
        world.steps.append((order, order.act(Action.COMPLETE, None, None, at)))
        _tell(order, events.OrderCompleted, at, world)


def _free(order: WorkingOrder, actor_id: UUID | None, at: datetime, world: World) -> None:
    """An order that was never paid lets go of stock, money and limits."""
    world.stock.release(order.takes(), order.id, actor_id, at)
    if order.hold_id is not None:
        world.ledger.void(_hold(order), AccountKind.SALES, Why("order_unfreeze", order.id, at), world.source.new_id())
        order.hold_id = None
    for line in order.lines:
        if (key := line.counter(clock.local_date(order.created_at, world.time_zone))) is not None:
            world.counters.add(key, -line.quantity)


def _hold(order: WorkingOrder) -> Hold:
    assert order.hold_id is not None
    assert order.account_id is not None
    return Hold(order.hold_id, order.account_id, order.total_amount)


def _order(command: OnOrder, world: World) -> WorkingOrder:
    """The locked order, if the caller is one of its two sides."""
    order = world.orders.get(command.order_id)
    if order is None or command.party_id not in (order.supplier_id, order.distributor_id):
        raise NotFoundHere
    return order


def event_of(order: WorkingOrder, event: type[events.OrderEvent]) -> events.OrderEvent:
    """The fact about the order as it is now."""
    return event(
        supplier_id=order.supplier_id,
        distributor_id=order.distributor_id,
        order_id=order.id,
        order_no=order.order_no,
        status=order.status,
        total_amount=order.total_amount,
    )


def _tell(order: WorkingOrder, event: type[events.OrderEvent], at: datetime, world: World) -> None:
    world.events.append((event_of(order, event), at))


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


def _record(order: WorkingOrder, command: Command, action: str, world: World) -> None:
    world.changed[order.id] = order
    detail: dict[str, Any] = {"status": order.status.value, "supplier_id": str(order.supplier_id)}
    world.acts.append(Act(command.actor, action, "order", order.id, command.at, detail))


def _answer(
    status: int, order: WorkingOrder, command: Command, action: str, world: World, location: str | None = None
) -> Answer:
    _record(order, command, action, world)
    by_line: dict[UUID, list[LockedTicket]] = {}
    for ticket in world.tickets.of_order(order.id):
        by_line.setdefault(ticket.line_id, []).append(ticket)
    return Answer(status, to_json(render(order, by_line)), location)


def _redeem(command: Redeem, world: World) -> Answer:
    ticket, again = world.tickets.redeem(command, world.source.new_id())
    if again:
        return Answer(200, to_json(tickets_lane.render(ticket)), replayed=True)
    quantity = world.tickets.past[-1].quantity
    world.acts.append(tickets_lane.act(command, "tickets.redeem", ticket, quantity))
    world.events.append((tickets_lane.redeemed_event(ticket, quantity), command.at))
    return Answer(200, to_json(tickets_lane.render(ticket)))


def _reverse(command: Reverse, world: World) -> Answer:
    ticket, quantity = world.tickets.reverse(command, world.source.new_id())
    world.acts.append(tickets_lane.act(command, "tickets.reverse", ticket, quantity))
    world.events.append((tickets_lane.reversed_event(ticket, quantity), command.at))
    return Answer(200, to_json(tickets_lane.render(ticket)))


def _refuse(command: Refuse, world: World) -> Answer:
    raise command.refusal


_HANDLERS: Mapping[type, Callable[[Any, World], Answer]] = {
    Place: _place,
    Pay: _pay,
    Approve: _approve,
    Reject: _reject,
    Cancel: _cancel,
    RefundUnits: _refund_units,
    Close: _close,
    Refuse: _refuse,
    Redeem: _redeem,
    Reverse: _reverse,
}
