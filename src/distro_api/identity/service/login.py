"""Signing in with a password, and changing it.

Both hash between two short transactions, so that no connection waits for it. A refusal is returned, not raised: the
record of the failure must be committed with it, and the router raises it afterwards.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import outbox
from distro_api.core.errors import DomainError
from distro_api.identity import queries
from distro_api.identity.errors import BadCredentials, OrganizationNotActive, WeakPassword, WrongOldPassword
from distro_api.identity.events import PasswordChanged
from distro_api.identity.models import (
    EndedBy,
    LoginOutcome,
    LoginRecord,
    Organization,
    OrganizationStatus,
    User,
    UserStatus,
)
from distro_api.identity.service import audit, demo, lockout, passwords, sessions
from distro_api.identity.service.accounts import normal_account
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.sessions import Issuer, Origin, TokenPair


@dataclass(frozen=True, slots=True)
class _Checked:
    """What was found and verified outside the deciding transaction."""

    account: str
    account_hash: bytes
    user: User | None
    right: bool
    fresh_hash: str | None


async def log_in(
    transactions: async_sessionmaker[AsyncSession],
    issuer: Issuer,
    origin: Origin,
    *,
    account: str,
    password: str,
    scope: str,
) -> TokenPair | DomainError:
    """A pair of tokens, or the refusal: BadCredentials, AccountLocked, OrganizationNotActive."""
    name = normal_account(account)
    name_hash = lockout.account_hash(issuer.root_key, name)
    async with transactions.begin() as session:
        if refusal := await lockout.lock_of(session, name_hash):
            found = await queries.user_of_account(session, name)
            _record(session, found[0] if found else None, name, LoginOutcome.LOCKED, origin)
            return refusal
        found = await queries.user_of_account(session, name)
    user = found[0] if found else None
    right = await passwords.verify(password, user.password_hash if user else None)
    right = right and (issuer.demo_passwords or not demo.is_published(password))
    fresh = None
    if right and user is not None and passwords.is_outdated(user.password_hash):
        fresh = await passwords.hash_password(password)
    async with transactions.begin() as session:
        return await _decide(session, issuer, origin, _Checked(name, name_hash, user, right, fresh), scope)


async def _decide(
    session: AsyncSession, issuer: Issuer, origin: Origin, checked: _Checked, scope: str
) -> TokenPair | DomainError:
    """Judge one attempt after the other: of many in parallel only the first few learn anything."""
    if refusal := await lockout.lock_of(session, checked.account_hash, for_update=True):
        _record(session, checked.user, checked.account, LoginOutcome.LOCKED, origin)
        return refusal
    locked = await _lock_user(session, checked.user) if checked.right and checked.user else None
    if locked is None:
        await lockout.count_failure(session, issuer.parameters, checked.account_hash)
        outcome = LoginOutcome.WRONG_PASSWORD if checked.user else LoginOutcome.UNKNOWN_ACCOUNT
        _record(session, checked.user, checked.account, outcome, origin)
        return BadCredentials()
    user, organization = locked
    await lockout.forget(session, checked.account_hash)
    if user.status is not UserStatus.ACTIVE:
        _record(session, user, checked.account, LoginOutcome.USER_DISABLED, origin)
        return BadCredentials()
    if organization.status is not OrganizationStatus.ACTIVE:
        _record(session, user, checked.account, LoginOutcome.ORGANIZATION_NOT_ACTIVE, origin)
        return OrganizationNotActive()
    if checked.fresh_hash is not None:
        user.password_hash = checked.fresh_hash
    _record(session, user, checked.account, LoginOutcome.SUCCESS, origin)
    return await sessions.start(session, issuer, user, organization, origin, scope)


async def change_password(
    transactions: async_sessionmaker[AsyncSession],
    issuer: Issuer,
    origin: Origin,
    caller: Caller,
    *,
    old_password: str,
    new_password: str,
) -> TokenPair | DomainError:
    """Set a new password: every session ends, and a new one starts for the caller.

    Refusals: WrongOldPassword (counted, AccountLocked in the end), WeakPassword.
    """
    name_hash = lockout.account_hash(issuer.root_key, f"password:{caller.user_id}")
    async with transactions() as session:
        if locked := await lockout.lock_of(session, name_hash):
            return locked
        user, _ = await queries.me(session, caller)
    right = await passwords.verify(old_password, user.password_hash)
    new_hash = ""
    if right:
        try:
            passwords.refuse_weak(new_password, user.username, user.phone, user.email, old=old_password)
        except WeakPassword as weak:
            return weak
        new_hash = await passwords.hash_password(new_password)
    async with transactions.begin() as session:
        if locked := await lockout.lock_of(session, name_hash, for_update=True):
            return locked
        mine = await _lock_user(session, user) if right else None
        if mine is None:
            await lockout.count_failure(session, issuer.parameters, name_hash)
            return WrongOldPassword()
        await lockout.forget(session, name_hash)
        user, organization = mine
        user.password_hash, user.password_change_required = new_hash, False
        audit.record(session, caller.actor, "identity.change_password", "user", user.id)
        outbox.publish(session, PasswordChanged(supplier_id=None, distributor_id=None, user_id=user.id))
        await sessions.end_of_user(session, issuer.revocations, user.id, EndedBy.PASSWORD_CHANGE, caller.actor)
        scope = await queries.scope_of_session(session, caller)
        return await sessions.start(session, issuer, user, organization, origin, scope)


async def _lock_user(session: AsyncSession, seen: User) -> tuple[User, Organization] | None:
    """The user as it is now, unless its password has changed since it was verified.

    The locks make a password change and a suspension at the same time wait, or be seen.
    """
    organization = await queries.organization_in_use(session, seen.organization_id)
    user = await session.scalar(select(User).where(User.id == seen.id).with_for_update(key_share=True))
    if user is None or user.password_hash != seen.password_hash:
        return None
    return user, organization


def _record(session: AsyncSession, user: User | None, account: str, outcome: LoginOutcome, origin: Origin) -> None:
    session.add(
        LoginRecord(
            user_id=user.id if user else None,
            account=account if user else None,
            outcome=outcome,
            address=origin.address,
            client=origin.client,
        )
    )
