"""Three strategies a supplier: individual customers wholesale, agents on commission, enterprises with approval."""

from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.demo.buyers import AGENT, GOLD
from distro_api.demo.plans import YUAN, SupplierPlan
from distro_api.demo.stage import SUPPLIERS, Market, Stage, Ware, read_market, relations
from distro_api.strategies import service as strategies
from distro_api.strategies.models import AudienceKind, BusinessMode, Channel, PayBy
from distro_api.strategies.schemas import CreateStrategy

Terms = dict[str, Any]
"""Fields of a `CreateStrategy`, or of one of its items."""
LADDER = (
    {"until_hours_before": 72, "fee_percent": "0"},
    {"until_hours_before": 24, "fee_percent": "10"},
    {"until_hours_before": 0, "fee_percent": "30"},
)
STRICT_LADDER = ({"until_hours_before": 48, "fee_percent": "0"}, {"until_hours_before": 0, "fee_percent": "50"})


async def open_strategies(session: AsyncSession, stage: Stage) -> None:
    """Three strategies a supplier, active before the first order."""
    market = await read_market(session)
    minutes = stage.minutes(stage.first_day - timedelta(days=8), 10)
    for plan in SUPPLIERS:
        supplier = market.people[plan.username]
        for written in (_individual, _agency, _enterprise):
            command = CreateStrategy.model_validate(_common(stage) | written(stage, market, plan))
            with clock.at(next(minutes)):
                made = await strategies.create_strategy(session, supplier, command)
                await strategies.activate_strategy(session, supplier, made.id, None)


async def set_aside(session: AsyncSession, stage: Stage) -> None:
    """Of the first supplier: a strategy for next season that is still a draft, and one of last season that is paused."""
    market = await read_market(session)
    plan = SUPPLIERS[0]
    supplier = market.people[plan.username]
    with clock.at(stage.anchor - timedelta(days=20)):
        over = _common(stage) | _individual(stage, market, plan) | {"name": "淡季促销价", "priority": -10}
        made = await strategies.create_strategy(session, supplier, CreateStrategy.model_validate(over))
        await strategies.activate_strategy(session, supplier, made.id, None)
        await strategies.pause_strategy(session, supplier, made.id, None)
    with clock.at(stage.anchor - timedelta(days=2)):
        coming = {"name": "下一季散客分销价", "valid_from": stage.last_day.isoformat()}
        draft = _common(stage) | _individual(stage, market, plan) | coming
        await strategies.create_strategy(session, supplier, CreateStrategy.model_validate(draft))


def _wares(stage: Stage, market: Market, plan: SupplierPlan) -> list[Ware]:
    """What the supplier's strategies sell."""
    sold = [product for product in stage.products(plan) if not product.authorised_only]
    return [ware for product in sold for ware in market.wares_of(product)]


def _part(price: int, percent: int) -> int:
    """A price of whole yuan, or half of one where it is small."""
    step = YUAN if price >= 20 * YUAN else YUAN // 2
    return round(price * percent / 100 / step) * step


def _individual(stage: Stage, market: Market, plan: SupplierPlan) -> Terms:
    """Wholesale for everybody: weekend and holiday prices, quantity steps, limits, a refund ladder."""
    return {
        "name": "散客分销价",
        "channel": Channel.INDIVIDUAL,
        "business_mode": BusinessMode.WHOLESALE,
        "audience": {"kind": AudienceKind.ALL},
        "refund_rules": LADDER,
        "items": [_wholesale_item(stage, ware) for ware in _wares(stage, market, plan)],
    }


def _wholesale_item(stage: Stage, ware: Ware) -> Terms:
    price = ware.sku.list_price
    item: Terms = {
        "sku_id": ware.id,
        "settlement_price": _part(price, 84),
        "retail_price": price,
        "limits": {"min_quantity": ware.sku.least, "max_quantity": 200},
    }
    if price == 0:
        return item
    if not ware.product.dated:
        return item | {"quantity_prices": _steps(price, (10, 80), (50, 76))}
    days = {"date_from": stage.first_day.isoformat(), "date_to": stage.last_day.isoformat()}
    weekend = {"weekdays": [6, 7], "settlement_price": _part(price, 90), "retail_price": _part(price, 108)}
    holiday = {"holidays": True, "settlement_price": _part(price, 96), "retail_price": _part(price, 115)}
    limits = {
        "min_quantity": ware.sku.least,
        "max_quantity": 60,
        "per_day": 400 if ware.product.capacity[0] < 20 else None,
        "advance_days_max": 90,
        "cut_off": {"days_before": 0, "time": "16:00"},
    }
    return item | {
        "date_prices": [days | weekend, days | holiday],
        "quantity_prices": _steps(price, (10, 80), (30, 76)),
        "limits": limits,
    }


def _steps(price: int, *steps: tuple[int, int]) -> list[dict[str, int]]:
    return [{"min_quantity": least, "settlement_price": _part(price, percent)} for least, percent in steps]


def _agency(stage: Stage, market: Market, plan: SupplierPlan) -> Terms:
    """Retail less commission, for agents; at weekends the retail price is higher."""
    days = {"date_from": stage.first_day.isoformat(), "date_to": stage.last_day.isoformat(), "weekdays": [6, 7]}
    items = []
    for ware in _wares(stage, market, plan):
        price = ware.sku.list_price
        item: Terms = {"sku_id": ware.id, "retail_price": price, "commission_percent": plan.agency_percent}
        if ware.product.dated and price:
            item["date_prices"] = [days | {"retail_price": _part(price, 108)}]
            item["limits"] = {"advance_days_max": 90, "cut_off": {"days_before": 0, "time": "16:00"}}
        items.append(item)
    return {
        "name": plan.agency_name,
        "channel": Channel.INDIVIDUAL,
        "business_mode": BusinessMode.AGENCY,
        "audience": {"kind": AudienceKind.TIERS, "tiers": [AGENT]},
        "refund_rules": STRICT_LADDER,
        "items": items,
    }


def _enterprise(stage: Stage, market: Market, plan: SupplierPlan) -> Terms:
    """For enterprise customers: cheaper in quantity, each order approved by the supplier."""
    named = [
        str(market.people[distributor.username].organization_id)
        for distributor, relation in relations()
        if relation.supplier == plan.username and (relation.enterprise_share or relation.tier == GOLD)
    ]
    items = []
    for ware in _wares(stage, market, plan):
        price = ware.sku.list_price
        item: Terms = {"sku_id": ware.id, "settlement_price": _part(price, 80), "retail_price": price}
        if price:
            item["quantity_prices"] = _steps(price, (20, 76), (100, 72))
        items.append(item | {"limits": {"max_quantity": 2000}})
    return {
        "name": "政企采购价",
        "channel": Channel.ENTERPRISE,
        "business_mode": BusinessMode.WHOLESALE,
        "audience": {"kind": AudienceKind.DISTRIBUTORS, "distributor_ids": named},
        "refund_rules": LADDER,
        "order_approval": True,
        "items": items,
    }


def _common(stage: Stage) -> Terms:
    return {"valid_from": (stage.first_day - timedelta(days=7)).isoformat(), "pay_by": [PayBy.PREPAID, PayBy.CREDIT]}
