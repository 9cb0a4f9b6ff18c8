"""Signing in with a password.

The password is hashed between two short transactions, so that no connection waits for it. A refusal is returned, not
raised: the record of the failure must be committed with it, and the router raises it afterwards.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core.errors import DomainError
from distro_api.identity import queries
from distro_api.identity.errors import OrganizationNotActive, OrganizationPending, OrganizationRejected
from distro_api.identity.models import LoginOutcome, Organization, OrganizationStatus, User, UserStatus
from distro_api.identity.service import demo, history, passwords, second_step, sessions
from distro_api.identity.service.accounts import normal_account
from distro_api.identity.service.captchas import CaptchaAnswer
from distro_api.identity.service.guard import Guard
from distro_api.identity.service.sessions import Issuer, Origin, TokenPair


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What somebody typed to sign in. `scope` narrows the session when it is not empty."""

    account: str
    password: str
    scope: str = ""
    captcha: CaptchaAnswer | None = None
    otp: str | None = None
    """A code of the authenticator, for those who have one and do not want to be asked for it."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """What was found and verified outside the deciding transaction."""

    account: str
    user: User | None
    right: bool
    fresh_hash: str | None


async def log_in(
    transactions: async_sessionmaker[AsyncSession], issuer: Issuer, origin: Origin, attempt: Attempt
) -> TokenPair | DomainError:
    """A pair of tokens, or the refusal.

    Refusals: BadCredentials, AccountLocked, AddressLocked, CaptchaRequired, CaptchaInvalid, OrganizationNotActive,
    OrganizationPending, OrganizationRejected; and SecondFactorRequired (answered with `second_step.answer`),
    WrongSecondFactor.
    """
    account = normal_account(attempt.account)
    guard = Guard(issuer, account, origin.address, attempt.captcha)
    async with transactions.begin() as session:
        user = await queries.user_of_account(session, account)
        if refusal := await guard.first_look(session):
            history.record(session, user, account, history.STOPPED[type(refusal)], origin)
            return refusal
    checked = await _check(issuer, account, user, attempt.password)
    async with transactions.begin() as session:
        return await _decide(session, issuer, origin, guard, checked, attempt)


async def _check(issuer: Issuer, account: str, user: User | None, password: str) -> _Checked:
    """Verify the password, at one cost for known and unknown accounts; make an outdated hash again."""
    right = await passwords.verify(password, user.password_hash if user else None)
    right = right and (issuer.demo_passwords or not demo.is_published(password))
    fresh = None
    if right and user is not None and passwords.is_outdated(user.password_hash):
        fresh = await passwords.hash_password(password)
    return _Checked(account, user, right, fresh)


async def _decide(
    session: AsyncSession, issuer: Issuer, origin: Origin, guard: Guard, checked: _Checked, attempt: Attempt
) -> TokenPair | DomainError:
    """Judge one attempt after the other."""
    if refusal := await guard.last_look(session):
        history.record(session, checked.user, checked.account, history.STOPPED[type(refusal)], origin)
        return refusal
    locked = await sessions.lock_user(session, checked.user) if checked.right and checked.user else None
    if locked is None:
        outcome = LoginOutcome.WRONG_PASSWORD if checked.user else LoginOutcome.UNKNOWN_ACCOUNT
        history.record(session, checked.user, checked.account, outcome, origin)
        return await guard.failed(session)
    user, organization = locked
    if user.status is not UserStatus.ACTIVE:
        history.record(session, user, checked.account, LoginOutcome.USER_DISABLED, origin)
        return await guard.failed(session)
    await guard.passed(session)
    if organization.status is not OrganizationStatus.ACTIVE:
        history.record(session, user, checked.account, LoginOutcome.ORGANIZATION_NOT_ACTIVE, origin)
        return _not_active(organization)
    if checked.fresh_hash is not None:
        user.password_hash = checked.fresh_hash
    scope, otp = attempt.scope, attempt.otp
    proved = await second_step.prove(session, issuer, origin, user, account=checked.account, scope=scope, otp=otp)
    if isinstance(proved, DomainError):
        return proved
    history.record(session, user, checked.account, LoginOutcome.SUCCESS, origin)
    return await sessions.start(session, issuer, user, organization, origin, scope, second_factor=proved)


def _not_active(organization: Organization) -> DomainError:
    """Why nobody of the organization gets in; said only to who knows the password."""
    match organization.status:
        case OrganizationStatus.PENDING:
            return OrganizationPending(organization=organization.name)
        case OrganizationStatus.REJECTED:
            return OrganizationRejected(organization=organization.name, reason=organization.rejected_because)
        case _:
            return OrganizationNotActive()
