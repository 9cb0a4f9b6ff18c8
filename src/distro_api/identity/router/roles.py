"""Roles and permissions: an organization's own, and what the platform lets another one do."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, language_of, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity import queries
from distro_api.identity.errors import BuiltInRole, CannotGrant, RoleInUse, RoleNameTaken, UnknownPermission
from distro_api.identity.models import Organization, Role
from distro_api.identity.permissions import PERMISSIONS, for_keys
from distro_api.identity.principal import Principal, Require
from distro_api.identity.router.wiring import FromAccess
from distro_api.identity.schemas import (
    CreateRole,
    LimitOrganization,
    OrganizationPermissionsOut,
    PermissionsOut,
    RoleBrief,
    RoleOut,
    UpdateRole,
)
from distro_api.identity.service import roles
from distro_api.identity.service.access import allowed, granted

router = APIRouter(prefix=f"{API}/roles", tags=["roles"], route_class=IdempotentRoute)
permissions = APIRouter(prefix=f"{API}/permissions", tags=["roles"], route_class=IdempotentRoute)
limits = APIRouter(prefix=f"{API}/organizations", tags=["organizations"], route_class=IdempotentRoute)
PLAIN = (*RoleBrief.model_fields, "description", "created_at", "updated_at", "version")
Reader = Annotated[Principal, Require("roles:read")]
Manager = Annotated[Principal, Require("roles:manage")]


async def _roles_out(session: AsyncSession, principal: Principal, rows: Sequence[Role]) -> list[dict[str, object]]:
    organization = await queries.organization(session, principal, principal.organization_id)
    users = await queries.holders(session, [row.id for row in rows])
    return [
        {
            **{name: getattr(row, name) for name in PLAIN},
            "permissions": sorted(granted(organization.kind, [row], organization.withheld)),
            "users": users.get(row.id, 0),
        }
        for row in rows
    ]


async def _role_out(session: AsyncSession, principal: Principal, row: Role, response: Response) -> dict[str, object]:
    response.headers["ETag"] = etag(row.version)
    return (await _roles_out(session, principal, [row]))[0]


@permissions.get("", response_model=PermissionsOut, openapi_extra=capability("I8"))
async def list_permissions(principal: Reader, session: Read, request: Request) -> object:
    """What the people of my organization may be allowed, which is what roles are made of."""
    organization = await queries.organization(session, principal, principal.organization_id)
    names, keys = allowed(organization.kind, organization.withheld), for_keys(PERMISSIONS)
    language = language_of(request.headers)
    items = [
        {
            "name": name,
            "title": permission.title.of(language),
            "held": name in principal.permissions,
            "for_api_keys": name in keys,
        }
        for name, permission in PERMISSIONS.items()
        if name in names
    ]
    return {"items": items}


@router.post(
    "",
    response_model=RoleOut,
    status_code=201,
    responses=problems(CannotGrant, UnknownPermission, RoleNameTaken),
    openapi_extra=capability("I8"),
)
async def create_role(
    command: CreateRole, principal: Manager, session: Tx, access: FromAccess, response: Response
) -> object:
    """Make a role of permissions that I hold myself."""
    made = await roles.create(
        session,
        access,
        principal,
        name=command.name,
        description=command.description,
        permissions=command.permissions,
    )
    response.headers["Location"] = f"{API}/roles/{made.id}"
    return await _role_out(session, principal, made, response)


@router.get("", response_model=Page[RoleOut], openapi_extra=capability("I8"))
async def list_roles(
    principal: Reader,
    session: Read,
    paging: Paging,
    built_in: Annotated[
        bool | None, Query(description="Only those that came with the organization, or only others")
    ] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the name")] = None,
    sort: Literal["created_at", "-created_at", "name", "-name"] = "created_at",
) -> object:
    """The roles of my organization with what they grant."""
    rows, cursor, total = await page(
        session,
        queries.roles_where(principal, built_in=built_in, q=q),
        paging,
        sorts={"created_at": Role.created_at, "name": Role.name},
        sort=sort,
        tie=Role.id,
    )
    return {"items": await _roles_out(session, principal, rows), "next_cursor": cursor, "total": total}


@router.get("/{role_id}", response_model=RoleOut, responses=problems(NotFoundHere), openapi_extra=capability("I8"))
async def get_role(role_id: UUID, principal: Reader, session: Read, response: Response) -> object:
    """One role."""
    return await _role_out(session, principal, await queries.role(session, principal, role_id), response)


@router.patch(
    "/{role_id}",
    response_model=RoleOut,
    responses=problems(NotFoundHere, PreconditionFailed, BuiltInRole, CannotGrant, UnknownPermission, RoleNameTaken),
    openapi_extra=capability("I8"),
)
async def update_role(
    role_id: UUID,
    command: UpdateRole,
    principal: Manager,
    session: Tx,
    access: FromAccess,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Change a custom role; whoever holds it is affected within a second, without signing in again."""
    changed = await roles.update(session, access, principal, role_id, changes=command.sent(), if_match=if_match)
    return await _role_out(session, principal, changed, response)


@router.delete(
    "/{role_id}",
    status_code=204,
    responses=problems(NotFoundHere, PreconditionFailed, BuiltInRole, CannotGrant, RoleInUse),
    openapi_extra=capability("I8"),
)
async def delete_role(
    role_id: UUID, principal: Manager, session: Tx, access: FromAccess, if_match: IfMatch = None
) -> None:
    """Delete a custom role that nobody holds."""
    await roles.delete(session, access, principal, role_id, if_match=if_match)


def _limits_out(organization: Organization, response: Response) -> dict[str, object]:
    response.headers["ETag"] = etag(organization.version)
    return {
        "organization_id": organization.id,
        "kind": organization.kind,
        "permissions": sorted(allowed(organization.kind, organization.withheld)),
        "withheld": organization.withheld,
        "version": organization.version,
    }


@limits.get(
    "/{organization_id}/permissions",
    response_model=OrganizationPermissionsOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("I8"),
)
async def get_organization_permissions(
    organization_id: UUID,
    principal: Annotated[Principal, Require("organizations:read")],
    session: Read,
    response: Response,
) -> object:
    """What an organization's people may be allowed, and what the platform withholds from them."""
    return _limits_out(await queries.organization(session, principal, organization_id), response)


@limits.put(
    "/{organization_id}/permissions",
    response_model=OrganizationPermissionsOut,
    responses=problems(NotFoundHere, PreconditionFailed, UnknownPermission, StateConflict),
    openapi_extra=capability("I8"),
)
async def limit_organization(
    organization_id: UUID,
    command: LimitOrganization,
    principal: Annotated[Principal, Require("organizations:manage")],
    session: Tx,
    access: FromAccess,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Withhold permissions from an organization: nobody there holds them, owners and API keys included."""
    limited = await roles.limit(
        session,
        access,
        principal,
        organization_id,
        withheld=command.withheld,
        reason=command.reason,
        if_match=if_match,
    )
    return _limits_out(limited, response)
