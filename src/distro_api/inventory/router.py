"""Stock over HTTP. The list of items a product draws on is the products room's (`list_inventory_items`)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from distro_api.core.db import Read, Tx
from distro_api.core.errors import IdempotencyKeyRequired, IdempotencyKeyReused, NotFoundHere, NotSupportedYet
from distro_api.core.http import API, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute, KeyRequired
from distro_api.core.pagination import Page, Paging, page
from distro_api.core.schemas import Day, Instant
from distro_api.identity.principal import Principal, Require
from distro_api.inventory import queries, service
from distro_api.inventory.errors import BelowTaken, NoSuchBucket, WrongMode
from distro_api.inventory.models import Item, Movement, MovementKind
from distro_api.inventory.schemas import (
    AdjustStock,
    BucketOut,
    CalendarOut,
    CreateItem,
    ItemOut,
    MovementOut,
    SetCalendar,
    SetStock,
)

router = APIRouter(prefix=f"{API}/inventory", tags=["inventory"], route_class=IdempotentRoute)

Reader = Annotated[Principal, Require("inventory:read")]
Editor = Annotated[Principal, Require("inventory:edit")]


@router.post(
    "/items",
    response_model=ItemOut,
    status_code=201,
    responses=problems(NotSupportedYet),
    openapi_extra=capability("N1", "N5"),
)
async def create_inventory_item(command: CreateItem, principal: Editor, session: Tx, response: Response) -> Item:
    """Create stock to be shared by SKUs of several products; a product's own is made with it."""
    item = await service.create_own_item(session, principal, name=command.name, mode=command.mode)
    response.headers["Location"] = f"/api/v1/inventory/items/{item.id}"
    response.headers["ETag"] = etag(item.version)
    return item


@router.get(
    "/items/{item_id}", response_model=ItemOut, responses=problems(NotFoundHere), openapi_extra=capability("N2")
)
async def get_inventory_item(item_id: UUID, principal: Reader, session: Read, response: Response) -> Item:
    """One item."""
    item = await queries.get_item(session, principal, item_id)
    response.headers["ETag"] = etag(item.version)
    return item


@router.get(
    "/items/{item_id}/calendar",
    response_model=CalendarOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("N2"),
)
async def get_calendar(
    item_id: UUID,
    principal: Reader,
    session: Read,
    date_from: Day | None = None,
    date_to: Day | None = None,
) -> dict[str, Any]:
    """The item's stock by date, or its total: capacity, held, sold, available."""
    item = await queries.get_item(session, principal, item_id)
    found = await queries.calendar(session, item, date_from, date_to)
    return {"items": [queries.bucket_out(bucket) for bucket in found]}


@router.put(
    "/items/{item_id}/calendar",
    response_model=CalendarOut,
    responses=problems(NotFoundHere, WrongMode, BelowTaken, NotSupportedYet),
    openapi_extra=capability("N1"),
)
async def set_calendar(item_id: UUID, command: SetCalendar, principal: Editor, session: Tx) -> dict[str, Any]:
    """Set the capacity of every day in a range, or of some weekdays in it; never below what is taken."""
    found = await service.set_calendar(session, principal, item_id, command)
    return {"items": [queries.bucket_out(bucket) for bucket in found]}


@router.put(
    "/items/{item_id}/stock",
    response_model=BucketOut,
    responses=problems(NotFoundHere, WrongMode, BelowTaken),
    openapi_extra=capability("N1"),
)
async def set_stock(item_id: UUID, command: SetStock, principal: Editor, session: Tx) -> dict[str, Any]:
    """Set the total stock of an item that is not kept by date; never below what is taken."""
    return queries.bucket_out(await service.set_stock(session, principal, item_id, command.capacity))


@router.post(
    "/items/{item_id}/adjustments",
    response_model=BucketOut,
    status_code=201,
    responses=problems(
        NotFoundHere, WrongMode, NoSuchBucket, BelowTaken, NotSupportedYet, IdempotencyKeyRequired, IdempotencyKeyReused
    ),
    openapi_extra=capability("N1"),
)
async def adjust_stock(
    item_id: UUID, command: AdjustStock, principal: Editor, _: KeyRequired, session: Tx, response: Response
) -> dict[str, Any]:
    """Change the capacity of a date, or the total stock, by a delta with a reason."""
    bucket = await service.adjust(session, principal, item_id, command)
    calendar = f"{API}/inventory/items/{item_id}/calendar"
    day = bucket.service_date
    response.headers["Location"] = f"{calendar}?date_from={day}&date_to={day}" if day else calendar
    return queries.bucket_out(bucket)


@router.get("/movements", response_model=Page[MovementOut], openapi_extra=capability("N1", "N6"))
async def list_movements(
    principal: Reader,
    session: Read,
    paging: Paging,
    item_id: UUID | None = None,
    reference_id: Annotated[UUID | None, Query(description="The order")] = None,
    kind: MovementKind | None = None,
    created_from: Instant | None = None,
    created_to: Instant | None = None,
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> dict[str, Any]:
    """Every change of stock, with its reason, actor and order."""
    query = queries.visible_movements(principal)
    for name, value in (("item_id", item_id), ("reference_id", reference_id), ("kind", kind)):
        if value is not None:
            query = query.where(getattr(Movement, name) == value)
    if created_from is not None:
        query = query.where(Movement.created_at >= created_from)
    if created_to is not None:
        query = query.where(Movement.created_at < created_to)
    sorts = {"created_at": Movement.created_at}
    found, cursor, total = await page(session, query, paging, sorts=sorts, sort=sort, tie=Movement.id)
    items = [{**_columns(movement), "date": movement.service_date} for movement in found]
    return {"items": items, "next_cursor": cursor, "total": total}


def _columns(movement: Movement) -> dict[str, Any]:
    return {column.key: getattr(movement, column.key) for column in Movement.__table__.columns}
