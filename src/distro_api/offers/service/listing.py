"""The distributor's catalogue: a page of SKUs with the strategies they are sold by, priced, and what is left of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.pagination import PageRequest
from distro_api.identity.principal import Principal
from distro_api.inventory import queries as inventory
from distro_api.inventory.models import Mode
from distro_api.offers import queries
from distro_api.offers.service.terms import DATED, SkuTerms, StrategyTerms, Terms
from distro_api.products.models import Product, ProductKind, Sku
from distro_api.strategies.errors import BookingWindowClosed
from distro_api.strategies.models import Channel
from distro_api.strategies.service import check_booking_window


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the distributor looks for. Prices and stock are those of `day`, when one is given."""

    day: date | None
    kind: ProductKind | None
    supplier_id: UUID | None
    channel: Channel | None
    q: str | None


async def list_offers(
    session: AsyncSession,
    terms: Terms,
    principal: Principal,
    paging: PageRequest,
    *,
    wanted: Wanted,
    at: datetime,
    time_zone: str,
) -> dict[str, Any]:
    """A page of what the distributor may buy at the instant `at`."""
    now = at.astimezone(clock.zone(time_zone))
    skus, products, suppliers, next_cursor, total = await queries.offered_skus(
        session,
        principal,
        paging,
        today=now.date(),
        channel=wanted.channel,
        kind=wanted.kind,
        supplier_id=wanted.supplier_id,
        q=wanted.q,
    )
    await session.close()  # no connection is held while terms are read on one of their own
    ids = [sku.id for sku in skus]
    await terms.refresh(principal.organization_id, ids)
    found = await terms.get(principal.organization_id, ids)
    left = await _available(session, [found[sku.id] for sku in skus if sku.id in found], wanted.day)
    items = [
        _offer(sku, products[sku.product_id], suppliers[sku.supplier_id], found[sku.id], left.get(sku.id), wanted, now)
        for sku in skus
        if sku.id in found and found[sku.id].refusal is None  # else it has changed since the page was read
    ]
    return {"items": items, "next_cursor": next_cursor, "total": total}


async def _available(session: AsyncSession, terms: Sequence[SkuTerms], day: date | None) -> Mapping[UUID, int]:
    """How many of each SKU can be had; missing: it is not counted, or not without a date."""
    wants: dict[UUID, list[tuple[inventory.Want, int]]] = {}
    for entry in terms:
        counted = [take for take in entry.facts.stock if take.mode is not Mode.UNLIMITED]
        if counted and (day is not None or all(take.mode not in DATED for take in counted)):
            wants[entry.facts.sku_id] = [
                ((take.item_id, day if take.mode in DATED else None, None), take.units) for take in counted
            ]
    left = await inventory.available(session, {want for takes in wants.values() for want, _ in takes})
    return {sku_id: min(left[want] // units for want, units in takes) for sku_id, takes in wants.items()}


def _offer(
    sku: Sku,
    product: Product,
    supplier_name: str,
    terms: SkuTerms,
    available: int | None,
    wanted: Wanted,
    now: datetime,
) -> dict[str, Any]:
    today = now.date()
    strategies = [
        _strategy(strategy, terms, wanted.day, now)
        for strategy in terms.strategies
        if strategy.valid_from <= today <= strategy.valid_to and wanted.channel in (None, strategy.channel)
    ]
    return {
        "sku": sku,
        "product": {
            "id": product.id,
            "supplier_id": product.supplier_id,
            "supplier_name": supplier_name,
            "product_code": product.product_code,
            "kind": product.kind,
            "name": product.name,
            "description": product.description,
            "attributes": product.attributes,
            "fulfilment": product.fulfilment,
        },
        "date_required": terms.facts.needs_date,
        "strategies": strategies,
        "available": available,
    }


def _strategy(strategy: StrategyTerms, terms: SkuTerms, day: date | None, now: datetime) -> dict[str, Any]:
    price = strategy.prices.unit(day, strategy.limits.min_quantity or 1, terms.calendar)
    return {
        "strategy_id": strategy.id,
        "name": strategy.name,
        "channel": strategy.channel,
        "business_mode": strategy.business_mode,
        "settlement_price": price.settlement_price,
        "retail_price": price.retail_price,
        "price_by_date": strategy.prices.by_date,
        "bookable": day is None or _bookable(strategy, terms.facts.sku_id, day, now),
        "pay_by": strategy.pay_by,
        "order_approval": strategy.order_approval,
        "refund_rules": strategy.refund_rules,
        "limits": strategy.limits_given,
        "valid_to": None if strategy.valid_to == date.max else strategy.valid_to,
    }


def _bookable(strategy: StrategyTerms, sku_id: UUID, day: date, now: datetime) -> bool:
    try:
        check_booking_window(strategy.limits, sku_id, day, now)
    except BookingWindowClosed:
        return False
    return True
