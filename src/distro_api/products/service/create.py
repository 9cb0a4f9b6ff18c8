"""Creating a product."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import NotSupportedYet
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.products import queries
from distro_api.products.models import Product, ProductStatus
from distro_api.products.schemas import CreateProduct
from distro_api.products.service import parts
from distro_api.products.service.codes import new_code


async def create_product(session: AsyncSession, principal: Principal, command: CreateProduct) -> Product:
    """A draft with its SKUs, and an inventory item of its own unless every SKU names its stock.

    Raises:
        NotSupportedYet, FulfilmentNotForKind, UnknownReference, SkuCodeTaken
    """
    if command.combo is not None:
        raise NotSupportedYet(feature="combo")
    parts.check_offered(
        kind=command.kind,
        fulfilment=command.fulfilment,
        real_name=command.real_name,
        stock_mode=command.stock_mode,
        images=command.images,
    )
    await parts.check_labels(session, category_id=command.category_id, brand_id=command.brand_id)
    await parts.check_items(session, principal.organization_id, [sku.stock for sku in command.skus])
    assert command.attributes is not None
    product = Product(
        id=clock.new_id(),
        supplier_id=principal.organization_id,
        product_code=await _unused_code(session),
        kind=command.kind,
        name=command.name,
        description=command.description,
        category_id=command.category_id,
        brand_id=command.brand_id,
        attributes=command.attributes.stored(),
        stock_mode=command.stock_mode,
        fulfilment=command.fulfilment,
        real_name=command.real_name,
        status=ProductStatus.DRAFT,
    )
    if any(sku.stock is None for sku in command.skus):
        await parts.own_item(session, product)
    session.add(product)
    await session.flush()
    await parts.add_skus(session, product, command.skus, first_position=0)
    audit.record(session, principal.actor, "products.create", "product", product.id, product_code=product.product_code)
    await parts.flush_skus(session)
    return await queries.product(session, principal, product.id)


async def _unused_code(session: AsyncSession) -> str:
    """One of 8.5e11; the UNIQUE constraint stands behind the look."""
    while True:
        code = new_code()
        if await session.scalar(select(Product.id).where(Product.product_code == code)) is None:
            return code
