"""Items of a strategy."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import flag_modified

from distro_api.core import clock
from distro_api.core.http import check_if_match
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.products.errors import UnknownReference
from distro_api.products.queries import unknown_skus
from distro_api.products.service import bump_catalogue
from distro_api.strategies import queries
from distro_api.strategies.errors import StrategyItemInvalid, TooManyItems
from distro_api.strategies.models import BusinessMode, Strategy, StrategyItem
from distro_api.strategies.schemas import ItemTerms, StrategyItemIn
from distro_api.strategies.service.rules import broken_rules

MOST_ITEMS = 2000


async def put_items(
    session: AsyncSession,
    principal: Principal,
    strategy_id: UUID,
    items: Sequence[StrategyItemIn],
    if_match: str | None,
) -> Strategy:
    """Add or replace the items named; the others stay.

    Raises:
        NotFoundHere, PreconditionFailed, StrategyItemInvalid, UnknownReference, TooManyItems
    """
    strategy = await queries.strategy(session, principal, strategy_id, lock=True)
    check_if_match(if_match, strategy.version)
    await set_items(session, strategy, items)
    await touch(session, principal, strategy, "put_items", skus=[item.sku_id for item in items])
    return await queries.strategy(session, principal, strategy_id)


async def delete_item(
    session: AsyncSession, principal: Principal, strategy_id: UUID, sku_id: UUID, if_match: str | None
) -> None:
    """Take a SKU out of the strategy.

    Raises:
        NotFoundHere, PreconditionFailed
    """
    strategy = await queries.strategy(session, principal, strategy_id, lock=True, items=False)
    check_if_match(if_match, strategy.version)
    await session.delete(await queries.item(session, strategy_id, sku_id))
    await touch(session, principal, strategy, "delete_item", sku=sku_id)


async def set_items(session: AsyncSession, strategy: Strategy, items: Sequence[StrategyItemIn]) -> None:
    """Put checked items into a strategy whose items are loaded."""
    check_items(strategy.business_mode, [(item.sku_id, item) for item in items])
    if unknown := await unknown_skus(session, strategy.supplier_id, {item.sku_id for item in items}):
        raise UnknownReference(field="items.sku_id", ids=unknown)
    present = {item.sku_id: item for item in strategy.items}
    if len(present.keys() | {item.sku_id for item in items}) > MOST_ITEMS:
        raise TooManyItems(most=MOST_ITEMS)
    for item in items:
        fields = _columns(item)
        if (row := present.get(item.sku_id)) is None:
            strategy.items.append(StrategyItem(sku_id=item.sku_id, supplier_id=strategy.supplier_id, **fields))
        else:
            for name, value in fields.items():
                setattr(row, name, value)


def check_items(mode: BusinessMode, items: Sequence[tuple[UUID, ItemTerms]]) -> None:
    """Raises: StrategyItemInvalid: with every item that breaks a rule."""
    if broken := [{"sku_id": sku_id, "rules": rules} for sku_id, item in items if (rules := broken_rules(mode, item))]:
        raise StrategyItemInvalid(items=broken)


async def touch(session: AsyncSession, principal: Principal, strategy: Strategy, verb: str, **detail: Any) -> None:
    """End a change: a new version, an audit row, stale caches."""
    strategy.updated_at = clock.now()
    flag_modified(strategy, "updated_at")
    audit.record(session, principal.actor, f"strategies.{verb}", "strategy", strategy.id, **detail)
    await session.flush()
    await bump_catalogue(session, strategy.supplier_id)


def terms_of(row: StrategyItem) -> ItemTerms:
    """A stored item as it was given."""
    return ItemTerms.model_validate(
        {name: getattr(row, name) for name in ItemTerms.model_fields if name != "limits"}
        | {"limits": row.limits or None}
    )


def _columns(item: StrategyItemIn) -> dict[str, Any]:
    """As stored: what was not given is left out of the JSON columns."""
    shaped = item.model_dump(mode="json", exclude_none=True, exclude={"sku_id"})
    for row in shaped["date_prices"]:
        if not row["holidays"]:
            del row["holidays"]
    return {
        "settlement_price": item.settlement_price,
        "retail_price": item.retail_price,
        "commission_percent": item.commission_percent,
        "commission_amount": item.commission_amount,
        "date_prices": shaped["date_prices"],
        "quantity_prices": shaped["quantity_prices"],
        "limits": shaped.get("limits", {}),
    }
