"""Supply relations."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.core.schemas import Instant
from distro_api.identity.principal import Principal, Require
from distro_api.relations import queries, service
from distro_api.relations.errors import RelationExists, TooManyTiers, UnknownDistributor
from distro_api.relations.models import RelationChange, RelationStatus, Sells, Side, SupplyRelation
from distro_api.relations.schemas import (
    OpenRelation,
    RelationChangeOut,
    RelationOut,
    ResumeRelation,
    SetTier,
    StopRelation,
    TiersSetOut,
    UpdateRelation,
)
from distro_api.relations.states import RelationAction

router = APIRouter(prefix=f"{API}/supply-relations", tags=["relations"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Require("relations:read")]
Manager = Annotated[Principal, Require("relations:manage")]
SORTS = {"created_at": SupplyRelation.created_at, "updated_at": SupplyRelation.updated_at}


async def _relations_out(session: AsyncSession, rows: Sequence[SupplyRelation]) -> list[dict[str, object]]:
    parties = await queries.parties(session, rows)
    plain = [name for name in RelationOut.model_fields if name not in ("supplier", "distributor")]
    return [
        {name: getattr(row, name) for name in plain}
        | {"supplier": parties[row.supplier_id], "distributor": parties[row.distributor_id]}
        for row in rows
    ]


async def _relation_out(session: AsyncSession, row: SupplyRelation, response: Response) -> dict[str, object]:
    response.headers["ETag"] = etag(row.version)
    return (await _relations_out(session, [row]))[0]


@router.post(
    "",
    response_model=RelationOut,
    status_code=201,
    responses=problems(UnknownDistributor, RelationExists, TooManyTiers),
    openapi_extra=capability("R2", "R4"),
)
async def open_supply_relation(command: OpenRelation, principal: Manager, session: Tx, response: Response) -> object:
    """Take an existing distributor as a partner at once, if it lets every supplier do that or has asked for it.

    All others are invited (`POST /partner-invitations`): here they are not told from those who do not exist.
    """
    opened = await service.open_relation(
        session,
        principal.actor,
        principal.organization_id,
        distributor_id=command.distributor_id,
        tier=command.tier,
        sells=command.sells,
    )
    response.headers["Location"] = f"/api/v1/supply-relations/{opened.id}"
    return await _relation_out(session, opened, response)


@router.get("", response_model=Page[RelationOut], openapi_extra=capability("R2", "R4"))
async def list_supply_relations(
    principal: Reader,
    session: Read,
    paging: Paging,
    supplier_id: UUID | None = None,
    distributor_id: UUID | None = None,
    status: RelationStatus | None = None,
    tier: Annotated[str | None, Query(max_length=32)] = None,
    sells: Sells | None = None,
    created_from: Annotated[Instant | None, Query(description="From this instant on")] = None,
    created_to: Annotated[Instant | None, Query(description="Before this instant")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the other side's name")] = None,
    sort: Literal["created_at", "-created_at", "updated_at", "-updated_at"] = "-created_at",
) -> object:
    """Who works with whom: my own relations, all for the platform."""
    found = queries.relations_where(
        principal,
        supplier_id=supplier_id,
        distributor_id=distributor_id,
        status=status,
        tier=tier,
        sells=sells,
        created_from=created_from,
        created_to=created_to,
        q=q,
    )
    rows, cursor, total = await page(session, found, paging, sorts=SORTS, sort=sort, tie=SupplyRelation.id)
    return {"items": await _relations_out(session, rows), "next_cursor": cursor, "total": total}


@router.post("/set-tier", response_model=TiersSetOut, responses=problems(TooManyTiers), openapi_extra=capability("R4"))
async def set_tier(command: SetTier, principal: Manager, session: Tx) -> object:
    """Give many distributors one tier, or none; a result for each."""
    results = await service.set_tier(session, principal, command.relation_ids, command.tier)
    return {
        "lines": [
            {"relation_id": relation_id, "result": result}
            for relation_id, result in zip(command.relation_ids, results, strict=True)
        ]
    }


@router.get(
    "/{relation_id}",
    response_model=RelationOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("R2", "R4"),
)
async def get_supply_relation(relation_id: UUID, principal: Reader, session: Read, response: Response) -> object:
    """One relation."""
    return await _relation_out(session, await queries.relation(session, principal, relation_id), response)


@router.patch(
    "/{relation_id}",
    response_model=RelationOut,
    responses=problems(NotFoundHere, PreconditionFailed, TooManyTiers),
    openapi_extra=capability("R4"),
)
async def update_supply_relation(
    relation_id: UUID,
    command: UpdateRelation,
    principal: Manager,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Change the distributor's tier (null: none) and whether it sells all or listed SKUs."""
    row = await service.update_relation(session, principal, relation_id, command, if_match)
    return await _relation_out(session, row, response)


@router.post(
    "/{relation_id}/stop",
    response_model=RelationOut,
    responses=problems(NotFoundHere, StateConflict, PreconditionFailed),
    openapi_extra=capability("R2"),
)
async def stop_supply_relation(
    relation_id: UUID,
    principal: Manager,
    session: Tx,
    response: Response,
    command: StopRelation | None = None,
    if_match: IfMatch = None,
) -> object:
    """Stop the cooperation: no new orders, no new recharges; running orders finish."""
    reason = command.reason if command else None
    row = await service.apply(session, principal, relation_id, RelationAction.STOP, if_match, reason=reason)
    return await _relation_out(session, row, response)


@router.post(
    "/{relation_id}/resume",
    response_model=RelationOut,
    responses=problems(NotFoundHere, StateConflict, PreconditionFailed),
    openapi_extra=capability("R2"),
)
async def resume_supply_relation(
    relation_id: UUID,
    principal: Manager,
    session: Tx,
    response: Response,
    command: ResumeRelation | None = None,
    if_match: IfMatch = None,
) -> object:
    """Go on with a stopped cooperation."""
    reason = command.reason if command else None
    row = await service.apply(session, principal, relation_id, RelationAction.RESUME, if_match, reason=reason)
    return await _relation_out(session, row, response)


@router.get(
    "/{relation_id}/history",
    response_model=Page[RelationChangeOut],
    responses=problems(NotFoundHere),
    openapi_extra=capability("R2", "R4"),
)
async def list_relation_history(
    relation_id: UUID,
    principal: Reader,
    session: Read,
    paging: Paging,
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> object:
    """What happened in this relation, and why: opened, stopped, resumed, other terms."""
    found = await queries.relation(session, principal, relation_id)
    rows, cursor, total = await page(
        session,
        queries.changes_of(found.id),
        paging,
        sorts={"created_at": RelationChange.created_at},
        sort=sort,
        tie=RelationChange.id,
    )
    sides = {found.supplier_id: Side.SUPPLIER, found.distributor_id: Side.DISTRIBUTOR}
    plain = [name for name in RelationChangeOut.model_fields if name != "by"]
    items = [{name: getattr(row, name) for name in plain} | {"by": sides.get(row.organization_id)} for row in rows]
    return {"items": items, "next_cursor": cursor, "total": total}
