"""Reads of authorised SKUs."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.products.models import Product, Sku
from distro_api.relations.models import ProductAuthorization


def authorizations_of(
    relation_id: UUID, *, product_id: UUID | None = None, q: str | None = None
) -> Select[ProductAuthorization]:
    """What is authorised in a relation, which the caller has been found to see. `q`: part of a name or code."""
    found = select(ProductAuthorization).where(ProductAuthorization.relation_id == relation_id)
    if product_id is None and not q:
        return found
    found = found.join(Sku, Sku.id == ProductAuthorization.sku_id)
    if product_id is not None:
        found = found.where(Sku.product_id == product_id)
    if q:
        found = found.join(Product, Product.id == Sku.product_id)
        searched = (Sku.name, Product.name, Product.product_code)
        found = found.where(or_(*(column.icontains(q, autoescape=True) for column in searched)))
    return found


async def authorized_prices(session: AsyncSession, relation_id: UUID, sku_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """The settlement price of each of them that is authorised."""
    rows = await session.execute(
        select(ProductAuthorization.sku_id, ProductAuthorization.settlement_price).where(
            ProductAuthorization.relation_id == relation_id, ProductAuthorization.sku_id.in_(sku_ids)
        )
    )
    return dict(list(rows))


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
