"""Products, categories and brands over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, NotSupportedYet, PreconditionFailed, StateConflict, ValidationFailed
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging
from distro_api.core.schemas import ShortText
from distro_api.identity.principal import Principal, Require
from distro_api.inventory.schemas import ItemOut
from distro_api.products import queries, service
from distro_api.products.errors import (
    FulfilmentNotForKind,
    LabelInUse,
    LabelTaken,
    LastSku,
    ProductInUse,
    SkuCodeTaken,
    UnknownReference,
)
from distro_api.products.models import Brand, Category, Product, ProductKind, ProductStatus
from distro_api.products.schemas import CreateProduct, EditProduct, LabelOut, NameLabel, ProductOut, RejectProduct

router = APIRouter(prefix=f"{API}/products", tags=["products"], route_class=IdempotentRoute)
categories = APIRouter(prefix=f"{API}/categories", tags=["categories"], route_class=IdempotentRoute)
brands = APIRouter(prefix=f"{API}/brands", tags=["brands"], route_class=IdempotentRoute)
stock = APIRouter(prefix=f"{API}/inventory", tags=["inventory"], route_class=IdempotentRoute)
"""What the inventory room cannot answer, as it knows no product."""

Reader = Annotated[Principal, Require("products:read")]
Editor = Annotated[Principal, Require("products:edit")]
Reviewer = Annotated[Principal, Require("products:review")]
StockReader = Annotated[Principal, Require("inventory:read")]
LabelReader = Annotated[Principal, Require("catalogue:read")]
LabelManager = Annotated[Principal, Require("catalogue:manage")]
Search = Annotated[ShortText | None, Query(description="Part of the name or the code")]
LabelT = TypeVar("LabelT", Category, Brand)
ACTION = problems(NotFoundHere, PreconditionFailed, StateConflict)


def _zone(request: Request) -> str:
    return str(request.app.state.settings.time_zone)


@router.post(
    "",
    response_model=ProductOut,
    status_code=201,
    responses=problems(NotSupportedYet, FulfilmentNotForKind, UnknownReference, SkuCodeTaken),
    openapi_extra=capability("P1"),
)
async def create_product(command: CreateProduct, principal: Editor, session: Tx, response: Response) -> Product:
    """Create a draft with its SKUs; each takes the product's own stock unless it names others."""
    product = await service.create_product(session, principal, command)
    response.headers["Location"] = f"/api/v1/products/{product.id}"
    return _answer(response, product)


@router.get("", response_model=Page[ProductOut], openapi_extra=capability("P1", "P2"))
async def list_products(
    principal: Reader,
    session: Read,
    paging: Paging,
    kind: ProductKind | None = None,
    status: ProductStatus | None = None,
    q: Search = None,
    category_id: UUID | None = None,
    brand_id: UUID | None = None,
    supplier_id: UUID | None = None,
    sort: Annotated[
        Literal["created_at", "-created_at", "submitted_at", "-submitted_at"],
        Query(description="By `submitted_at`: only what was submitted (the review queue with status=pending_review)"),
    ] = "-created_at",
) -> dict[str, Any]:
    """Your products; the platform sees everybody's."""
    found = await queries.products(
        session,
        principal,
        paging,
        sort=sort,
        kind=kind,
        status=status,
        category_id=category_id,
        brand_id=brand_id,
        supplier_id=supplier_id,
        q=q,
    )
    return _page(found)


@router.get(
    "/{product_id}",
    response_model=ProductOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("P1"),
)
async def get_product(product_id: UUID, principal: Reader, session: Read, response: Response) -> Product:
    """One product with its SKUs."""
    return _answer(response, await queries.product(session, principal, product_id))


@router.patch(
    "/{product_id}",
    response_model=ProductOut,
    responses=problems(
        NotFoundHere,
        PreconditionFailed,
        NotSupportedYet,
        FulfilmentNotForKind,
        UnknownReference,
        SkuCodeTaken,
        LastSku,
        ValidationFailed,
    ),
    openapi_extra=capability("P1", "P2"),
)
async def edit_product(
    product_id: UUID,
    command: EditProduct,
    principal: Editor,
    session: Tx,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> Product:
    """Change what is sent. A live product whose name, attributes, SKUs, fulfilment or stock change goes to review again."""
    product = await service.edit_product(
        session, principal, product_id, command, if_match=if_match, time_zone=_zone(request)
    )
    return _answer(response, product)


@router.delete(
    "/{product_id}",
    status_code=204,
    responses=problems(NotFoundHere, PreconditionFailed, ProductInUse),
    openapi_extra=capability("P3"),
)
async def delete_product(product_id: UUID, principal: Editor, session: Tx, if_match: IfMatch = None) -> None:
    """Delete for good what nothing refers to."""
    await service.delete_product(session, principal, product_id, if_match)


@router.post("/{product_id}/submit", response_model=ProductOut, responses=ACTION, openapi_extra=capability("P2"))
async def submit_product(
    product_id: UUID, principal: Editor, session: Tx, request: Request, response: Response, if_match: IfMatch = None
) -> Product:
    """Ask the platform for approval; it answers within two working days."""
    product = await service.submit_product(session, principal, product_id, if_match=if_match, time_zone=_zone(request))
    return _answer(response, product)


@router.post("/{product_id}/approve", response_model=ProductOut, responses=ACTION, openapi_extra=capability("P2"))
async def approve_product(
    product_id: UUID, principal: Reviewer, session: Tx, response: Response, if_match: IfMatch = None
) -> Product:
    """Approve: it is on sale from now on (one edited while off sale stays off). Send `If-Match` to approve what you saw."""
    return _answer(response, await service.approve_product(session, principal, product_id, if_match))


@router.post("/{product_id}/reject", response_model=ProductOut, responses=ACTION, openapi_extra=capability("P2"))
async def reject_product(
    product_id: UUID,
    command: RejectProduct,
    principal: Reviewer,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Product:
    """Send it back to the supplier with a reason."""
    product = await service.reject_product(session, principal, product_id, reason=command.reason, if_match=if_match)
    return _answer(response, product)


@router.post("/{product_id}/publish", response_model=ProductOut, responses=ACTION, openapi_extra=capability("P3"))
async def publish_product(
    product_id: UUID, principal: Editor, session: Tx, response: Response, if_match: IfMatch = None
) -> Product:
    """Put an approved product back on sale."""
    return _answer(response, await service.publish_product(session, principal, product_id, if_match))


@router.post("/{product_id}/unpublish", response_model=ProductOut, responses=ACTION, openapi_extra=capability("P3"))
async def unpublish_product(
    product_id: UUID, principal: Editor, session: Tx, response: Response, if_match: IfMatch = None
) -> Product:
    """Take it off sale; what was sold stays sold."""
    return _answer(response, await service.unpublish_product(session, principal, product_id, if_match))


def _answer(response: Response, product: Product) -> Product:
    response.headers["ETag"] = etag(product.version)
    return product


@categories.get("", response_model=Page[LabelOut], openapi_extra=capability("P1"))
async def list_categories(principal: LabelReader, session: Read, paging: Paging, q: Search = None) -> dict[str, Any]:
    """Every category, by name."""
    return _page(await queries.labels(session, Category, paging, q=q))


@categories.post(
    "",
    response_model=LabelOut,
    status_code=201,
    responses=problems(LabelTaken),
    openapi_extra=capability("P1"),
)
async def create_category(command: NameLabel, principal: LabelManager, session: Tx, response: Response) -> Category:
    """Add a category."""
    made = await service.create_label(session, principal, Category, command.name)
    response.headers["Location"] = f"/api/v1/categories/{made.id}"
    return _label(response, made)


@categories.get(
    "/{category_id}",
    response_model=LabelOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("P1"),
)
async def get_category(category_id: UUID, principal: LabelReader, session: Read, response: Response) -> Category:
    """One category."""
    return _label(response, await queries.label(session, Category, category_id))


@categories.patch(
    "/{category_id}",
    response_model=LabelOut,
    responses=problems(NotFoundHere, PreconditionFailed, LabelTaken),
    openapi_extra=capability("P1"),
)
async def rename_category(
    category_id: UUID,
    command: NameLabel,
    principal: LabelManager,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Category:
    """Give a category another name."""
    return _label(
        response, await service.rename_label(session, principal, Category, category_id, command.name, if_match)
    )


@categories.delete(
    "/{category_id}",
    status_code=204,
    responses=problems(NotFoundHere, PreconditionFailed, LabelInUse),
    openapi_extra=capability("P1"),
)
async def delete_category(category_id: UUID, principal: LabelManager, session: Tx, if_match: IfMatch = None) -> None:
    """Delete a category that no product uses."""
    await service.delete_label(session, principal, Category, category_id, if_match)


@brands.get("", response_model=Page[LabelOut], openapi_extra=capability("P1"))
async def list_brands(principal: LabelReader, session: Read, paging: Paging, q: Search = None) -> dict[str, Any]:
    """Every brand, by name."""
    return _page(await queries.labels(session, Brand, paging, q=q))


@brands.post(
    "",
    response_model=LabelOut,
    status_code=201,
    responses=problems(LabelTaken),
    openapi_extra=capability("P1"),
)
async def create_brand(command: NameLabel, principal: LabelManager, session: Tx, response: Response) -> Brand:
    """Add a brand."""
    made = await service.create_label(session, principal, Brand, command.name)
    response.headers["Location"] = f"/api/v1/brands/{made.id}"
    return _label(response, made)


@brands.get(
    "/{brand_id}",
    response_model=LabelOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("P1"),
)
async def get_brand(brand_id: UUID, principal: LabelReader, session: Read, response: Response) -> Brand:
    """One brand."""
    return _label(response, await queries.label(session, Brand, brand_id))


@brands.patch(
    "/{brand_id}",
    response_model=LabelOut,
    responses=problems(NotFoundHere, PreconditionFailed, LabelTaken),
    openapi_extra=capability("P1"),
)
async def rename_brand(
    brand_id: UUID,
    command: NameLabel,
    principal: LabelManager,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Brand:
    """Give a brand another name."""
    return _label(response, await service.rename_label(session, principal, Brand, brand_id, command.name, if_match))


@brands.delete(
    "/{brand_id}",
    status_code=204,
    responses=problems(NotFoundHere, PreconditionFailed, LabelInUse),
    openapi_extra=capability("P1"),
)
async def delete_brand(brand_id: UUID, principal: LabelManager, session: Tx, if_match: IfMatch = None) -> None:
    """Delete a brand that no product uses."""
    await service.delete_label(session, principal, Brand, brand_id, if_match)


@stock.get("/items", response_model=Page[ItemOut], openapi_extra=capability("N2", "N5"))
async def list_inventory_items(
    principal: StockReader,
    session: Read,
    paging: Paging,
    product_id: Annotated[UUID | None, Query(description="Items that the product's SKUs draw on")] = None,
    sku_id: Annotated[UUID | None, Query(description="Items that the SKU draws on")] = None,
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> dict[str, Any]:
    """Your stock items, or those that a product or SKU draws on; the platform sees everybody's."""
    return _page(await queries.items(session, principal, paging, sort=sort, product_id=product_id, sku_id=sku_id))


def _page(found: tuple[Sequence[Any], str | None, int | None]) -> dict[str, Any]:
    items, next_cursor, total = found
    return {"items": items, "next_cursor": next_cursor, "total": total}


def _label(response: Response, label: LabelT) -> LabelT:
    response.headers["ETag"] = etag(label.version)
    return label
