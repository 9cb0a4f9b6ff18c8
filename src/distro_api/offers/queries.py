"""Reads of offers: they join what products, strategies and relations keep."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, any_, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from distro_api.core import clock
from distro_api.core.pagination import PageRequest, page
from distro_api.identity.models import Organization, OrganizationStatus
from distro_api.identity.principal import Principal
from distro_api.inventory.models import Item, Mode
from distro_api.products.models import CatalogueVersion, Product, ProductKind, ProductStatus, Sku, SkuStock
from distro_api.relations.models import ProductAuthorization, RelationStatus, Sells, SupplyRelation
from distro_api.strategies.models import (
    AudienceKind,
    Channel,
    DayKind,
    Holiday,
    Strategy,
    StrategyItem,
    StrategyStatus,
    StrategyTier,
)

SkuRow = Row[Sku, Product, OrganizationStatus, int]
"""Its parts are also called `supplier_status` and `catalogue_version`."""


@dataclass(frozen=True, slots=True)
class SkuRows:
    """One snapshot of what is the same for every distributor."""

    skus: Sequence[SkuRow]
    stock: Mapping[UUID, list[tuple[UUID, Mode, int]]]
    strategies: Mapping[UUID, list[tuple[StrategyItem, Strategy]]]
    holidays: Sequence[tuple[date, DayKind]]


@dataclass(frozen=True, slots=True)
class RelationRow:
    """What a distributor is to a supplier, and the prices authorised to it by SKU."""

    distributor_id: UUID
    tier: str | None
    sells: Sells
    status: RelationStatus
    catalogue_version: int
    authorised: Mapping[UUID, int]
    distributor_active: bool


async def read_skus(session: AsyncSession, sku_ids: Collection[UUID]) -> SkuRows:
    """What decides how these SKUs are sold, drafts left out; the session has to see one snapshot."""
    found = await session.execute(
        select(
            Sku,
            Product,
            Organization.status.label("supplier_status"),
            func.coalesce(CatalogueVersion.version, 0).label("catalogue_version"),
        )
        .join(Product, Product.id == Sku.product_id)
        .join(Organization, Organization.id == Sku.supplier_id)
        .outerjoin(CatalogueVersion, CatalogueVersion.supplier_id == Sku.supplier_id)
        .where(Sku.id.in_(sku_ids), Product.status != ProductStatus.DRAFT)
    )
    skus = found.all()
    known = [row.Sku.id for row in skus]
    stock: dict[UUID, list[tuple[UUID, Mode, int]]] = {}
    takes = select(SkuStock.sku_id, SkuStock.item_id, Item.mode, SkuStock.units).join(Item, Item.id == SkuStock.item_id)
    for sku_id, item_id, mode, units in await session.execute(
        takes.where(SkuStock.sku_id.in_(known)).order_by(SkuStock.position)
    ):
        stock.setdefault(sku_id, []).append((item_id, mode, units))
    strategies: dict[UUID, list[tuple[StrategyItem, Strategy]]] = {}
    active = (
        select(StrategyItem, Strategy)
        .join(Strategy, Strategy.id == StrategyItem.strategy_id)
        .where(StrategyItem.sku_id.in_(known), Strategy.status == StrategyStatus.ACTIVE)
        .options(joinedload(Strategy.tier_rows))  # in this statement: a reader that knows nothing waits for each one
    )
    for item, strategy in (await session.execute(active)).unique():
        strategies.setdefault(item.sku_id, []).append((item, strategy))
    since = date(clock.now().year - 1, 1, 1)
    holidays = await session.execute(select(Holiday.day, Holiday.kind).where(Holiday.day >= since))
    return SkuRows(skus, stock, strategies, [(day, kind) for day, kind in holidays])


async def siblings(session: AsyncSession, sku_ids: Collection[UUID], limit: int) -> Sequence[UUID]:
    """Other SKUs of the same suppliers, which will be asked for next."""
    suppliers = select(Sku.supplier_id).where(Sku.id.in_(sku_ids))
    found = select(Sku.id).where(Sku.supplier_id.in_(suppliers), Sku.retired.is_(False)).limit(limit)
    return (await session.scalars(found)).all()


async def read_relations(
    session: AsyncSession, distributor_id: UUID, supplier_ids: Collection[UUID]
) -> dict[UUID, RelationRow]:
    """What the distributor is to each of the suppliers, in one statement; strangers are missing."""
    authorised = (
        select(func.jsonb_object_agg(ProductAuthorization.sku_id, ProductAuthorization.settlement_price))
        .where(ProductAuthorization.relation_id == SupplyRelation.id)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(
            SupplyRelation.supplier_id,
            SupplyRelation.tier,
            SupplyRelation.sells,
            SupplyRelation.status,
            func.coalesce(CatalogueVersion.version, 0),
            authorised,
            Organization.status,
        )
        .join(Organization, Organization.id == SupplyRelation.distributor_id)
        .outerjoin(CatalogueVersion, CatalogueVersion.supplier_id == SupplyRelation.supplier_id)
        .where(SupplyRelation.distributor_id == distributor_id, SupplyRelation.supplier_id.in_(supplier_ids))
    )
    return {
        supplier_id: RelationRow(
            distributor_id,
            tier,
            sells,
            status,
            version,
            {UUID(sku_id): price for sku_id, price in (prices or {}).items()},
            active is OrganizationStatus.ACTIVE,
        )
        for supplier_id, tier, sells, status, version, prices, active in rows
    }


async def catalogue_versions(session: AsyncSession, supplier_ids: Collection[UUID]) -> dict[UUID, int]:
    """The present catalogue version of those suppliers that may sell now."""
    rows = await session.execute(
        select(Organization.id, func.coalesce(CatalogueVersion.version, 0))
        .outerjoin(CatalogueVersion, CatalogueVersion.supplier_id == Organization.id)
        .where(Organization.id.in_(supplier_ids), Organization.status == OrganizationStatus.ACTIVE)
    )
    return dict(list(rows))


def visible_offers(principal: Principal, *, today: date, channel: Channel | None) -> Select[Sku]:
    """The SKUs that this distributor may buy on `today`: on sale, of an active partner, by some strategy."""
    individual = literal(channel in (None, Channel.INDIVIDUAL))
    return (
        select(Sku)
        .join(Product, Product.id == Sku.product_id)
        .join(Organization, Organization.id == Sku.supplier_id)
        .join(SupplyRelation, SupplyRelation.supplier_id == Sku.supplier_id)
        .outerjoin(
            ProductAuthorization,
            and_(ProductAuthorization.relation_id == SupplyRelation.id, ProductAuthorization.sku_id == Sku.id),
        )
        .where(
            SupplyRelation.distributor_id == principal.organization_id,
            SupplyRelation.status == RelationStatus.ACTIVE,
            Organization.status == OrganizationStatus.ACTIVE,
            Product.status == ProductStatus.ON_SALE,
            Sku.retired.is_(False),
            or_(SupplyRelation.sells == Sells.ALL, ProductAuthorization.sku_id.is_not(None)),
            or_(
                and_(individual, ProductAuthorization.sku_id.is_not(None)),
                _sold_by_a_strategy(principal.organization_id, today, channel),
            ),
        )
    )


def _sold_by_a_strategy(distributor_id: UUID, today: date, channel: Channel | None) -> ColumnElement[bool]:
    by = (
        select(StrategyItem.sku_id)
        .join(Strategy, Strategy.id == StrategyItem.strategy_id)
        .where(
            StrategyItem.sku_id == Sku.id,
            Strategy.status == StrategyStatus.ACTIVE,
            Strategy.valid_from <= today,
            or_(Strategy.valid_to.is_(None), Strategy.valid_to >= today),
            or_(
                Strategy.audience_kind == AudienceKind.ALL,
                and_(Strategy.audience_kind == AudienceKind.TIERS, _names_the_tier()),
                and_(Strategy.audience_kind == AudienceKind.DISTRIBUTORS, _names(distributor_id)),
            ),
        )
        .correlate(Sku, SupplyRelation)
    )
    return exists(by if channel is None else by.where(Strategy.channel == channel))


def _names_the_tier() -> ColumnElement[bool]:
    named = select(StrategyTier.tier).where(
        StrategyTier.strategy_id == Strategy.id, StrategyTier.tier == SupplyRelation.tier
    )
    return exists(named.correlate(Strategy, SupplyRelation))


def _names(distributor_id: UUID) -> ColumnElement[bool]:
    return literal(distributor_id) == any_(Strategy.distributor_ids)


async def offered_skus(
    session: AsyncSession,
    principal: Principal,
    paging: PageRequest,
    *,
    today: date,
    channel: Channel | None,
    kind: ProductKind | None,
    supplier_id: UUID | None,
    q: str | None,
) -> tuple[Sequence[Sku], Mapping[UUID, Product], Mapping[UUID, str], str | None, int | None]:
    """A page of SKUs, their products and their suppliers' names by id."""
    query = visible_offers(principal, today=today, channel=channel)
    if kind is not None:
        query = query.where(Product.kind == kind)
    if supplier_id is not None:
        query = query.where(Sku.supplier_id == supplier_id)
    if q:
        searched = (Product.name, Product.product_code, Sku.name)
        query = query.where(or_(*(column.icontains(q, autoescape=True) for column in searched)))
    skus, next_cursor, total = await page(session, query, paging, sorts={"id": Sku.id}, sort="id", tie=Sku.id)
    products = await session.scalars(select(Product).where(Product.id.in_({sku.product_id for sku in skus})))
    suppliers = await session.execute(
        select(Organization.id, Organization.name).where(Organization.id.in_({sku.supplier_id for sku in skus}))
    )
    return skus, {row.id: row for row in products}, {row[0]: row[1] for row in suppliers}, next_cursor, total
