"""Points follow orders: what an award should be is computed from the order's present lines, the difference is booked.

An award stands from the event that earned it until the order is opened again. Refunds, events that come twice and
events that come together all end in the same target, so nothing is awarded or reversed twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.accounts.models import AccountKind
from distro_api.accounts.service import ledger
from distro_api.accounts.service.ledger import Ledger, Named, Why
from distro_api.accounts.service.points import open_points_accounts
from distro_api.core import clock
from distro_api.core.db import raw
from distro_api.core.outbox import Stored
from distro_api.incentives import queries
from distro_api.incentives.models import EarnedOn, Earner, IncentiveAward, IncentiveMovement, IncentiveRule, Unit
from distro_api.incentives.queries import OrderFacts
from distro_api.incentives.service.points import in_scope, points_of
from distro_api.orders.events import OrderCompleted, OrderPaid, OrderReopened, RefundSucceeded

EVENTS = frozenset({OrderPaid.name, OrderCompleted.name, OrderReopened.name, RefundSucceeded.name})
EARNED_ON = {OrderPaid.name: EarnedOn.ORDER_PAID, OrderCompleted.name: EarnedOn.ORDER_COMPLETED}
CONTRA = {Unit.SYNERGY: AccountKind.SYNERGY_ISSUED, Unit.BONUS: AccountKind.BONUS_COST}

Awards = dict[tuple[UUID, UUID], IncentiveAward]
"""By (rule, order)."""
Tiers = Mapping[tuple[UUID, UUID], str | None]


async def accrue(time_zone: str, session: AsyncSession, events: Sequence[Stored]) -> None:
    """Bring the points of the events' orders to what they should be."""
    days = {event.position: clock.local_date(event.occurred_at, time_zone) for event in events}
    rules = await queries.rules_in_force(
        session,
        {event.supplier_id for event in events if event.supplier_id is not None},
        {EARNED_ON[event.name] for event in events if event.name in EARNED_ON},
        min(days.values()),
        max(days.values()),
    )
    awards = await queries.lock_awards(session, {event.aggregate_id for event in events})
    if not rules and not awards:
        return
    known = set(awards)
    orders = await queries.orders(session, {event.aggregate_id for event in events})
    tiers = await _tiers(session, rules, orders.values())
    for event in events:
        order = orders[event.aggregate_id]
        if event.name == OrderReopened.name:
            _lay_down(awards, order)
        elif event.name in EARNED_ON:
            for rule in rules:
                if rule.event is EARNED_ON[event.name] and _earns(rule, order, days[event.position], tiers):
                    _stand(awards, rule, order)
    await _open(session, [award for key, award in awards.items() if key not in known])
    await _book(session, awards.values(), orders)


async def _tiers(session: AsyncSession, rules: Iterable[IncentiveRule], orders: Iterable[OrderFacts]) -> Tiers:
    if not any(rule.scope["tiers"] for rule in rules):
        return {}
    return await queries.tiers(session, {(order.supplier_id, order.distributor_id) for order in orders})


def _earns(rule: IncentiveRule, order: OrderFacts, day: date, tiers: Tiers) -> bool:
    """Whether the rule awards anything for the order on that day. The supplier's own house earns nothing from it."""
    if rule.supplier_id != order.supplier_id or (order.house and rule.earner is Earner.DISTRIBUTOR):
        return False
    if day < rule.valid_from or (rule.valid_to is not None and day > rule.valid_to):
        return False
    wanted = rule.scope["tiers"]
    if wanted is not None and tiers.get((order.supplier_id, order.distributor_id)) not in wanted:
        return False
    return bool(in_scope(rule.scope, order.lines))


def _stand(awards: Awards, rule: IncentiveRule, order: OrderFacts) -> None:
    """Award on the rule's present terms, unless an award stands already: that one keeps its own."""
    award = awards.get((rule.id, order.id))
    if award is None:
        award = IncentiveAward(
            rule_id=rule.id,
            order_id=order.id,
            supplier_id=order.supplier_id,
            distributor_id=order.distributor_id,
            organization_id=order.supplier_id if rule.earner is Earner.SUPPLIER else order.distributor_id,
            unit=rule.unit,
            event=rule.event,
            standing=False,
            awarded=0,
            reversed=0,
        )
        awards[rule.id, order.id] = award
    if not award.standing:
        award.basis, award.rate, award.scope, award.standing = rule.basis, rule.rate, rule.scope, True


def _lay_down(awards: Awards, order: OrderFacts) -> None:
    """The order is not completed any more."""
    for award in awards.values():
        if award.order_id == order.id and award.event is EarnedOn.ORDER_COMPLETED:
            award.standing = False


def _difference(award: IncentiveAward, order: OrderFacts) -> int:
    """What the account must still get (negative: give back)."""
    target = points_of(award.basis, award.rate, in_scope(award.scope, order.lines)) if award.standing else 0
    return target - (award.awarded - award.reversed)


async def _open(session: AsyncSession, new: Sequence[IncentiveAward]) -> None:
    """Store new awards, with accounts to award to."""
    accounts = await open_points_accounts(await raw(session), {_account_of(award) for award in new})
    for award in new:
        award.account_id = accounts[_account_of(award)]
    session.add_all(new)
    await session.flush()


async def _book(session: AsyncSession, awards: Iterable[IncentiveAward], orders: Mapping[UUID, OrderFacts]) -> None:
    connection = await raw(session)
    differences = [(award, _difference(award, orders[award.order_id])) for award in awards]
    changes = [(award, points) for award, points in differences if points]
    books = await ledger.lock_many(connection, [award.account_id for award, _ in changes])
    movements = [_move(books, award, points) for award, points in changes]
    await ledger.book(connection, books)
    session.add_all(movements)
    await session.flush()


def _account_of(award: IncentiveAward) -> Named:
    return award.supplier_id, award.organization_id, award.unit.value


def _move(books: Ledger, award: IncentiveAward, points: int) -> IncentiveMovement:
    account, at, transfer_id = books.accounts[award.account_id], clock.now(), clock.new_id()
    if points > 0:
        award.awarded += points
        books.credit(account, points, CONTRA[award.unit], Why("points_earned", award.order_id, at), transfer_id)
    else:
        award.reversed -= points
        books.debit(account, -points, CONTRA[award.unit], Why("points_reversed", award.order_id, at), transfer_id)
    return IncentiveMovement(
        transfer_id=transfer_id,
        supplier_id=award.supplier_id,
        organization_id=award.organization_id,
        account_id=award.account_id,
        unit=award.unit,
        rule_id=award.rule_id,
        order_id=award.order_id,
        created_at=at,
    )
