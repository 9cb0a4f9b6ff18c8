"""A supplier's tiers of distributors."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity.principal import Principal, Require
from distro_api.relations import queries, service
from distro_api.relations.errors import TierExists, TierInUse, TooManyTiers
from distro_api.relations.models import DistributorTier
from distro_api.relations.schemas import CreateTier, EditTier, TierOut

router = APIRouter(prefix=f"{API}/distributor-tiers", tags=["relations"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Require("tiers:read")]
Manager = Annotated[Principal, Require("tiers:manage")]
SORTS = {
    "rank": DistributorTier.rank,
    "name": DistributorTier.name,
    "created_at": DistributorTier.created_at,
}


async def _tiers_out(session: AsyncSession, rows: Sequence[DistributorTier]) -> list[dict[str, object]]:
    counts = await queries.distributors_by_tier(session, {row.supplier_id for row in rows})
    plain = [name for name in TierOut.model_fields if name != "distributors"]
    return [
        {name: getattr(row, name) for name in plain} | {"distributors": counts.get((row.supplier_id, row.name), 0)}
        for row in rows
    ]


async def _tier_out(session: AsyncSession, row: DistributorTier, response: Response) -> dict[str, object]:
    response.headers["ETag"] = etag(row.version)
    return (await _tiers_out(session, [row]))[0]


@router.post(
    "",
    response_model=TierOut,
    status_code=201,
    responses=problems(TierExists, TooManyTiers),
    openapi_extra=capability("R4"),
)
async def create_tier(command: CreateTier, principal: Manager, session: Tx, response: Response) -> object:
    """Add a tier to my list. Naming a new one in a relation, strategy or rule does the same."""
    made = await service.create_tier(session, principal, command)
    response.headers["Location"] = f"{API}/distributor-tiers/{made.id}"
    return await _tier_out(session, made, response)


@router.get("", response_model=Page[TierOut], openapi_extra=capability("R4"))
async def list_tiers(
    principal: Reader,
    session: Read,
    paging: Paging,
    supplier_id: UUID | None = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the name")] = None,
    sort: Literal["rank", "-rank", "name", "-name", "created_at", "-created_at"] = "rank",
) -> object:
    """My tiers, highest first, each with the number of its distributors; everybody's for the platform."""
    found = queries.tiers_where(principal, supplier_id=supplier_id, q=q)
    rows, cursor, total = await page(session, found, paging, sorts=SORTS, sort=sort, tie=DistributorTier.id)
    return {"items": await _tiers_out(session, rows), "next_cursor": cursor, "total": total}


@router.get("/{tier_id}", response_model=TierOut, responses=problems(NotFoundHere), openapi_extra=capability("R4"))
async def get_tier(tier_id: UUID, principal: Reader, session: Read, response: Response) -> object:
    """One tier."""
    return await _tier_out(session, await queries.tier(session, principal, tier_id), response)


@router.patch(
    "/{tier_id}",
    response_model=TierOut,
    responses=problems(NotFoundHere, PreconditionFailed, TierExists),
    openapi_extra=capability("R4"),
)
async def edit_tier(
    tier_id: UUID,
    command: EditTier,
    principal: Manager,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Rename or re-rank a tier; what names it follows at once."""
    row = await service.edit_tier(session, principal, tier_id, command, if_match)
    return await _tier_out(session, row, response)


@router.delete(
    "/{tier_id}",
    status_code=204,
    responses=problems(NotFoundHere, PreconditionFailed, TierInUse),
    openapi_extra=capability("R4"),
)
async def delete_tier(tier_id: UUID, principal: Manager, session: Tx, if_match: IfMatch = None) -> None:
    """Delete a tier that no distributor has and no strategy or rule names."""
    await service.delete_tier(session, principal, tier_id, if_match)
