"""Reads of offers: they join what products, strategies and relations keep."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, any_, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

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
)

TermsRow = Row[Sku, Product, SupplyRelation, int, OrganizationStatus, int]
"""Its parts are also called `authorised`, `supplier_status` and `catalogue_version`."""


@dataclass(frozen=True, slots=True)
class TermsRows:
    """One snapshot of all that terms are made of."""

    skus: Sequence[TermsRow]
    stock: Mapping[UUID, list[tuple[UUID, Mode, int]]]
    strategies: Mapping[UUID, list[tuple[StrategyItem, Strategy]]]
    holidays: Sequence[tuple[date, DayKind]]
    distributor_active: bool


async def read_terms(session: AsyncSession, distributor_id: UUID, sku_ids: Collection[UUID]) -> TermsRows:
    """What decides how these SKUs are sold to the distributor, all of one snapshot.

    SKUs of suppliers that the distributor has no relation with, and of drafts, are not among them.
    """
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    status = await session.scalar(select(Organization.status).where(Organization.id == distributor_id))
    skus = (await session.execute(_sku_terms(distributor_id).where(Sku.id.in_(sku_ids)))).all()
    known = [row.Sku.id for row in skus]
    stock: dict[UUID, list[tuple[UUID, Mode, int]]] = {}
    takes = select(SkuStock.sku_id, SkuStock.item_id, Item.mode, SkuStock.units).join(Item, Item.id == SkuStock.item_id)
    for sku_id, item_id, mode, units in await session.execute(
        takes.where(SkuStock.sku_id.in_(known)).order_by(SkuStock.position)
    ):
        stock.setdefault(sku_id, []).append((item_id, mode, units))
    strategies: dict[UUID, list[tuple[StrategyItem, Strategy]]] = {}
    applicable = (
        select(StrategyItem, Strategy)
        .join(Strategy, Strategy.id == StrategyItem.strategy_id)
        .where(StrategyItem.sku_id.in_(known), Strategy.status == StrategyStatus.ACTIVE)
        .where(or_(Strategy.audience_kind != AudienceKind.DISTRIBUTORS, _names(distributor_id)))
    )
    for item, strategy in await session.execute(applicable):
        strategies.setdefault(item.sku_id, []).append((item, strategy))
    since = date(clock.now().year - 1, 1, 1)
    holidays = await session.execute(select(Holiday.day, Holiday.kind).where(Holiday.day >= since))
    return TermsRows(
        skus,
        stock,
        strategies,
        [(day, kind) for day, kind in holidays],
        status is OrganizationStatus.ACTIVE,
    )


def _sku_terms(distributor_id: UUID) -> Select[Sku, Product, SupplyRelation, int, OrganizationStatus, int]:
    return (
        select(
            Sku,
            Product,
            SupplyRelation,
            ProductAuthorization.settlement_price.label("authorised"),
            Organization.status.label("supplier_status"),
            func.coalesce(CatalogueVersion.version, 0).label("catalogue_version"),
        )
        .join(Product, Product.id == Sku.product_id)
        .join(
            SupplyRelation,
            and_(SupplyRelation.supplier_id == Sku.supplier_id, SupplyRelation.distributor_id == distributor_id),
        )
        .join(Organization, Organization.id == Sku.supplier_id)
        .outerjoin(
            ProductAuthorization,
            and_(ProductAuthorization.relation_id == SupplyRelation.id, ProductAuthorization.sku_id == Sku.id),
        )
        .outerjoin(CatalogueVersion, CatalogueVersion.supplier_id == Sku.supplier_id)
        .where(Product.status != ProductStatus.DRAFT)
    )


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
                and_(Strategy.audience_kind == AudienceKind.TIERS, SupplyRelation.tier == any_(Strategy.tiers)),
                and_(Strategy.audience_kind == AudienceKind.DISTRIBUTORS, _names(distributor_id)),
            ),
        )
        .correlate(Sku, SupplyRelation)
    )
    return exists(by if channel is None else by.where(Strategy.channel == channel))


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
