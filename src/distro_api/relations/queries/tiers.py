"""Reads of tiers."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by
from distro_api.relations.models import DistributorTier, SupplyRelation


def visible_tiers(principal: Principal) -> Select[DistributorTier]:
    """A supplier's own, all for the platform; a distributor sees the one it has in its relation."""
    return select(DistributorTier).where(seen_by(principal, supplier=DistributorTier.supplier_id))


def tiers_where(principal: Principal, *, supplier_id: UUID | None, q: str | None) -> Select[DistributorTier]:
    found = visible_tiers(principal)
    if supplier_id is not None:
        found = found.where(DistributorTier.supplier_id == supplier_id)
    if q:
        found = found.where(DistributorTier.name.icontains(q, autoescape=True))
    return found


async def tier(
    session: AsyncSession, principal: Principal, tier_id: UUID, *, for_update: bool = False
) -> DistributorTier:
    """One tier that the caller may see.

    Raises:
        NotFoundHere
    """
    found = visible_tiers(principal).where(DistributorTier.id == tier_id)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFoundHere
    return row


async def hold_tiers(session: AsyncSession, supplier_id: UUID, names: Collection[str]) -> set[str]:
    """Those of these names that are tiers of the supplier, kept as they are until commit."""
    found = select(DistributorTier.name).where(
        DistributorTier.supplier_id == supplier_id, DistributorTier.name.in_(names)
    )
    return set(await session.scalars(found.order_by(DistributorTier.id).with_for_update(read=True, key_share=True)))


async def counted_tiers(session: AsyncSession, supplier_id: UUID) -> tuple[int, int]:
    """(how many tiers the supplier has, the lowest rank's number)."""
    counted = select(func.count(), func.coalesce(func.max(DistributorTier.rank), 0))
    row = (await session.execute(counted.where(DistributorTier.supplier_id == supplier_id))).one()
    return row[0], row[1]


async def distributors_by_tier(session: AsyncSession, supplier_ids: Collection[UUID]) -> Mapping[tuple[UUID, str], int]:
    """How many relations have each tier, by (supplier, name)."""
    key = (SupplyRelation.supplier_id, SupplyRelation.tier)
    rows = await session.execute(
        select(*key, func.count())
        .where(SupplyRelation.supplier_id.in_(supplier_ids), SupplyRelation.tier.is_not(None))
        .group_by(*key)
    )
    return {(supplier_id, name): count for supplier_id, name, count in rows if name is not None}
