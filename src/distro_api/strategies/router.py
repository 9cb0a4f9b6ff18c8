"""Strategies and official holidays over HTTP."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from distro_api.core import clock
from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, NotSupportedYet, PreconditionFailed, StateConflict, ValidationFailed
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging
from distro_api.core.schemas import Day, ShortText
from distro_api.identity.principal import Principal, Require
from distro_api.products.errors import UnknownReference
from distro_api.strategies import queries, service
from distro_api.strategies.errors import StrategyEmpty, StrategyItemInvalid, TooManyItems
from distro_api.strategies.models import BusinessMode, Channel, Holiday, Strategy, StrategyItem, StrategyStatus
from distro_api.strategies.schemas import (
    CreateStrategy,
    EditStrategy,
    HolidayOut,
    ItemTerms,
    PutHoliday,
    PutStrategyItems,
    StrategyItemIn,
    StrategyItemOut,
    StrategyOut,
    StrategySummaryOut,
)

router = APIRouter(prefix=f"{API}/strategies", tags=["strategies"], route_class=IdempotentRoute)
holidays = APIRouter(prefix=f"{API}/holidays", tags=["holidays"], route_class=IdempotentRoute)

Reader = Annotated[Principal, Require("strategies:read")]
Editor = Annotated[Principal, Require("strategies:edit")]
Anyone = Annotated[Principal, Require("catalogue:read")]
HolidayManager = Annotated[Principal, Require("holidays:manage")]
ITEM_PROBLEMS = problems(
    NotFoundHere, PreconditionFailed, NotSupportedYet, StrategyItemInvalid, UnknownReference, TooManyItems
)
ROWS = capability("G1", "G2", "G3", "G4")


@router.post(
    "",
    response_model=StrategyOut,
    status_code=201,
    responses=problems(NotSupportedYet, StrategyItemInvalid, UnknownReference),
    openapi_extra=ROWS,
)
async def create_strategy(command: CreateStrategy, principal: Editor, session: Tx, response: Response) -> Strategy:
    """Write a draft: to whom, when, paid and refunded how, which SKUs at which price. Activate it to sell by it."""
    strategy = await service.create_strategy(session, principal, command)
    response.headers["Location"] = f"/api/v1/strategies/{strategy.id}"
    return _answer(response, strategy)


@router.get("", response_model=Page[StrategySummaryOut], openapi_extra=ROWS)
async def list_strategies(
    principal: Reader,
    session: Read,
    paging: Paging,
    status: StrategyStatus | None = None,
    channel: Channel | None = None,
    business_mode: BusinessMode | None = None,
    supplier_id: UUID | None = None,
    sku_id: UUID | None = None,
    q: Annotated[ShortText | None, Query(description="Part of the name")] = None,
    sort: Literal["created_at", "-created_at", "priority", "-priority"] = "-created_at",
) -> dict[str, Any]:
    """Your strategies without their items; the platform sees everybody's."""
    items, next_cursor, total = await queries.strategies(
        session,
        principal,
        paging,
        sort=sort,
        status=status,
        channel=channel,
        business_mode=business_mode,
        supplier_id=supplier_id,
        sku_id=sku_id,
        q=q,
    )
    return {"items": items, "next_cursor": next_cursor, "total": total}


@router.get("/{strategy_id}", response_model=StrategyOut, responses=problems(NotFoundHere), openapi_extra=ROWS)
async def get_strategy(strategy_id: UUID, principal: Reader, session: Read, response: Response) -> Strategy:
    """One strategy with its items."""
    return _answer(response, await queries.strategy(session, principal, strategy_id))


@router.patch(
    "/{strategy_id}",
    response_model=StrategyOut,
    responses=problems(
        NotFoundHere, PreconditionFailed, NotSupportedYet, StrategyItemInvalid, UnknownReference, ValidationFailed
    ),
    openapi_extra=ROWS,
)
async def edit_strategy(
    strategy_id: UUID,
    command: EditStrategy,
    principal: Editor,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Strategy:
    """Change what is sent, at once; placed orders keep their terms."""
    return _answer(response, await service.edit_strategy(session, principal, strategy_id, command, if_match))


@router.post(
    "/{strategy_id}/activate",
    response_model=StrategyOut,
    responses=problems(NotFoundHere, PreconditionFailed, StateConflict, StrategyEmpty),
    openapi_extra=ROWS,
)
async def activate_strategy(
    strategy_id: UUID, principal: Editor, session: Tx, response: Response, if_match: IfMatch = None
) -> Strategy:
    """Sell by it, within its dates."""
    return _answer(response, await service.activate_strategy(session, principal, strategy_id, if_match))


@router.post(
    "/{strategy_id}/pause",
    response_model=StrategyOut,
    responses=problems(NotFoundHere, PreconditionFailed, StateConflict),
    openapi_extra=ROWS,
)
async def pause_strategy(
    strategy_id: UUID, principal: Editor, session: Tx, response: Response, if_match: IfMatch = None
) -> Strategy:
    """Stop selling by it until it is activated again."""
    return _answer(response, await service.pause_strategy(session, principal, strategy_id, if_match))


@router.get(
    "/{strategy_id}/items",
    response_model=Page[StrategyItemOut],
    responses=problems(NotFoundHere),
    openapi_extra=capability("G3"),
)
async def list_strategy_items(strategy_id: UUID, principal: Reader, session: Read, paging: Paging) -> dict[str, Any]:
    """The SKUs of a strategy with their prices and limits."""
    items, next_cursor, total = await queries.items(session, principal, strategy_id, paging)
    return {"items": items, "next_cursor": next_cursor, "total": total}


@router.put("/{strategy_id}/items", response_model=StrategyOut, responses=ITEM_PROBLEMS, openapi_extra=capability("G3"))
async def put_strategy_items(
    strategy_id: UUID,
    command: PutStrategyItems,
    principal: Editor,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Strategy:
    """Add or replace the items named; the others stay."""
    return _answer(response, await service.put_items(session, principal, strategy_id, command.items, if_match))


@router.put(
    "/{strategy_id}/items/{sku_id}",
    response_model=StrategyItemOut,
    responses=ITEM_PROBLEMS,
    openapi_extra=capability("G3"),
)
async def put_strategy_item(
    strategy_id: UUID,
    sku_id: UUID,
    command: ItemTerms,
    principal: Editor,
    session: Tx,
    if_match: IfMatch = None,
) -> StrategyItem:
    """Add or replace one item."""
    item = StrategyItemIn.model_validate(
        {name: getattr(command, name) for name in ItemTerms.model_fields} | {"sku_id": sku_id}
    )
    await service.put_items(session, principal, strategy_id, [item], if_match)
    return await queries.item(session, strategy_id, sku_id)


@router.delete(
    "/{strategy_id}/items/{sku_id}",
    status_code=204,
    responses=problems(NotFoundHere, PreconditionFailed),
    openapi_extra=capability("G3"),
)
async def delete_strategy_item(
    strategy_id: UUID, sku_id: UUID, principal: Editor, session: Tx, if_match: IfMatch = None
) -> None:
    """Take a SKU out."""
    await service.delete_item(session, principal, strategy_id, sku_id, if_match)


@holidays.get("", response_model=Page[HolidayOut], openapi_extra=capability("G3"))
async def list_holidays(
    principal: Anyone,
    session: Read,
    request: Request,
    year: Annotated[int | None, Query(ge=2000, le=2100, description="Default: this year")] = None,
) -> dict[str, Any]:
    """The official holidays and worked weekend days of a year, on one page."""
    year = year or clock.local_date(clock.now(), request.app.state.settings.time_zone).year
    items = await queries.holidays(session, date(year, 1, 1), date(year, 12, 31))
    return {"items": items, "next_cursor": None, "total": len(items)}


@holidays.put("/{day}", response_model=HolidayOut, openapi_extra=capability("G3"))
async def put_holiday(day: Day, command: PutHoliday, principal: HolidayManager, session: Tx) -> Holiday:
    """Set what a day is; prices follow at once."""
    return await service.put_holiday(session, principal, day, command)


@holidays.delete("/{day}", status_code=204, responses=problems(NotFoundHere), openapi_extra=capability("G3"))
async def delete_holiday(day: Day, principal: HolidayManager, session: Tx) -> None:
    """Let a day be what its weekday says."""
    await service.delete_holiday(session, principal, day)


def _answer(response: Response, strategy: Strategy) -> Strategy:
    response.headers["ETag"] = etag(strategy.version)
    return strategy
