"""Editing a product: what is sold goes to review again, the rest applies at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.http import check_if_match
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.products import queries
from distro_api.products.errors import LastSku, UnknownReference
from distro_api.products.kinds import parse
from distro_api.products.models import Product, ProductStatus, Sku
from distro_api.products.schemas import EditProduct, PatchSku
from distro_api.products.service import parts
from distro_api.products.service.catalogue import bump_catalogue
from distro_api.products.service.life import revise

REVIEWED = frozenset({"name", "attributes", "stock_mode", "fulfilment", "real_name"})
"""Fields of a product that say what is sold. Adding and removing SKUs is of that sort too."""
AT_ONCE = frozenset({"description", "category_id", "brand_id"})
SKU_REVIEWED = frozenset({"name", "units", "stock", "attributes"})
SKU_AT_ONCE = frozenset({"code", "list_price", "cost_price"})


async def edit_product(
    session: AsyncSession,
    principal: Principal,
    product_id: UUID,
    command: EditProduct,
    *,
    if_match: str | None,
    time_zone: str,
) -> Product:
    """Merge the fields sent. A live product of which something sold really changes goes to review again.

    Raises:
        NotFoundHere, PreconditionFailed, NotSupportedYet, FulfilmentNotForKind, UnknownReference, SkuCodeTaken, LastSku,
        ValidationFailed
    """
    product = await queries.product(session, principal, product_id, lock=True)
    check_if_match(if_match, product.version)
    was_draft = product.status is ProductStatus.DRAFT
    fields = command.sent()
    skus: Sequence[PatchSku] = fields.pop("skus", ())
    images = fields.pop("images", ())
    if "attributes" in fields:
        fields["attributes"] = parse(product.kind, fields["attributes"]).stored()
    parts.check_offered(
        kind=product.kind,
        fulfilment=fields.get("fulfilment", product.fulfilment),
        real_name=fields.get("real_name", product.real_name),
        stock_mode=fields.get("stock_mode", product.stock_mode),
        images=images,
    )
    await parts.check_labels(session, category_id=fields.get("category_id"), brand_id=fields.get("brand_id"))
    await parts.check_items(session, product.supplier_id, [sku.stock for sku in skus])
    changed = _set(product, fields)
    if "stock_mode" in changed:
        await _move_to_new_item(session, product)
    reviewed = bool(changed & REVIEWED)
    reviewed |= await _change_skus(session, product, skus)
    if reviewed:
        revise(product, time_zone)
    audit.record(session, principal.actor, "products.edit", "product", product.id)
    await parts.flush_skus(session)
    if not was_draft:
        await bump_catalogue(session, product.supplier_id)
    return await queries.product(session, principal, product_id)


def _set(row: Product | Sku, fields: dict[str, Any]) -> frozenset[str]:
    """Assign what differs; the names of what did."""
    changed = {name for name, value in fields.items() if getattr(row, name) != value}
    for name in changed:
        setattr(row, name, fields[name])
    return frozenset(changed)


async def _move_to_new_item(session: AsyncSession, product: Product) -> None:
    """Count in the new mode from now on; what was sold before stays with the old item."""
    old, product.item_id = product.item_id, None
    for sku in product.skus:
        if any(take.item_id == old for take in sku.stock):
            new = await parts.own_item(session, product)
            for take in sku.stock:
                if take.item_id == old:
                    take.item_id = new


async def _change_skus(session: AsyncSession, product: Product, commands: Sequence[PatchSku]) -> bool:
    """Add, edit and remove; whether that changes what is sold."""
    present = {sku.id: sku for sku in product.skus}
    if unknown := sorted(c.id for c in commands if c.id is not None and c.id not in present):
        raise UnknownReference(field="skus.id", ids=unknown)
    removed = [present[c.id] for c in commands if c.remove and c.id is not None]
    added = [c.as_new() for c in commands if c.id is None]
    if len(present) - len(removed) + len(added) < 1:
        raise LastSku
    reviewed = bool(removed or added)
    for command in commands:
        if command.id is not None and not command.remove:
            reviewed |= await _edit_sku(session, product, present[command.id], command)
    for sku in removed:
        await _remove(session, sku)
    await parts.add_skus(session, product, added, first_position=await parts.last_position(session, product.id) + 1)
    return reviewed


async def _edit_sku(session: AsyncSession, product: Product, sku: Sku, command: PatchSku) -> bool:
    """Whether the edit changes what is sold."""
    fields = {name: value for name, value in command.sent().items() if name not in ("id", "remove")}
    before = {take.item_id: take.units for take in sku.stock}
    takes_default = list(before) == [product.item_id]
    named = fields.pop("stock", None)
    changed = _set(sku, fields)
    if "stock" in command.model_fields_set or ("units" in changed and takes_default):
        wanted = {take.item_id: take for take in await parts.stock_of(session, product, sku, named)}
        kept = {take.item_id: take for take in sku.stock}
        for item_id, take in wanted.items():
            if item_id in kept:
                kept[item_id].units, kept[item_id].position = take.units, take.position
        sku.stock = [kept.get(item_id, take) for item_id, take in wanted.items()]
    return bool(changed & SKU_REVIEWED) or before != {take.item_id: take.units for take in sku.stock}


async def _remove(session: AsyncSession, sku: Sku) -> None:
    """Delete the SKU, or retire it when something refers to it."""
    await session.flush()
    try:
        async with session.begin_nested():
            await session.execute(delete(Sku).where(Sku.id == sku.id).execution_options(synchronize_session=False))
    except IntegrityError:
        sku.retired = True
    else:
        session.expunge(sku)
