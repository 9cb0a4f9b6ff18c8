"""API keys of my organization's programs and partners."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute, secret_answer
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity import queries
from distro_api.identity.errors import CannotGrant, ExpiryInThePast, NotForKeys, TooManyKeys, UnknownPermission
from distro_api.identity.models import ApiKey, UserStatus
from distro_api.identity.permissions import for_keys, listed
from distro_api.identity.principal import Principal, Require
from distro_api.identity.router.wiring import FromAccess
from distro_api.identity.schemas import ApiKeyOut, CreateApiKey, IssuedApiKeyOut, RotateApiKey, UpdateApiKey
from distro_api.identity.service import api_keys
from distro_api.identity.service.access import granted
from distro_api.identity.states import KeyStatus, status_of_key

router = APIRouter(prefix=f"{API}/api-keys", tags=["api_keys"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Require("api_keys:read")]
Manager = Annotated[Principal, Require("api_keys:manage")]
MADE = (CannotGrant, UnknownPermission, NotForKeys, ExpiryInThePast)
"""What may be wrong with what a key is to be."""


async def _keys_out(session: AsyncSession, principal: Principal, rows: Sequence[ApiKey]) -> list[dict[str, object]]:
    organization = await queries.organization(session, principal, principal.organization_id)
    people = await queries.people(session, {row.user_id for row in rows})
    roles = await queries.roles_of_users(session, people)
    secrets = await queries.secrets_of_keys(session, [row.id for row in rows])
    now, out = clock.now(), []
    for row in rows:
        user = people[row.user_id]
        status = status_of_key(row.revoked_at, row.expires_at, now)
        alive = status is KeyStatus.ACTIVE and user.status is UserStatus.ACTIVE
        held = granted(organization.kind, roles.get(user.id, ()), organization.withheld) if alive else ()
        told = {
            "status": status,
            "user": user,
            "effective_scopes": listed(for_keys(row.scopes) & frozenset(held)),
            "secrets": secrets.get(row.id, []) if status is not KeyStatus.REVOKED else [],
        }
        out.append({name: getattr(row, name) for name in ApiKeyOut.model_fields if name not in told} | told)
    return out


async def _key_out(session: AsyncSession, principal: Principal, row: ApiKey, response: Response) -> dict[str, object]:
    response.headers["ETag"] = etag(row.version)
    return (await _keys_out(session, principal, [row]))[0]


@router.post(
    "",
    response_model=IssuedApiKeyOut,
    status_code=201,
    responses=problems(*MADE, TooManyKeys),
    openapi_extra=capability("I13"),
)
@secret_answer("secret")
async def create_api_key(
    command: CreateApiKey, principal: Manager, session: Tx, request: Request, response: Response
) -> object:
    """Make a key that acts for me, with some of my permissions. Its secret is shown this once."""
    made = await api_keys.create(
        session,
        request.app.state.settings.root_key,
        principal,
        name=command.name,
        scopes=command.scopes,
        networks=command.networks,
        expires_at=command.expires_at,
    )
    response.headers["Location"] = f"{API}/api-keys/{made.key.id}"
    return await _key_out(session, principal, made.key, response) | {"secret": made.secret}


@router.get("", response_model=Page[ApiKeyOut], openapi_extra=capability("I13"))
async def list_api_keys(
    principal: Reader,
    session: Read,
    paging: Paging,
    status: KeyStatus | None = None,
    user_id: Annotated[UUID | None, Query(description="Those that act for this user")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the name")] = None,
    sort: Literal["created_at", "-created_at", "name", "-name"] = "-created_at",
) -> object:
    """The keys of my organization: whom they act for, what they may do, when they were last used."""
    rows, cursor, total = await page(
        session,
        queries.keys_where(principal, status=status, user_id=user_id, q=q),
        paging,
        sorts={"created_at": ApiKey.created_at, "name": ApiKey.name},
        sort=sort,
        tie=ApiKey.id,
    )
    return {"items": await _keys_out(session, principal, rows), "next_cursor": cursor, "total": total}


@router.get("/{key_id}", response_model=ApiKeyOut, responses=problems(NotFoundHere), openapi_extra=capability("I13"))
async def get_api_key(key_id: UUID, principal: Reader, session: Read, response: Response) -> object:
    """One key, without its secret."""
    return await _key_out(session, principal, await queries.api_key(session, principal, key_id), response)


@router.patch(
    "/{key_id}",
    response_model=ApiKeyOut,
    responses=problems(NotFoundHere, PreconditionFailed, StateConflict, *MADE),
    openapi_extra=capability("I13"),
)
async def update_api_key(
    key_id: UUID,
    command: UpdateApiKey,
    principal: Manager,
    session: Tx,
    access: FromAccess,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Change name, scopes, networks or expiry of a key; programs that use it are affected within a second."""
    changed = await api_keys.update(session, access, principal, key_id, changes=command.sent(), if_match=if_match)
    return await _key_out(session, principal, changed, response)


@router.post(
    "/{key_id}/rotate",
    response_model=IssuedApiKeyOut,
    responses=problems(NotFoundHere, PreconditionFailed, StateConflict, CannotGrant),
    openapi_extra=capability("I13"),
)
@secret_answer("secret")
async def rotate_api_key(
    key_id: UUID,
    command: RotateApiKey,
    principal: Manager,
    session: Tx,
    access: FromAccess,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Give a key a new secret; the old one stays good for a while. From now on the key acts for me."""
    issued = await api_keys.rotate(
        session,
        request.app.state.settings.root_key,
        access,
        principal,
        key_id,
        overlap_s=command.overlap_s,
        if_match=if_match,
    )
    return await _key_out(session, principal, issued.key, response) | {"secret": issued.secret}


@router.delete(
    "/{key_id}",
    status_code=204,
    responses=problems(NotFoundHere, PreconditionFailed, StateConflict),
    openapi_extra=capability("I13"),
)
async def revoke_api_key(
    key_id: UUID, principal: Manager, session: Tx, access: FromAccess, if_match: IfMatch = None
) -> None:
    """End a key for good, within a second. It stays in the list, for the audit trail names it."""
    await api_keys.revoke(session, access, principal, key_id, if_match=if_match)
