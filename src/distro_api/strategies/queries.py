"""Reads of strategies."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from distro_api.core.errors import NotFoundHere
from distro_api.core.pagination import PageRequest, page
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by
from distro_api.relations.models import RelationStatus, SupplyRelation
from distro_api.strategies.models import BusinessMode, Channel, Holiday, Strategy, StrategyItem, StrategyStatus

SORTS = {"created_at": Strategy.id, "priority": Strategy.priority}
"""Ids are made in the order of creation."""


def visible_strategies(principal: Principal) -> Select[Strategy]:
    """Suppliers see their own, the platform all; distributors see their effect in offers."""
    return select(Strategy).where(seen_by(principal, supplier=Strategy.supplier_id))


async def strategy(
    session: AsyncSession, principal: Principal, strategy_id: UUID, *, lock: bool = False, items: bool = True
) -> Strategy:
    """One strategy with its items, its row locked on demand.

    Raises:
        NotFoundHere
    """
    query = visible_strategies(principal).where(Strategy.id == strategy_id)
    if items:
        query = query.options(selectinload(Strategy.items))
    if lock:
        query = query.with_for_update(of=Strategy)
    if (found := await session.scalar(query.execution_options(populate_existing=True))) is None:
        raise NotFoundHere
    return found


async def strategies(
    session: AsyncSession,
    principal: Principal,
    paging: PageRequest,
    *,
    sort: str,
    status: StrategyStatus | None,
    channel: Channel | None,
    business_mode: BusinessMode | None,
    supplier_id: UUID | None,
    sku_id: UUID | None,
    q: str | None,
) -> tuple[Sequence[Any], str | None, int | None]:
    """A page of strategies without their items."""
    wanted = {
        Strategy.status: status,
        Strategy.channel: channel,
        Strategy.business_mode: business_mode,
        Strategy.supplier_id: supplier_id,
    }
    query = visible_strategies(principal).where(
        *(column == value for column, value in wanted.items() if value is not None)
    )
    if sku_id is not None:
        query = query.where(Strategy.id.in_(select(StrategyItem.strategy_id).where(StrategyItem.sku_id == sku_id)))
    if q:
        query = query.where(Strategy.name.icontains(q, autoescape=True))
    return await page(session, query, paging, sorts=SORTS, sort=sort, tie=Strategy.id)


async def item(session: AsyncSession, strategy_id: UUID, sku_id: UUID) -> StrategyItem:
    """One item of a strategy that the caller may see.

    Raises:
        NotFoundHere
    """
    if (found := await session.get(StrategyItem, (strategy_id, sku_id))) is None:
        raise NotFoundHere
    return found


async def items(
    session: AsyncSession, principal: Principal, strategy_id: UUID, paging: PageRequest
) -> tuple[Sequence[Any], str | None, int | None]:
    """A page of a strategy's items.

    Raises:
        NotFoundHere
    """
    await strategy(session, principal, strategy_id, items=False)
    query = select(StrategyItem).where(StrategyItem.strategy_id == strategy_id)
    return await page(
        session, query, paging, sorts={"sku_id": StrategyItem.sku_id}, sort="sku_id", tie=StrategyItem.sku_id
    )


async def strangers(session: AsyncSession, supplier_id: UUID, distributor_ids: Collection[UUID]) -> list[UUID]:
    """Those that are no partners of this supplier."""
    if not distributor_ids:
        return []
    partners = await session.scalars(
        select(SupplyRelation.distributor_id).where(
            SupplyRelation.supplier_id == supplier_id,
            SupplyRelation.distributor_id.in_(distributor_ids),
            SupplyRelation.status == RelationStatus.ACTIVE,
        )
    )
    return sorted(set(distributor_ids) - set(partners))


async def holidays(session: AsyncSession, first: date, last: date) -> Sequence[Holiday]:
    """The table's days from `first` to `last`."""
    query = select(Holiday).where(Holiday.day.between(first, last)).order_by(Holiday.day)
    return (await session.scalars(query)).all()
