"""Sessions: a pair of tokens at sign-in, a new pair for each refresh token, and every way they end.

A refresh token serves once. One that comes back has been copied, so its whole session ends.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.crypto import keyed_hash
from distro_api.core.errors import NotFoundHere
from distro_api.identity import queries
from distro_api.identity.models import (
    ApiKeySecret,
    AttemptCounter,
    Captcha,
    EndedBy,
    Kind,
    LoginChallenge,
    LoginRecord,
    Organization,
    OrganizationStatus,
    RefreshToken,
    User,
    UserSession,
    UserStatus,
)
from distro_api.identity.service import access, audit, lockout, revocations
from distro_api.identity.service.access import Access, user_fact
from distro_api.identity.service.audit import Actor, Caller
from distro_api.identity.service.parameters import Parameters, catalogue
from distro_api.identity.service.revocations import Revocations
from distro_api.identity.service.tokens import Claims, Tokens

KEPT = timedelta(days=180)
"""How long ended sessions and login records can be looked at."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """What signing in needs of this process: keys, lifetimes, revoked sessions, parameters, and what roles grant."""

    tokens: Tokens
    root_key: bytes
    refresh_token_s: int
    revocations: Revocations
    parameters: Parameters
    access: Access
    demo_passwords: bool = False
    """Whether the published passwords of the demo accounts may sign in."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from, as people see it in their list of sessions."""

    address: str
    client: str
    request_id: str
    device_name: str | None = None
    """What the person calls the device."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in gives, and what its access token may do."""

    access_token: str
    expires_in: int
    refresh_token: str
    permissions: frozenset[str]
    password_change_required: bool
    second_factor_missing: bool
    """Whether nothing but setting one up is possible."""


async def lock_user(session: AsyncSession, seen: User) -> tuple[User, Organization] | None:
    """The user as it is now, unless its password has changed since it was seen.

    The locks make a password change and a suspension at the same time wait, or be seen.
    """
    organization = await queries.organization_in_use(session, seen.organization_id)
    password_seen = seen.password_hash
    locked = select(User).where(User.id == seen.id).with_for_update(key_share=True)
    user = await session.scalar(locked.execution_options(populate_existing=True))
    if user is None or user.password_hash != password_seen:
        return None
    return user, organization


def demands_second_factor(issuer: Issuer, organization: Organization) -> bool:
    """Whether everybody of the organization must have a second factor: by its own will or the platform's."""
    return organization.second_factor_required or platform_demands_second_factor(issuer, organization.kind)


def platform_demands_second_factor(issuer: Issuer, kind: Kind) -> bool:
    """Whether the platform's parameters demand one of every organization of the kind."""
    parameter = catalogue.SECOND_FACTOR_REQUIRED.get(kind)
    return parameter is not None and issuer.parameters.get(parameter)


async def start(
    session: AsyncSession,
    issuer: Issuer,
    user: User,
    organization: Organization,
    origin: Origin,
    scope: str = "",
    *,
    second_factor: bool = False,
) -> TokenPair:
    """A new session of `user`, narrowed to `scope` when that is not empty."""
    now = clock.now()
    opened = UserSession(
        id=clock.new_id(),
        user_id=user.id,
        organization_id=organization.id,
        scope=scope,
        address=origin.address,
        client=origin.client,
        device_name=origin.device_name,
        second_factor=second_factor,
        last_used_at=now,
        expires_at=now + timedelta(seconds=issuer.refresh_token_s),
    )
    session.add(opened)
    await session.flush()
    actor = Actor(organization.id, user.id, origin.request_id, origin.address)
    audit.record(session, actor, "identity.log_in", "session", opened.id)
    return await _issue(session, issuer, opened, user, organization)


async def rotate(session: AsyncSession, issuer: Issuer, refresh_token: str, origin: Origin) -> TokenPair | None:
    """A new pair for a refresh token; None when it is not good any more, or never was.

    A token that was used before ends its session: commit also when the answer is None.
    """
    token_hash = _hash(issuer, refresh_token)
    if (seen := await queries.session_of_token(session, token_hash)) is None:
        return None
    organization = await queries.organization_in_use(session, seen.organization_id)
    opened = await _lock(session, seen)
    if opened.ended_at is not None or opened.expires_at <= clock.now():
        return None
    # read after the session's lock was had: the same token in parallel has been marked by now
    token = (await session.scalars(select(RefreshToken).where(RefreshToken.token_hash == token_hash))).one()
    if token.used_at is not None:
        actor = Actor(opened.organization_id, opened.user_id, origin.request_id, origin.address)
        await _end(session, issuer.revocations, [opened], EndedBy.TOKEN_REUSE, actor)
        return None
    user = (await session.scalars(select(User).where(User.id == opened.user_id))).one()
    if user.status is not UserStatus.ACTIVE or organization.status is not OrganizationStatus.ACTIVE:
        return None
    now = clock.now()
    token.used_at = opened.last_used_at = now
    opened.expires_at = now + timedelta(seconds=issuer.refresh_token_s)
    return await _issue(session, issuer, opened, user, organization)


async def log_out(session: AsyncSession, issuer: Issuer, refresh_token: str, origin: Origin) -> None:
    """End the session of a refresh token, used or not; an unknown one is no error."""
    if seen := await queries.session_of_token(session, _hash(issuer, refresh_token)):
        opened = await _lock(session, seen)
        actor = Actor(opened.organization_id, opened.user_id, origin.request_id, origin.address)
        await _end(session, issuer.revocations, [opened], EndedBy.LOGOUT, actor)


async def end_own(session: AsyncSession, ended: Revocations, caller: Caller, session_id: UUID) -> None:
    """End one session of the caller.

    Raises:
        NotFoundHere: it is another's, or over already.
    """
    query = queries.own_sessions(caller).where(UserSession.id == session_id)
    if (found := await session.scalar(query.with_for_update())) is None:
        raise NotFoundHere
    await _end(session, ended, [found], EndedBy.USER, caller.actor)


async def end_all_own(session: AsyncSession, ended: Revocations, caller: Caller) -> None:
    """End every session of the caller, this one too."""
    await end_of_user(session, ended, caller.user_id, EndedBy.USER, caller.actor)


async def end_others(session: AsyncSession, ended: Revocations, caller: Caller, by: EndedBy) -> None:
    """End every session of the caller but this one."""
    others = await _lock_live(session, and_(UserSession.user_id == caller.user_id, UserSession.id != caller.session_id))
    await _end(session, ended, others, by, caller.actor)


async def end_of_user(session: AsyncSession, ended: Revocations, user_id: UUID, by: EndedBy, actor: Actor) -> None:
    """End every session of a user."""
    await _end(session, ended, await _lock_live(session, UserSession.user_id == user_id), by, actor)


async def end_of_organization(
    session: AsyncSession, ended: Revocations, organization_id: UUID, by: EndedBy, actor: Actor
) -> None:
    """End every session of everybody in an organization, whose row the caller has locked."""
    await _end(session, ended, await _lock_live(session, UserSession.organization_id == organization_id), by, actor)


async def purge(session: AsyncSession) -> None:
    """Delete what nobody can use or wants to see any more; a daily job."""
    now = clock.now()
    await session.execute(
        delete(UserSession).where(or_(UserSession.ended_at < now - KEPT, UserSession.expires_at < now - KEPT))
    )
    await session.execute(delete(LoginRecord).where(LoginRecord.created_at < now - KEPT))
    await session.execute(delete(AttemptCounter).where(AttemptCounter.last_at < now - lockout.FORGOTTEN_AFTER))
    await session.execute(delete(Captcha).where(Captcha.expires_at < now))
    await session.execute(delete(LoginChallenge).where(LoginChallenge.expires_at < now))
    await session.execute(delete(ApiKeySecret).where(ApiKeySecret.valid_until < now - KEPT))
    await revocations.purge(session)
    await access.purge(session)


async def _lock_live(session: AsyncSession, whose: ColumnElement[bool]) -> Sequence[UserSession]:
    live = select(UserSession).where(whose, UserSession.ended_at.is_(None), UserSession.expires_at > clock.now())
    return (await session.scalars(live.order_by(UserSession.id).with_for_update())).all()


async def _end(
    session: AsyncSession, ended: Revocations, opened: Collection[UserSession], by: EndedBy, actor: Actor
) -> None:
    live = [found for found in opened if found.ended_at is None]
    for found in live:
        found.ended_at, found.ended_by = clock.now(), by
        audit.record(session, actor, "identity.end_session", "session", found.id, by=by)
    ended.revoke(session, [found.id for found in live])
    await session.flush()


async def _lock(session: AsyncSession, seen: UserSession) -> UserSession:
    found = select(UserSession).where(UserSession.id == seen.id).with_for_update()
    return (await session.scalars(found.execution_options(populate_existing=True))).one()


async def _issue(
    session: AsyncSession, issuer: Issuer, opened: UserSession, user: User, organization: Organization
) -> TokenPair:
    refresh_token = secrets.token_urlsafe(32)
    session.add(RefreshToken(token_hash=_hash(issuer, refresh_token), session_id=opened.id))
    await session.flush()
    missing = demands_second_factor(issuer, organization) and not await queries.has_second_factor(session, user.id)
    issued_at = int(clock.now().timestamp())
    claims = Claims(
        user.id,
        organization.id,
        organization.kind,
        user_fact(user, await queries.roles_of(session, user.id)).roles,
        opened.id,
        user.perm_version,
        opened.scope,
        user.password_change_required,
        issued_at,
        issued_at + issuer.tokens.lifetime_s,
        second_factor_missing=missing,
    )
    return TokenPair(
        issuer.tokens.issue(claims),
        issuer.tokens.lifetime_s,
        refresh_token,
        issuer.access.permissions(claims),
        user.password_change_required,
        missing,
    )


def _hash(issuer: Issuer, refresh_token: str) -> bytes:
    return keyed_hash(issuer.root_key, "refresh-token", refresh_token)
