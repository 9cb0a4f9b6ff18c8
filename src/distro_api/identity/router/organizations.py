"""Organizations."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity import queries
from distro_api.identity.errors import EmailTaken, InvalidPhone, PhoneTaken, UsernameTaken, WeakPassword
from distro_api.identity.models import Kind, Organization, OrganizationStatus, PartnerPolicy
from distro_api.identity.principal import Principal, Require
from distro_api.identity.router.wiring import Ended, FromAccess, FromMessages
from distro_api.identity.schemas import (
    CreateOrganization,
    OrganizationDetailOut,
    OrganizationOut,
    RejectOrganization,
    ResumeOrganization,
    SuspendOrganization,
)
from distro_api.identity.service import organizations
from distro_api.identity.service.organizations import NewUser

router = APIRouter(prefix=f"{API}/organizations", tags=["organizations"], route_class=IdempotentRoute)


async def _organization_out(session: AsyncSession, organization: Organization, response: Response) -> dict[str, object]:
    response.headers["ETag"] = etag(organization.version)
    house = await queries.house_of(session, organization.id) if organization.kind is Kind.SUPPLIER else None
    return {
        **{name: getattr(organization, name) for name in OrganizationOut.model_fields},
        "owner": await queries.owner_of(session, organization.id),
        "house_distributor_id": house.id if house else None,
    }


@router.post(
    "",
    response_model=OrganizationDetailOut,
    status_code=201,
    responses=problems(UsernameTaken, PhoneTaken, EmailTaken, InvalidPhone, WeakPassword),
    openapi_extra=capability("I1"),
)
async def create_organization(
    command: CreateOrganization,
    principal: Annotated[Principal, Require("organizations:manage")],
    session: Tx,
    response: Response,
) -> object:
    """Open an organization with its owner, active at once. A supplier gets its house distributor too.

    A distributor opened here may be added by every supplier that knows its id, unless `partner_policy` says otherwise.
    """
    owner = command.owner
    by_kind = PartnerPolicy.OPEN if command.kind is Kind.DISTRIBUTOR else PartnerPolicy.INVITATION
    made, _ = await organizations.create_organization(
        session,
        principal.actor,
        kind=command.kind,
        name=command.name,
        owner=NewUser(
            username=owner.username,
            password=owner.password.get_secret_value(),
            name=owner.name,
            phone=owner.phone,
            email=owner.email,
        ),
        partner_policy=command.partner_policy or by_kind,
    )
    response.headers["Location"] = f"/api/v1/organizations/{made.id}"
    return await _organization_out(session, made, response)


@router.get("", response_model=Page[OrganizationOut], openapi_extra=capability("I1"))
async def list_organizations(
    principal: Annotated[Principal, Require("organizations:read")],
    session: Read,
    paging: Paging,
    kind: Kind | None = None,
    status: OrganizationStatus | None = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the name, or the partner code")] = None,
    sort: Literal["created_at", "-created_at", "name", "-name"] = "-created_at",
) -> object:
    """Organizations: all for the platform, my own for the others."""
    rows, cursor, total = await page(
        session,
        queries.organizations_where(principal, kind=kind, status=status, q=q),
        paging,
        sorts={"created_at": Organization.created_at, "name": Organization.name},
        sort=sort,
        tie=Organization.id,
    )
    return {"items": rows, "next_cursor": cursor, "total": total}


@router.get(
    "/{organization_id}",
    response_model=OrganizationDetailOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("I1"),
)
async def get_organization(
    organization_id: UUID,
    principal: Annotated[Principal, Require("organizations:read")],
    session: Read,
    response: Response,
) -> object:
    """One organization with its owner."""
    found = await queries.organization(session, principal, organization_id)
    return await _organization_out(session, found, response)


@router.post(
    "/{organization_id}/approve",
    response_model=OrganizationDetailOut,
    responses=problems(NotFoundHere, StateConflict, PreconditionFailed),
    openapi_extra=capability("I5"),
)
async def approve_organization(
    organization_id: UUID,
    principal: Annotated[Principal, Require("organizations:review")],
    session: Tx,
    response: Response,
    access: FromAccess,
    messages: FromMessages,
    if_match: IfMatch = None,
) -> object:
    """Let an applicant trade; its owner is told by message, and can sign in. A supplier gets its house distributor."""
    found = await organizations.approve(session, access, messages, principal, organization_id, if_match=if_match)
    return await _organization_out(session, found, response)


@router.post(
    "/{organization_id}/reject",
    response_model=OrganizationDetailOut,
    responses=problems(NotFoundHere, StateConflict, PreconditionFailed),
    openapi_extra=capability("I5"),
)
async def reject_organization(
    organization_id: UUID,
    command: RejectOrganization,
    principal: Annotated[Principal, Require("organizations:review")],
    session: Tx,
    response: Response,
    messages: FromMessages,
    if_match: IfMatch = None,
) -> object:
    """Turn an applicant down; its owner is told the reason by message and at sign-in, and may register again."""
    found = await organizations.reject(
        session, messages, principal, organization_id, reason=command.reason, if_match=if_match
    )
    return await _organization_out(session, found, response)


@router.post(
    "/{organization_id}/suspend",
    response_model=OrganizationDetailOut,
    responses=problems(NotFoundHere, StateConflict, PreconditionFailed),
    openapi_extra=capability("I15"),
)
async def suspend_organization(
    organization_id: UUID,
    command: SuspendOrganization,
    principal: Annotated[Principal, Require("organizations:manage")],
    session: Tx,
    response: Response,
    ended: Ended,
    access: FromAccess,
    if_match: IfMatch = None,
) -> object:
    """Lock an organization out: within seconds its people's sessions end everywhere, and they cannot sign in.

    It trades no more: nothing of a supplier is offered or sold, a distributor orders nothing. What was sold stays sold:
    the other side pays, cancels and refunds running orders by their own rules; codes are redeemed, those of a suspended
    supplier by the platform in its name; orders that nobody pays close by themselves; balances stay as they are.
    """
    found = await organizations.suspend(
        session, ended, access, principal, organization_id, reason=command.reason, if_match=if_match
    )
    return await _organization_out(session, found, response)


@router.post(
    "/{organization_id}/resume",
    response_model=OrganizationDetailOut,
    responses=problems(NotFoundHere, StateConflict, PreconditionFailed),
    openapi_extra=capability("I15"),
)
async def resume_organization(
    organization_id: UUID,
    command: ResumeOrganization,
    principal: Annotated[Principal, Require("organizations:manage")],
    session: Tx,
    response: Response,
    access: FromAccess,
    if_match: IfMatch = None,
) -> object:
    """Let a suspended organization's people sign in again."""
    found = await organizations.resume(
        session, access, principal, organization_id, reason=command.reason, if_match=if_match
    )
    return await _organization_out(session, found, response)
