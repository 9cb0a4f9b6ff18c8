"""What creating and editing share: SKUs and their stock, and what a product may say of itself."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import NotSupportedYet
from distro_api.core.http import constraint_of
from distro_api.inventory import service as inventory
from distro_api.inventory.models import Mode
from distro_api.products import queries
from distro_api.products.errors import FulfilmentNotForKind, SkuCodeTaken, UnknownReference
from distro_api.products.kinds import of_kind
from distro_api.products.models import Brand, Category, Fulfilment, Product, ProductKind, RealName, Sku, SkuStock
from distro_api.products.schemas import CreateSku, StockIn

COUNTED_HERE = (Mode.UNLIMITED, Mode.TOTAL, Mode.DAILY)


def check_offered(
    *, kind: ProductKind, fulfilment: Fulfilment, real_name: RealName, stock_mode: Mode, images: Collection[UUID]
) -> None:
    """Refuse what is not there yet, and a way of fulfilment that the kind does not have.

    Raises:
        NotSupportedYet, FulfilmentNotForKind
    """
    if fulfilment is Fulfilment.CONFIRMATION:
        raise NotSupportedYet(feature="fulfilment confirmation")
    if real_name is not RealName.NONE:
        raise NotSupportedYet(feature=f"real_name {real_name.value}")
    if stock_mode not in COUNTED_HERE:
        raise NotSupportedYet(feature=f"stock_mode {stock_mode.value}")
    if images:
        raise NotSupportedYet(feature="images")
    allowed = of_kind(kind).fulfilments
    if fulfilment not in allowed:
        raise FulfilmentNotForKind(allowed=[way.value for way in allowed])


async def check_labels(session: AsyncSession, *, category_id: UUID | None, brand_id: UUID | None) -> None:
    """Keep category and brand from being deleted until the transaction ends.

    Raises:
        UnknownReference: there is no such category or brand.
    """
    named: tuple[tuple[type[Category | Brand], str, UUID | None], ...] = (
        (Category, "category_id", category_id),
        (Brand, "brand_id", brand_id),
    )
    for model, field, label_id in named:
        kept = select(model.id).where(model.id == label_id).with_for_update(read=True, key_share=True)
        if label_id is not None and await session.scalar(kept) is None:
            raise UnknownReference(field=field, ids=[label_id])


async def check_items(session: AsyncSession, supplier_id: UUID, stocks: Sequence[Sequence[StockIn] | None]) -> None:
    """Raises: UnknownReference: a SKU would take an item that is not the supplier's."""
    named = {take.item_id for stock in stocks for take in stock or ()}
    if unknown := await queries.unknown_items(session, supplier_id, named):
        raise UnknownReference(field="stock.item_id", ids=unknown)


async def own_item(session: AsyncSession, product: Product) -> UUID:
    """The product's own inventory item, made when it is first needed."""
    if product.item_id is None:
        item = await inventory.create_item(
            session, supplier_id=product.supplier_id, name=product.name, mode=product.stock_mode
        )
        product.item_id = item.id
    return product.item_id


async def stock_of(
    session: AsyncSession, product: Product, sku: Sku, named: Sequence[StockIn] | None
) -> list[SkuStock]:
    """The rows of what one piece of `sku` takes: what was named, else the product's own item × units."""
    takes: Mapping[UUID, int] = (
        {await own_item(session, product): sku.units} if named is None else {take.item_id: take.units for take in named}
    )
    return [
        SkuStock(sku_id=sku.id, item_id=item_id, supplier_id=product.supplier_id, units=units, position=position)
        for position, (item_id, units) in enumerate(takes.items())
    ]


async def add_skus(
    session: AsyncSession, product: Product, wanted: Sequence[CreateSku], *, first_position: int
) -> None:
    """New SKUs at the end of the product's list."""
    for position, given in enumerate(wanted, first_position):
        sku = Sku(
            id=clock.new_id(),
            product_id=product.id,
            supplier_id=product.supplier_id,
            name=given.name,
            code=given.code,
            list_price=given.list_price,
            cost_price=given.cost_price,
            units=given.units,
            attributes=given.attributes,
            position=position,
        )
        sku.stock = await stock_of(session, product, sku, given.stock)
        session.add(sku)


async def flush_skus(session: AsyncSession) -> None:
    """Raises: SkuCodeTaken: another SKU of the supplier has a code, perhaps since a moment ago."""
    try:
        await session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_skus_supplier_id_code":
            raise SkuCodeTaken from error
        raise


async def last_position(session: AsyncSession, product_id: UUID) -> int:
    """The highest position of a product's SKUs, the retired ones included."""
    query = select(Sku.position).where(Sku.product_id == product_id).order_by(Sku.position.desc()).limit(1)
    found = await session.scalar(query)
    return -1 if found is None else found
