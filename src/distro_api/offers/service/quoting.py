"""Quoting: lines, terms and an instant make a price with its reasons. No statement is executed on known terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from uuid import UUID

from distro_api.core import clock
from distro_api.core.errors import DomainError, NotFoundHere, NotSupportedYet
from distro_api.core.money import MAX_AMOUNT
from distro_api.offers.errors import (
    AmountTooLarge,
    DateNotAllowed,
    DateRequired,
    MixedBusinessModes,
    MixedSuppliers,
    NoCommonPayment,
    OfferNotAvailable,
    SlotNotAllowed,
)
from distro_api.offers.service.choice import Reason, choose
from distro_api.offers.service.quote import Quote, QuotedLine
from distro_api.offers.service.terms import SkuFacts, SkuTerms, StrategyTerms, Terms, versions_of
from distro_api.strategies.models import Channel
from distro_api.strategies.service import check_booking_window, check_quantity

CURRENCY = "CNY"
PAYER = "distributor"
MIDNIGHT = time()


class Line(Protocol):
    """What is asked for; request schemas fit as they are."""

    @property
    def sku_id(self) -> UUID: ...
    @property
    def quantity(self) -> int: ...
    @property
    def date(self) -> date | None: ...
    @property
    def slot(self) -> str | None: ...
    @property
    def strategy_id(self) -> UUID | None: ...


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A line, the terms it falls under and the strategy that prices it."""

    line: Line
    terms: SkuTerms
    strategy: StrategyTerms


async def quote(
    terms: Terms, *, distributor_id: UUID, channel: str, lines: Sequence[Line], at: datetime, time_zone: str
) -> Quote:
    """What the lines cost at the instant `at`, by terms that may be stale: the quote says of which catalogue version.

    A refusal is never stale: before it is given, the terms it rests on are compared with the database.

    Raises:
        NotFoundHere: an unknown SKU, or one that this distributor may not see.
        MixedSuppliers, MixedBusinessModes, DateRequired, DateNotAllowed, SlotNotAllowed, NotSupportedYet
        OfferNotAvailable, LimitExceeded, BookingWindowClosed, NoCommonPayment, AmountTooLarge
    """
    if channel == Channel.EMPLOYEE:
        raise NotSupportedYet(feature="channel employee")
    now = at.astimezone(clock.zone(time_zone))
    try:
        return _quote(await _terms(terms, distributor_id, lines), distributor_id, channel, lines, now)
    except DomainError:
        if not await terms.refresh(distributor_id, [line.sku_id for line in lines]):
            raise
    return _quote(await _terms(terms, distributor_id, lines), distributor_id, channel, lines, now)


def _quote(
    found: Mapping[UUID, SkuTerms], distributor_id: UUID, channel: str, lines: Sequence[Line], now: datetime
) -> Quote:
    today = now.date()
    chosen = [_choose(line, found[line.sku_id], channel, today) for line in lines]
    first = chosen[0]
    pay_by = first.strategy.pay_by
    for one in chosen:
        if one.terms.supplier_id != first.terms.supplier_id:
            raise MixedSuppliers(supplier_ids=sorted({c.terms.supplier_id for c in chosen}))
        if one.strategy.business_mode != first.strategy.business_mode:
            raise MixedBusinessModes
        if one.strategy.pay_by != pay_by:
            pay_by = tuple(way for way in pay_by if way in one.strategy.pay_by)
    if not pay_by:
        raise NoCommonPayment(pay_by={str(c.line.sku_id): c.strategy.pay_by for c in chosen})
    _check_quantities(chosen)
    quoted = Quote(
        supplier_id=first.terms.supplier_id,
        distributor_id=distributor_id,
        channel=channel,
        business_mode=first.strategy.business_mode,
        payer=PAYER,
        pay_by=pay_by,
        order_approval=any(c.strategy.order_approval for c in chosen),
        currency=CURRENCY,
        lines=tuple([_price(one, now, today) for one in chosen]),
        catalogue_version=min(c.terms.catalogue_version for c in chosen),
    )
    if max(quoted.retail_amount, quoted.settlement_amount) > MAX_AMOUNT:
        raise AmountTooLarge(most=MAX_AMOUNT)
    return quoted


async def _terms(terms: Terms, distributor_id: UUID, lines: Sequence[Line]) -> Mapping[UUID, SkuTerms]:
    """The terms of every line, read anew when some are older than others of the same supplier."""
    sku_ids = [line.sku_id for line in lines]
    found = await terms.get(distributor_id, sku_ids)
    if len(lines) > 1 and len(found) > 1 and len(versions_of(found.values())) > 1:
        for supplier_id in {entry.supplier_id for entry in found.values()}:
            terms.forget(supplier_id)
        found = await terms.get(distributor_id, sku_ids)
    if len(found) < len(lines) and (missing := sorted({sku_id for sku_id in sku_ids if sku_id not in found})):
        raise NotFoundHere(sku_ids=missing)
    return found


def _choose(line: Line, terms: SkuTerms, channel: str, today: date) -> _Chosen:
    """The strategy of a line; refused when there is none, or the date does not go with it."""
    facts = terms.facts
    if terms.refusal is not None:
        raise OfferNotAvailable(sku_id=line.sku_id, reason=terms.refusal.value)
    strategy = choose(terms.strategies, channel=channel, strategy_id=line.strategy_id, day=today)
    if isinstance(strategy, Reason):
        raise OfferNotAvailable(sku_id=line.sku_id, reason=strategy.value)
    if line.slot is not None:
        raise SlotNotAllowed(sku_id=line.sku_id)
    if line.date is None:
        # a price by date without the date would be the cheapest one
        if facts.needs_date or (strategy.prices.by_date and strategy.prices.authorised is None):
            raise DateRequired(sku_id=line.sku_id)
    elif not (facts.needs_date or strategy.prices.by_date):
        raise DateNotAllowed(sku_id=line.sku_id)
    return _Chosen(line, terms, strategy)


def _check_quantities(chosen: Sequence[_Chosen]) -> None:
    """Limits per order hold for all lines of a SKU together."""
    if len(chosen) == 1:
        one = chosen[0]
        check_quantity(one.strategy.limits, one.line.sku_id, one.line.quantity)
        return
    sums: dict[tuple[UUID, UUID | None], tuple[StrategyTerms, int]] = {}
    for one in chosen:
        key = (one.line.sku_id, one.strategy.id)
        sums[key] = (one.strategy, sums.get(key, (one.strategy, 0))[1] + one.line.quantity)
    for (sku_id, _), (strategy, quantity) in sums.items():
        check_quantity(strategy.limits, sku_id, quantity)


def _price(one: _Chosen, now: datetime, today: date) -> QuotedLine:
    line, facts, strategy = one.line, one.terms.facts, one.strategy
    day, quantity = line.date, line.quantity
    anchor = None
    if day is not None:
        check_booking_window(strategy.limits, line.sku_id, day, now)
        anchor = datetime.combine(day, MIDNIGHT, now.tzinfo).astimezone(UTC)
    valid_from, valid_to = _validity(facts, day, today)
    price = strategy.prices.unit(day, quantity, one.terms.calendar)
    retail_amount, settlement_amount, commission_amount = price.amounts(quantity)
    return QuotedLine(
        facts.sku_id,
        facts.product_id,
        facts.product_name,
        facts.sku_name,
        facts.product_kind,
        facts.fulfilment,
        quantity,
        day,
        None,
        strategy.id,
        price.retail_price,
        price.settlement_price,
        retail_amount,
        settlement_amount,
        commission_amount,
        facts.stock,
        strategy.refund_rules,
        anchor,
        valid_from,
        valid_to,
        strategy.limits.per_day,
        price.steps,
    )


def _validity(facts: SkuFacts, day: date | None, today: date) -> tuple[date | None, date | None]:
    """From when until when what is bought can be used; None: at once, without an end.

    Without a rule of the product's it is good until its service date is over.

    Raises:
        OfferNotAvailable: the service date lies after the end of validity.
    """
    if facts.validity_days is not None:
        last = today + timedelta(days=facts.validity_days)
        if day is not None and day > last:
            raise OfferNotAvailable(sku_id=facts.sku_id, reason=Reason.OUTSIDE_VALIDITY.value)
        return today, last
    return (day if facts.valid_on_date else None), day
