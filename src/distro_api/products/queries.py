"""Reads of products."""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from distro_api.core.errors import NotFoundHere
from distro_api.core.pagination import PageRequest, page
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by
from distro_api.inventory.models import Item
from distro_api.inventory.queries import visible_items
from distro_api.products.models import Brand, Category, Product, ProductKind, ProductStatus, Sku, SkuStock

LabelT = TypeVar("LabelT", Category, Brand)
SORTS = {"created_at": Product.id, "submitted_at": Product.submitted_at}
"""Ids are made in the order of creation."""


def visible_products(principal: Principal) -> Select[Product]:
    """Suppliers see their own, the platform all; distributors see products through offers only."""
    return select(Product).where(seen_by(principal, supplier=Product.supplier_id))


def _whole() -> Any:
    return selectinload(Product.skus).selectinload(Sku.stock)


async def product(session: AsyncSession, principal: Principal, product_id: UUID, *, lock: bool = False) -> Product:
    """One product with its SKUs, its row locked on demand.

    Raises:
        NotFoundHere
    """
    query = visible_products(principal).where(Product.id == product_id).options(_whole())
    if lock:
        query = query.with_for_update(of=Product)
    if (found := await session.scalar(query.execution_options(populate_existing=True))) is None:
        raise NotFoundHere
    return found


async def products(
    session: AsyncSession,
    principal: Principal,
    paging: PageRequest,
    *,
    sort: str,
    kind: ProductKind | None,
    status: ProductStatus | None,
    category_id: UUID | None,
    brand_id: UUID | None,
    supplier_id: UUID | None,
    q: str | None,
) -> tuple[Sequence[Any], str | None, int | None]:
    """A page of products; sorted by `submitted_at`, those that were submitted."""
    query = visible_products(principal).options(_whole())
    wanted = {
        Product.kind: kind,
        Product.status: status,
        Product.category_id: category_id,
        Product.brand_id: brand_id,
        Product.supplier_id: supplier_id,
    }
    query = query.where(*(column == value for column, value in wanted.items() if value is not None))
    if q:
        query = query.where(
            or_(Product.name.icontains(q, autoescape=True), Product.product_code.icontains(q, autoescape=True))
        )
    if sort.endswith("submitted_at"):
        query = query.where(Product.submitted_at.is_not(None))
    return await page(session, query, paging, sorts=SORTS, sort=sort, tie=Product.id)


async def labels(
    session: AsyncSession, model: type[LabelT], paging: PageRequest, *, q: str | None
) -> tuple[Sequence[Any], str | None, int | None]:
    """A page of categories or brands, by name."""
    query = select(model)
    if q:
        query = query.where(model.name.icontains(q, autoescape=True))
    return await page(session, query, paging, sorts={"name": model.name}, sort="name", tie=model.id)


async def label(session: AsyncSession, model: type[LabelT], label_id: UUID, *, lock: bool = False) -> LabelT:
    """One category or brand.

    Raises:
        NotFoundHere
    """
    if (found := await session.get(model, label_id, with_for_update=lock or None)) is None:
        raise NotFoundHere
    return found


async def items(
    session: AsyncSession,
    principal: Principal,
    paging: PageRequest,
    *,
    sort: str,
    product_id: UUID | None,
    sku_id: UUID | None,
) -> tuple[Sequence[Any], str | None, int | None]:
    """A page of inventory items: those that the SKUs draw on, or all."""
    query = visible_items(principal)
    if product_id is not None or sku_id is not None:
        taken = select(SkuStock.item_id).join(Sku, Sku.id == SkuStock.sku_id).where(~Sku.retired)
        wanted = {Sku.product_id: product_id, Sku.id: sku_id}
        taken = taken.where(*(column == value for column, value in wanted.items() if value is not None))
        query = query.where(Item.id.in_(taken))
    return await page(session, query, paging, sorts={"created_at": Item.id}, sort=sort, tie=Item.id)


async def unknown_skus(
    session: AsyncSession, supplier_id: UUID, sku_ids: Collection[UUID], *, retired: bool = False
) -> list[UUID]:
    """Those of `sku_ids` that are no SKUs of this supplier; retired ones count as its own if asked."""
    if not sku_ids:
        return []
    own = select(Sku.id).where(Sku.supplier_id == supplier_id, Sku.id.in_(sku_ids))
    known = await session.scalars(own if retired else own.where(Sku.retired.is_(False)))
    return sorted(set(sku_ids) - set(known))


async def unknown_items(session: AsyncSession, supplier_id: UUID, item_ids: Collection[UUID]) -> list[UUID]:
    """Those of `item_ids` that are no inventory items of this supplier."""
    if not item_ids:
        return []
    known = await session.scalars(select(Item.id).where(Item.supplier_id == supplier_id, Item.id.in_(item_ids)))
    return sorted(set(item_ids) - set(known))
