"""The second step of a sign-in: a challenge for whoever gave the right password, and its answer."""

import secrets
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.core.crypto import keyed_hash
from distro_api.core.errors import DomainError
from distro_api.identity import queries
from distro_api.identity.errors import (
    InvalidChallenge,
    OrganizationNotActive,
    SecondFactorRequired,
    WrongSecondFactor,
)
from distro_api.identity.models import LoginChallenge, LoginOutcome, OrganizationStatus, User, UserStatus
from distro_api.identity.service import authenticator, history, sessions
from distro_api.identity.service.audit import Actor
from distro_api.identity.service.sessions import Issuer, Origin, TokenPair

LIFETIME = timedelta(minutes=5)


async def prove(
    session: AsyncSession, issuer: Issuer, origin: Origin, user: User, *, account: str, scope: str, otp: str | None
) -> bool | DomainError:
    """Whether a second factor was given, by a user whose password was right: not when there is none to give.

    Refusals: SecondFactorRequired (with a challenge), WrongSecondFactor, AccountLocked. Commit also then.
    """
    if not await queries.has_second_factor(session, user.id):
        return False
    if otp is None:
        history.record(session, user, account, LoginOutcome.SECOND_FACTOR_REQUIRED, origin)
        return _challenge(session, issuer, origin, user, account, scope)
    return await _judge(session, issuer, origin, user, account, otp) or True


async def answer(
    transactions: async_sessionmaker[AsyncSession], issuer: Issuer, origin: Origin, *, challenge: str, otp: str
) -> TokenPair | DomainError:
    """A pair of tokens for a challenge and a code, or the refusal.

    Refusals: InvalidChallenge, WrongSecondFactor, AccountLocked, OrganizationNotActive.
    """
    async with transactions.begin() as session:
        given = await queries.lock_challenge(session, _hash(issuer, challenge))
        seen = await session.get(User, given.user_id) if given else None
        locked = await sessions.lock_user(session, seen) if seen else None
        if given is None or locked is None:
            return InvalidChallenge()
        user, organization = locked
        if user.status is not UserStatus.ACTIVE or given.password_mark != _mark(issuer, user):
            return InvalidChallenge()
        if organization.status is not OrganizationStatus.ACTIVE:
            return OrganizationNotActive()
        here = replace(origin, device_name=given.device_name)
        if refusal := await _judge(session, issuer, here, user, given.account, otp):
            return refusal
        await session.delete(given)
        history.record(session, user, given.account, LoginOutcome.SUCCESS, here)
        return await sessions.start(session, issuer, user, organization, here, given.scope, second_factor=True)


async def _judge(
    session: AsyncSession, issuer: Issuer, origin: Origin, user: User, account: str, otp: str
) -> DomainError | None:
    actor = Actor(user.organization_id, user.id, origin.request_id, origin.address)
    refusal = await authenticator.judge(session, issuer, actor, user.id, otp, wrong=WrongSecondFactor)
    if refusal is not None:
        wrong = isinstance(refusal, WrongSecondFactor)
        outcome = LoginOutcome.WRONG_SECOND_FACTOR if wrong else LoginOutcome.LOCKED
        history.record(session, user, account, outcome, origin)
    return refusal


def _challenge(
    session: AsyncSession, issuer: Issuer, origin: Origin, user: User, account: str, scope: str
) -> SecondFactorRequired:
    token, now = secrets.token_urlsafe(32), clock.now()
    session.add(
        LoginChallenge(
            token_hash=_hash(issuer, token),
            user_id=user.id,
            password_mark=_mark(issuer, user),
            account=account,
            scope=scope,
            device_name=origin.device_name,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    return SecondFactorRequired(challenge=token, expires_in=int(LIFETIME.total_seconds()))


def _hash(issuer: Issuer, challenge: str) -> bytes:
    return keyed_hash(issuer.root_key, "login-challenge", challenge)


def _mark(issuer: Issuer, user: User) -> bytes:
    return keyed_hash(issuer.root_key, "login-challenge/password", user.password_hash)
