"""The accounts of my organization's people."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute, secret_answer
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity import queries
from distro_api.identity.errors import (
    CannotGrant,
    EmailTaken,
    InvalidPhone,
    LastOwner,
    OwnAccount,
    PhoneNeeded,
    PhoneTaken,
    UnknownRole,
    UsernameTaken,
)
from distro_api.identity.models import User, UserStatus
from distro_api.identity.principal import Principal, Require
from distro_api.identity.router.wiring import FromIssuer, FromMessages
from distro_api.identity.schemas import (
    CreateUser,
    Delivery,
    DisableUser,
    IssuedUserOut,
    IssuePassword,
    SetUserRoles,
    UpdateUser,
    UserOut,
)
from distro_api.identity.service import staff

router = APIRouter(prefix=f"{API}/users", tags=["users"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Require("users:read")]
Manager = Annotated[Principal, Require("users:manage")]
MANAGED = (NotFoundHere, PreconditionFailed, CannotGrant)
"""How any change of somebody's account may be refused."""


async def _users_out(session: AsyncSession, rows: Sequence[User]) -> list[dict[str, object]]:
    roles = await queries.roles_of_users(session, [row.id for row in rows])
    plain = [name for name in UserOut.model_fields if name != "roles"]
    return [{name: getattr(row, name) for name in plain} | {"roles": roles.get(row.id, [])} for row in rows]


async def _user_out(session: AsyncSession, row: User, response: Response) -> dict[str, object]:
    response.headers["ETag"] = etag(row.version)
    return (await _users_out(session, [row]))[0]


@router.post(
    "",
    response_model=IssuedUserOut,
    status_code=201,
    responses=problems(CannotGrant, UnknownRole, UsernameTaken, PhoneTaken, EmailTaken, InvalidPhone, PhoneNeeded),
    openapi_extra=capability("I9", "I4"),
)
@secret_answer("password")
async def create_user(
    command: CreateUser, principal: Manager, session: Tx, messages: FromMessages, response: Response
) -> object:
    """Open an account for one of my people, with a one-time password that has to be changed at the first sign-in."""
    made = await staff.create(
        session,
        messages,
        principal,
        username=command.username,
        name=command.name,
        phone=command.phone,
        email=command.email,
        role_ids=command.role_ids,
        by_sms=command.deliver is Delivery.SMS,
    )
    response.headers["Location"] = f"{API}/users/{made.user.id}"
    return await _user_out(session, made.user, response) | {"password": made.password}


@router.get("", response_model=Page[UserOut], openapi_extra=capability("I9"))
async def list_users(
    principal: Reader,
    session: Read,
    paging: Paging,
    status: Annotated[Literal[UserStatus.ACTIVE, UserStatus.DISABLED] | None, Query()] = None,
    role_id: Annotated[UUID | None, Query(description="Who holds this role")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of name, username, phone or e-mail")] = None,
    sort: Literal["created_at", "-created_at", "name", "-name", "username", "-username"] = "-created_at",
) -> object:
    """The people of my organization."""
    rows, cursor, total = await page(
        session,
        queries.users_where(principal, status=status, role_id=role_id, q=q),
        paging,
        sorts={"created_at": User.created_at, "name": User.name, "username": User.username},
        sort=sort,
        tie=User.id,
    )
    return {"items": await _users_out(session, rows), "next_cursor": cursor, "total": total}


@router.get("/{user_id}", response_model=UserOut, responses=problems(NotFoundHere), openapi_extra=capability("I9"))
async def get_user(user_id: UUID, principal: Reader, session: Read, response: Response) -> object:
    """One of my people."""
    return await _user_out(session, await queries.user(session, principal, user_id), response)


@router.patch(
    "/{user_id}",
    response_model=UserOut,
    responses=problems(*MANAGED, OwnAccount, PhoneTaken, EmailTaken, InvalidPhone),
    openapi_extra=capability("I9"),
)
async def update_user(
    user_id: UUID,
    command: UpdateUser,
    principal: Manager,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Change somebody's name, phone or e-mail."""
    changed = await staff.update(session, principal, user_id, changes=command.sent(), if_match=if_match)
    return await _user_out(session, changed, response)


@router.put(
    "/{user_id}/roles",
    response_model=UserOut,
    responses=problems(*MANAGED, UnknownRole, LastOwner),
    openapi_extra=capability("I8", "I9"),
)
async def set_user_roles(
    user_id: UUID,
    command: SetUserRoles,
    principal: Manager,
    session: Tx,
    issuer: FromIssuer,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Say which roles somebody holds: within a second, without a new sign-in. An owner may step down."""
    changed = await staff.set_roles(session, issuer, principal, user_id, role_ids=command.role_ids, if_match=if_match)
    return await _user_out(session, changed, response)


@router.post(
    "/{user_id}/disable",
    response_model=UserOut,
    responses=problems(*MANAGED, OwnAccount, LastOwner, StateConflict),
    openapi_extra=capability("I9"),
)
async def disable_user(
    user_id: UUID,
    command: DisableUser,
    principal: Manager,
    session: Tx,
    issuer: FromIssuer,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Lock somebody out: sessions and the API keys acting for them end within a second."""
    changed = await staff.disable(session, issuer, principal, user_id, reason=command.reason, if_match=if_match)
    return await _user_out(session, changed, response)


@router.post(
    "/{user_id}/enable",
    response_model=UserOut,
    responses=problems(*MANAGED, StateConflict),
    openapi_extra=capability("I9"),
)
async def enable_user(
    user_id: UUID,
    principal: Manager,
    session: Tx,
    issuer: FromIssuer,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Let somebody in again, with the roles held before."""
    changed = await staff.enable(session, issuer, principal, user_id, if_match=if_match)
    return await _user_out(session, changed, response)


@router.post(
    "/{user_id}/reset-password",
    response_model=IssuedUserOut,
    responses=problems(*MANAGED, OwnAccount, PhoneNeeded),
    openapi_extra=capability("I9", "I4"),
)
@secret_answer("password")
async def reset_user_password(
    user_id: UUID,
    command: IssuePassword,
    principal: Manager,
    session: Tx,
    issuer: FromIssuer,
    messages: FromMessages,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Issue a new one-time password; the old one is gone, and every session ends within a second."""
    issued = await staff.reset_password(
        session,
        issuer,
        messages,
        principal,
        user_id,
        by_sms=command.deliver is Delivery.SMS,
        if_match=if_match,
    )
    return await _user_out(session, issued.user, response) | {"password": issued.password}


@router.post(
    "/{user_id}/reset-second-factor",
    response_model=UserOut,
    responses=problems(*MANAGED, OwnAccount, StateConflict),
    openapi_extra=capability("I16", "I9"),
)
async def reset_user_second_factor(
    user_id: UUID,
    principal: Manager,
    session: Tx,
    issuer: FromIssuer,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Take somebody's lost authenticator away; every session ends within a second, and the person is told."""
    changed = await staff.reset_second_factor(session, issuer, principal, user_id, if_match=if_match)
    return await _user_out(session, changed, response)


@router.delete(
    "/{user_id}",
    status_code=204,
    responses=problems(*MANAGED, OwnAccount, LastOwner),
    openapi_extra=capability("I9"),
)
async def delete_user(
    user_id: UUID, principal: Manager, session: Tx, issuer: FromIssuer, if_match: IfMatch = None
) -> None:
    """Delete an account for good: what names the person is removed, what they did stays under their id."""
    await staff.delete(session, issuer, principal, user_id, if_match=if_match)
