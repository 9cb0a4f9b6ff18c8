"""My own account: profile, password, sessions, logins."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.db import Read, Transactions, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute, secret_answer
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity import queries
from distro_api.identity.errors import AccountLocked, WeakPassword, WrongOldPassword
from distro_api.identity.models import LoginRecord, UserSession
from distro_api.identity.principal import Principal, Require
from distro_api.identity.router.wiring import Ended, FromIssuer, FromOrigin, tokens_out
from distro_api.identity.schemas import ChangePassword, LoginOut, MeOut, SessionOut, TokensOut, UpdateMe
from distro_api.identity.service import contacts, password_change, sessions

router = APIRouter(prefix=f"{API}/me", tags=["me"], route_class=IdempotentRoute)


async def me_out(session: AsyncSession, principal: Principal, response: Response) -> dict[str, object]:
    """The caller as it is shown."""
    user, organization = await queries.me(session, principal)
    response.headers["ETag"] = etag(user.version)
    told = {
        "roles": await queries.roles_of(session, user.id),
        "permissions": sorted(principal.permissions),
        "organization": organization,
    }
    return {name: getattr(user, name) for name in MeOut.model_fields if name not in told} | told


@router.get("", response_model=MeOut, openapi_extra=capability("I1"))
async def get_me(principal: Annotated[Principal, Require("me")], session: Read, response: Response) -> object:
    """Who I am, my organization and what I may do."""
    return await me_out(session, principal, response)


@router.patch(
    "",
    response_model=MeOut,
    responses=problems(PreconditionFailed),
    openapi_extra=capability("I6"),
)
async def update_me(
    command: UpdateMe,
    principal: Annotated[Principal, Require("me")],
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Change my displayed name, and the language of messages to me. Phone and e-mail have calls of their own."""
    await contacts.update_me(session, principal, command.sent(), if_match=if_match)
    return await me_out(session, principal, response)


@router.post(
    "/password",
    response_model=TokensOut,
    responses=problems(WrongOldPassword, WeakPassword, AccountLocked),
    openapi_extra=capability("I4", "I15"),
)
@secret_answer("access_token", "refresh_token")
async def change_password(
    command: ChangePassword,
    principal: Annotated[Principal, Require("me:password")],
    transactions: Transactions,
    issuer: FromIssuer,
    origin: FromOrigin,
) -> TokensOut:
    """Set a new password. Every session ends, this one too: go on with the new pair."""
    outcome = await password_change.change_password(
        transactions,
        issuer,
        origin,
        principal,
        old_password=command.old_password.get_secret_value(),
        new_password=command.new_password.get_secret_value(),
    )
    return tokens_out(outcome)


@router.get("/sessions", response_model=Page[SessionOut], openapi_extra=capability("I15"))
async def list_my_sessions(
    principal: Annotated[Principal, Require("me")],
    session: Read,
    paging: Paging,
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> object:
    """Where I am signed in."""
    rows, cursor, total = await page(
        session,
        queries.own_sessions(principal),
        paging,
        sorts={"created_at": UserSession.created_at},
        sort=sort,
        tie=UserSession.id,
    )
    plain = [name for name in SessionOut.model_fields if name != "current"]
    items = [
        {**{name: getattr(row, name) for name in plain}, "current": row.id == principal.session_id} for row in rows
    ]
    return {"items": items, "next_cursor": cursor, "total": total}


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    responses=problems(NotFoundHere),
    openapi_extra=capability("I15"),
)
async def end_my_session(
    session_id: UUID, principal: Annotated[Principal, Require("me")], session: Tx, ended: Ended
) -> None:
    """Sign one device out."""
    await sessions.end_own(session, ended, principal, session_id)


@router.delete("/sessions", status_code=204, openapi_extra=capability("I15"))
async def end_my_sessions(principal: Annotated[Principal, Require("me")], session: Tx, ended: Ended) -> None:
    """Sign every device out, this one too."""
    await sessions.end_all_own(session, ended, principal)


@router.get("/logins", response_model=Page[LoginOut], openapi_extra=capability("I15"))
async def list_my_logins(
    principal: Annotated[Principal, Require("me")],
    session: Read,
    paging: Paging,
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> object:
    """Attempts to sign in as me, good and bad."""
    rows, cursor, total = await page(
        session,
        queries.own_logins(principal),
        paging,
        sorts={"created_at": LoginRecord.created_at},
        sort=sort,
        tie=LoginRecord.id,
    )
    return {"items": rows, "next_cursor": cursor, "total": total}
