"""The event feed over HTTP, and parked events for the platform."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query

from distro_api.core.db import Read, Tx
from distro_api.core.errors import BadCursor, NotFoundHere
from distro_api.core.http import API, capability, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.outbox import ParkedRow
from distro_api.identity.principal import Principal, Require
from distro_api.webhooks import queries, service
from distro_api.webhooks.schemas import FeedOut, ParkedEventOut, ParkedPage

router = APIRouter(prefix=f"{API}/events", tags=["events"], route_class=IdempotentRoute)

Reader = Annotated[Principal, Require("events:read")]
Manager = Annotated[Principal, Require("events:manage")]
Limit = Annotated[int, Query(ge=1, le=200)]
EventName = Annotated[str, Query(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}$")]
MAX_POSITION = 2**63 - 1


@router.get("", response_model=FeedOut, openapi_extra=capability("O7"))
async def list_events(
    principal: Reader,
    session: Read,
    after: Annotated[int, Query(ge=0, le=MAX_POSITION, description="`next_after` of the call before")] = 0,
    names: Annotated[
        list[EventName] | None, Query(max_length=50, description="Only these", examples=[["orders.paid"]])
    ] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """What happened to you, in order: poll with `after`. Events are kept 30 days."""
    items, next_after = await queries.feed(session, principal, after=after, names=names or (), limit=limit)
    return {"items": items, "next_after": next_after}


@router.get("/parked", response_model=ParkedPage, responses=problems(BadCursor), openapi_extra=capability("O7"))
async def list_parked_events(
    principal: Manager,
    session: Read,
    subscriber: Annotated[str | None, Query(max_length=100)] = None,
    aggregate_id: UUID | None = None,
    after: Annotated[str | None, Query(max_length=150, description="`next_after` of the page before")] = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Events that could not be handled, and those that wait behind them."""
    items, next_after = await queries.parked(
        session, subscriber=subscriber, aggregate_id=aggregate_id, after=after, limit=limit
    )
    return {"items": items, "next_after": next_after}


@router.post(
    "/parked/{subscriber}/{position}/retry",
    response_model=ParkedEventOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("O7"),
)
async def retry_parked_event(
    subscriber: Annotated[str, Path(max_length=100)],
    position: Annotated[int, Path(ge=0, le=MAX_POSITION)],
    principal: Manager,
    session: Tx,
) -> ParkedRow:
    """Have the worker try it again now; if it waits behind another one, that one first."""
    return await service.retry_parked(session, principal, subscriber, position)
