"""Registration data of organizations, requests to change it, and the divisions that addresses name."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.admission import ApiRoute
from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity import queries
from distro_api.identity.errors import (
    ChangePending,
    CreditCodeTaken,
    InvalidCreditCode,
    InvalidPhone,
    NothingToChange,
    UnknownRegion,
)
from distro_api.identity.models import ChangeStatus, OrganizationChange
from distro_api.identity.principal import Principal, Require
from distro_api.identity.router.wiring import FromMessages
from distro_api.identity.schemas import ChangeOut, DivisionOut, ProfileOut, RejectChange, RequestChange
from distro_api.identity.service import divisions, profiles

router = APIRouter(prefix=f"{API}/organizations", tags=["organizations"], route_class=IdempotentRoute)
changes = APIRouter(prefix=f"{API}/organization-changes", tags=["organizations"], route_class=IdempotentRoute)
places = APIRouter(prefix=f"{API}/divisions", tags=["organizations"], route_class=ApiRoute)
Reader = Annotated[Principal, Require("organizations:read")]
Editor = Annotated[Principal, Require("organizations:edit")]
Reviewer = Annotated[Principal, Require("organizations:review")]
ENDING = problems(NotFoundHere, StateConflict, PreconditionFailed)


def _change_out(request: Request, asked: OrganizationChange, organization_name: str) -> dict[str, Any]:
    seal = profiles.bank_box(request.app.state.settings.root_key)
    before, after = profiles.shown(seal, asked.before), profiles.shown(seal, asked.after)
    told = {
        "organization_name": organization_name,
        "changes": [{"field": name, "before": before[name], "after": after[name]} for name in sorted(after)],
    }
    return {name: getattr(asked, name) for name in ChangeOut.model_fields if name not in told} | told


async def _answer(
    request: Request, session: AsyncSession, asked: OrganizationChange, response: Response
) -> dict[str, Any]:
    names = await queries.names_of(session, {asked.organization_id})
    response.headers["ETag"] = etag(asked.version)
    return _change_out(request, asked, names[asked.organization_id])


@router.get(
    "/{organization_id}/profile",
    response_model=ProfileOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("I11"),
)
async def get_profile(organization_id: UUID, principal: Reader, session: Read, request: Request) -> object:
    """What an organization is registered with; of its bank account the last digits."""
    found = await queries.organization(session, principal, organization_id)
    pending = await queries.pending_change(session, organization_id)
    seal = profiles.bank_box(request.app.state.settings.root_key)
    told = profiles.shown(seal, await profiles.values_of(session, found))
    return told | {"organization_id": found.id, "pending_change_id": pending.id if pending else None}


@router.post(
    "/{organization_id}/changes",
    response_model=ChangeOut,
    status_code=201,
    responses=problems(
        NotFoundHere, InvalidCreditCode, UnknownRegion, InvalidPhone, NothingToChange, CreditCodeTaken, ChangePending
    ),
    openapi_extra=capability("I11"),
)
async def request_organization_change(
    organization_id: UUID,
    command: RequestChange,
    principal: Editor,
    session: Tx,
    request: Request,
    response: Response,
) -> object:
    """Ask for a change of my organization's data. The platform reviews it; until then everything stays as it is."""
    given = command.model_dump(mode="json", include=command.model_fields_set - {"note"})
    asked = await profiles.request_change(
        session,
        request.app.state.settings.root_key,
        principal,
        organization_id,
        given=given,
        note=command.note,
    )
    response.headers["Location"] = f"/api/v1/organization-changes/{asked.id}"
    return await _answer(request, session, asked, response)


@changes.get("", response_model=Page[ChangeOut], openapi_extra=capability("I11"))
async def list_organization_changes(
    principal: Reader,
    session: Read,
    paging: Paging,
    request: Request,
    organization_id: UUID | None = None,
    status: ChangeStatus | None = None,
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> object:
    """Requests to change organizations' data, reviewed or not: all for the platform, my own for the others."""
    rows, cursor, total = await page(
        session,
        queries.changes_where(principal, organization_id=organization_id, status=status),
        paging,
        sorts={"created_at": OrganizationChange.created_at},
        sort=sort,
        tie=OrganizationChange.id,
    )
    names = await queries.names_of(session, {row.organization_id for row in rows})
    items = [_change_out(request, row, names[row.organization_id]) for row in rows]
    return {"items": items, "next_cursor": cursor, "total": total}


@changes.get(
    "/{change_id}", response_model=ChangeOut, responses=problems(NotFoundHere), openapi_extra=capability("I11")
)
async def get_organization_change(
    change_id: UUID, principal: Reader, session: Read, request: Request, response: Response
) -> object:
    """One request, field by field."""
    return await _answer(request, session, await queries.organization_change(session, principal, change_id), response)


@changes.post(
    "/{change_id}/approve",
    response_model=ChangeOut,
    responses=problems(NotFoundHere, StateConflict, PreconditionFailed, CreditCodeTaken),
    openapi_extra=capability("I11"),
)
async def approve_organization_change(
    change_id: UUID,
    principal: Reviewer,
    session: Tx,
    request: Request,
    response: Response,
    messages: FromMessages,
    if_match: IfMatch = None,
) -> object:
    """Put a change into force; who asked for it is told by message."""
    asked = await profiles.approve(session, messages, principal, change_id, if_match=if_match)
    return await _answer(request, session, asked, response)


@changes.post("/{change_id}/reject", response_model=ChangeOut, responses=ENDING, openapi_extra=capability("I11"))
async def reject_organization_change(
    change_id: UUID,
    command: RejectChange,
    principal: Reviewer,
    session: Tx,
    request: Request,
    response: Response,
    messages: FromMessages,
    if_match: IfMatch = None,
) -> object:
    """Turn a change down; nothing changes, and who asked for it is told why by message."""
    asked = await profiles.reject(session, messages, principal, change_id, reason=command.reason, if_match=if_match)
    return await _answer(request, session, asked, response)


@changes.post("/{change_id}/withdraw", response_model=ChangeOut, responses=ENDING, openapi_extra=capability("I11"))
async def withdraw_organization_change(
    change_id: UUID,
    principal: Editor,
    session: Tx,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Take my organization's request back; another one may be made then."""
    asked = await profiles.withdraw(session, principal, change_id, if_match=if_match)
    return await _answer(request, session, asked, response)


@places.get("", response_model=list[DivisionOut], openapi_extra=capability("I11"))
async def list_divisions(
    parent: Annotated[
        str | None,
        Query(pattern=r"^[0-9]{2}([0-9]{2})?$", description="Code of a province or city; left out: provinces"),
    ] = None,
) -> object:
    """Provinces, or what a province or city is made of. Public facts: forms need them before one has an account."""
    return divisions.parts_of(parent)
