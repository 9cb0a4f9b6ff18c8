"""Reads of relations."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import Kind, Organization
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by
from distro_api.relations.models import RelationChange, RelationStatus, Sells, SupplyRelation
from distro_api.relations.queries.organizations import organizations, owners_of


def visible_relations(principal: Principal) -> Select[SupplyRelation]:
    """All for the platform, its own for either side."""
    return select(SupplyRelation).where(
        seen_by(principal, supplier=SupplyRelation.supplier_id, distributor=SupplyRelation.distributor_id)
    )


def relations_where(
    principal: Principal,
    *,
    supplier_id: UUID | None,
    distributor_id: UUID | None,
    status: RelationStatus | None,
    tier: str | None,
    sells: Sells | None,
    created_from: datetime | None,
    created_to: datetime | None,
    q: str | None,
) -> Select[SupplyRelation]:
    """Those that fit. `q`: part of the other side's name, of either side's for the platform."""
    found = visible_relations(principal)
    for column, value in (
        (SupplyRelation.supplier_id, supplier_id),
        (SupplyRelation.distributor_id, distributor_id),
        (SupplyRelation.status, status),
        (SupplyRelation.tier, tier),
        (SupplyRelation.sells, sells),
    ):
        if value is not None:
            found = found.where(column == value)
    if created_from is not None:
        found = found.where(SupplyRelation.created_at >= created_from)
    if created_to is not None:
        found = found.where(SupplyRelation.created_at < created_to)
    if q:
        named = select(Organization.id).where(Organization.name.icontains(q, autoescape=True))
        suppliers, distributors = SupplyRelation.supplier_id.in_(named), SupplyRelation.distributor_id.in_(named)
        match principal.kind:
            case Kind.SUPPLIER:
                found = found.where(distributors)
            case Kind.DISTRIBUTOR:
                found = found.where(suppliers)
            case _:
                found = found.where(or_(suppliers, distributors))
    return found


def distributors_where(
    principal: Principal, *, status: RelationStatus | None, tier: str | None, q: str | None
) -> Select[SupplyRelation]:
    """The supplier's relations. `q`: part of the distributor's name, or of its owner's name or number."""
    found = relations_where(
        principal,
        supplier_id=None,
        distributor_id=None,
        status=status,
        tier=tier,
        sells=None,
        created_from=None,
        created_to=None,
        q=None,
    )
    if not q:
        return found
    named = select(Organization.id).where(Organization.name.icontains(q, autoescape=True))
    mine = found.with_only_columns(SupplyRelation.distributor_id)
    owners = owners_of(mine).subquery()  # who is shown: who else works there is not to be found out by searching
    reached = select(owners.c.organization_id).where(
        or_(owners.c.name.icontains(q, autoescape=True), owners.c.phone.icontains(q, autoescape=True))
    )
    return found.where(or_(SupplyRelation.distributor_id.in_(named), SupplyRelation.distributor_id.in_(reached)))


async def relation(
    session: AsyncSession, principal: Principal, relation_id: UUID, *, for_update: bool = False
) -> SupplyRelation:
    """One relation that the caller may see.

    Raises:
        NotFoundHere
    """
    found = visible_relations(principal).where(SupplyRelation.id == relation_id)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFoundHere
    return row


async def lock_relations(
    session: AsyncSession, principal: Principal, relation_ids: Collection[UUID]
) -> Mapping[UUID, SupplyRelation]:
    """Those of them that the caller may see, locked in their order."""
    found = visible_relations(principal).where(SupplyRelation.id.in_(relation_ids))
    rows = await session.scalars(found.order_by(SupplyRelation.id).with_for_update())
    return {row.id: row for row in rows}


async def relation_between(session: AsyncSession, supplier_id: UUID, distributor_id: UUID) -> SupplyRelation | None:
    return await session.scalar(
        select(SupplyRelation).where(
            and_(SupplyRelation.supplier_id == supplier_id, SupplyRelation.distributor_id == distributor_id)
        )
    )


def changes_of(relation_id: UUID) -> Select[RelationChange]:
    """The life of a relation, which the caller has been found to see."""
    return select(RelationChange).where(RelationChange.relation_id == relation_id)


async def parties(session: AsyncSession, relations: Sequence[SupplyRelation]) -> Mapping[UUID, Organization]:
    return await organizations(session, {i for row in relations for i in (row.supplier_id, row.distributor_id)})


async def relation_status(session: AsyncSession, supplier_id: UUID, distributor_id: UUID) -> str | None:
    """Whether the two work together, and will until this transaction ends; None: they never did."""
    found: str | None = await session.scalar(
        select(SupplyRelation.status)
        .where(SupplyRelation.supplier_id == supplier_id, SupplyRelation.distributor_id == distributor_id)
        .with_for_update(read=True)
    )
    return found
