"""Decisions that buy: place, approve, pay. Each checks everything first, then changes the world."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from distro_api.accounts.errors import NoAccount
from distro_api.accounts.models import AccountKind
from distro_api.accounts.service.ledger import LockedAccount, Why
from distro_api.core import clock
from distro_api.core.lanes import Answer
from distro_api.offers.service.quote import QuotedLine
from distro_api.orders import events
from distro_api.orders.errors import (
    OutsideNoTaken,
    PaymentMethodNotAllowed,
    PaymentWindowOver,
    PriceChanged,
    ValidityOver,
)
from distro_api.orders.queries.working import Line, WorkingOrder
from distro_api.orders.service.commands import (
    Approve,
    Command,
    Pay,
    Place,
)
from distro_api.orders.service.ending import hold_of
from distro_api.orders.service.world import StaleQuote, World, answer, order_of, tell
from distro_api.orders.states import Action, OrderStatus, RefundStatus, after
from distro_api.tickets.models import TicketStatus
from distro_api.tickets.service.lane import LockedTicket


def place(command: Place, world: World) -> Answer:
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
    account = None if command.pay is None else payer_account(order, command.pay, command.today, world)

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
        take_money(order, account, command.at, world)
        sell(order, actor.user_id, command.at, world, held=False)
    else:
        world.stock.hold(order.takes(), order.id, actor.user_id, command.at)
    world.steps.append((order, order.note_step("place", actor.user_id, actor.organization_id, command.at)))
    order.version = 1
    tell(order, events.OrderPlaced, command.at, world)
    if order.status in (OrderStatus.PAID, OrderStatus.COMPLETED):
        tell_paid(order, command, world)
    return answer(201, order, command, "orders.place", world, location=f"/api/v1/orders/{order.id}")


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
    order.lines.extend(_line_of(order, number, quoted, world) for number, quoted in enumerate(quote.lines, 1))
    if order.pay_before is not None:
        order.pay_before = _pay_before(order, order.pay_before, world)
    return order


def _line_of(order: WorkingOrder, number: int, quoted: QuotedLine, world: World) -> Line:
    """A line that nothing has happened to yet."""
    return Line(
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


def payer_account(order: WorkingOrder, method: str, today: date, world: World) -> LockedAccount:
    """The account that can pay the order now."""
    if method not in order.pay_by:
        raise PaymentMethodNotAllowed(method=method, pay_by=order.pay_by)
    account = world.ledger.of(order.supplier_id, order.distributor_id, method)
    if account is None:
        raise NoAccount(method=method, supplier_id=order.supplier_id)
    world.ledger.check(account, order.total_amount, today)
    return account


def take_money(order: WorkingOrder, account: LockedAccount, at: datetime, world: World) -> None:
    order.account_id = account.id
    if order.total_amount:
        why = Why("order_payment", order.id, at)
        world.ledger.debit(account, order.total_amount, AccountKind.SALES, why, world.source.new_id())


def sell(order: WorkingOrder, actor_id: UUID | None, at: datetime, world: World, *, held: bool) -> None:
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


def tell_paid(order: WorkingOrder, command: Command, world: World) -> None:
    """Tell that it is paid; an order that needs no fulfilment is complete with it."""
    tell(order, events.OrderPaid, command.at, world)
    if all(line.open == 0 for line in order.lines):
        world.steps.append((order, order.act(Action.COMPLETE, None, None, command.at)))
        tell(order, events.OrderCompleted, command.at, world)


def _check_usable(order: WorkingOrder, today: date) -> None:
    """No money is taken for what can't be used any more.

    Raises:
        ValidityOver
    """
    if over := [line for line in order.lines if line.valid_to is not None and line.valid_to < today]:
        raise ValidityOver(lines=[{"line_id": str(line.id), "valid_to": line.valid_to} for line in over])


def _pay_before(order: WorkingOrder, until: datetime, world: World) -> datetime:
    """`until`, or the end of the last day on which it can be used."""
    if order.last_day is None:
        return until
    end = datetime.combine(order.last_day + timedelta(days=1), time(), clock.zone(world.time_zone))
    return min(until, end.astimezone(UTC))


def approve(command: Approve, world: World) -> Answer:
    order, actor = order_of(command, world), command.actor
    after(order.status, Action.APPROVE)
    _check_usable(order, command.today)
    if order.hold_id is None and order.account_id is None:
        step = order.act(Action.APPROVE, actor.user_id, actor.organization_id, command.at)
        order.pay_before = _pay_before(order, command.pay_before, world)
        world.steps.append((order, step))
        tell(order, events.OrderApproved, command.at, world)
        return answer(200, order, command, "orders.approve", world)
    step = order.act(Action.APPROVE_PAID, actor.user_id, actor.organization_id, command.at)
    if order.hold_id is not None:
        why = Why("order_payment", order.id, command.at)
        world.ledger.post(hold_of(order), order.total_amount, AccountKind.SALES, why, world.source.new_id())
        order.hold_id = None
    sell(order, actor.user_id, command.at, world, held=True)
    world.steps.append((order, step))
    tell(order, events.OrderApproved, command.at, world)
    tell_paid(order, command, world)
    return answer(200, order, command, "orders.approve", world)


def pay(command: Pay, world: World) -> Answer:
    order, actor = order_of(command, world), command.actor
    after(order.status, Action.PAY)
    if order.pay_before is not None and order.pay_before <= world.database_now:
        raise PaymentWindowOver(pay_before=order.pay_before)
    _check_usable(order, command.today)
    account = payer_account(order, command.method, command.today, world)
    step = order.act(Action.PAY, actor.user_id, actor.organization_id, command.at)
    take_money(order, account, command.at, world)
    sell(order, actor.user_id, command.at, world, held=True)
    world.steps.append((order, step))
    tell_paid(order, command, world)
    return answer(200, order, command, "orders.pay", world)
