"""Reads of relations."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import Kind, Organization, OrganizationStatus, User, UserStatus, owns
from distro_api.identity.principal import Principal
from distro_api.products.models import Product, Sku
from distro_api.relations.models import ProductAuthorization, RelationStatus, Sells, SupplyRelation


def _visible(principal: Principal) -> ColumnElement[bool]:
    match principal.kind:
        case Kind.ADMIN:
            return true()
        case Kind.SUPPLIER:
            return SupplyRelation.supplier_id == principal.organization_id
        case _:
            return SupplyRelation.distributor_id == principal.organization_id


def visible_relations(principal: Principal) -> Select[SupplyRelation]:
    """All for the platform, its own for either side."""
    return select(SupplyRelation).where(_visible(principal))


def relations_where(
    principal: Principal,
    *,
    supplier_id: UUID | None,
    distributor_id: UUID | None,
    status: RelationStatus | None,
    tier: str | None,
    sells: Sells | None,
    q: str | None,
) -> Select[SupplyRelation]:
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
    if q:
        named = select(Organization.id).where(Organization.name.icontains(q, autoescape=True))
        found = found.where(or_(SupplyRelation.supplier_id.in_(named), SupplyRelation.distributor_id.in_(named)))
    return found


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


async def relation_between(session: AsyncSession, supplier_id: UUID, distributor_id: UUID) -> SupplyRelation | None:
    return await session.scalar(
        select(SupplyRelation).where(
            SupplyRelation.supplier_id == supplier_id, SupplyRelation.distributor_id == distributor_id
        )
    )


async def organizations(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, Organization]:
    found = await session.scalars(select(Organization).where(Organization.id.in_(ids)))
    return {row.id: row for row in found}


async def open_distributor(session: AsyncSession, distributor_id: UUID) -> Organization | None:
    """An active distributor that somebody signs in to: no supplier's house."""
    return await session.scalar(
        select(Organization).where(
            Organization.id == distributor_id,
            Organization.kind == Kind.DISTRIBUTOR,
            Organization.house_of.is_(None),
            Organization.status == OrganizationStatus.ACTIVE,
        )
    )


async def distributor_of_phone(session: AsyncSession, phone: str) -> UUID | None:
    """The distributor whose user has this number."""
    found = select(Organization.id).join(User, User.organization_id == Organization.id)
    return await session.scalar(found.where(User.phone == phone, Organization.kind == Kind.DISTRIBUTOR))


async def owners(session: AsyncSession, organization_ids: Collection[UUID]) -> Mapping[UUID, User]:
    """The first owner of each organization, or the first of its people."""
    found = await session.scalars(
        select(User)
        .where(User.organization_id.in_(organization_ids), User.status != UserStatus.DELETED)
        .ext(distinct_on(User.organization_id))
        .order_by(User.organization_id, owns(User.id).desc(), User.id)
    )
    return {row.organization_id: row for row in found}


def authorizations_of(relation_id: UUID) -> Select[ProductAuthorization]:
    """What is authorised in a relation, which the caller has been found to see."""
    return select(ProductAuthorization).where(ProductAuthorization.relation_id == relation_id)


async def authorized(
    session: AsyncSession, relation_id: UUID, sku_ids: Collection[UUID]
) -> Mapping[UUID, ProductAuthorization]:
    found = await session.scalars(authorizations_of(relation_id).where(ProductAuthorization.sku_id.in_(sku_ids)))
    return {row.sku_id: row for row in found}


async def live_skus(session: AsyncSession, supplier_id: UUID, sku_ids: Collection[UUID]) -> set[UUID]:
    """Those of `sku_ids` that are the supplier's and not retired, kept so until commit."""
    found = select(Sku.id).where(Sku.supplier_id == supplier_id, Sku.id.in_(sku_ids), Sku.retired.is_(False))
    return set(await session.scalars(found.order_by(Sku.id).with_for_update(read=True)))


async def sku_names(session: AsyncSession, sku_ids: Collection[UUID]) -> Mapping[UUID, tuple[str, UUID, str]]:
    """SKU → its name, its product and that one's name."""
    rows = await session.execute(
        select(Sku.id, Sku.name, Product.id, Product.name)
        .join(Product, Product.id == Sku.product_id)
        .where(Sku.id.in_(sku_ids))
    )
    return {sku_id: (sku, product_id, product) for sku_id, sku, product_id, product in rows}


async def parties(session: AsyncSession, relations: Sequence[SupplyRelation]) -> Mapping[UUID, Organization]:
    return await organizations(session, {i for row in relations for i in (row.supplier_id, row.distributor_id)})
