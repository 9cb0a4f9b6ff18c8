"""Having a second factor: setting it up, new recovery codes, giving it up, and having to have one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock, outbox
from distro_api.core.errors import DomainError, NotFoundHere, StateConflict
from distro_api.core.http import check_if_match
from distro_api.identity import queries
from distro_api.identity.errors import OwnAccount, SecondFactorEnforced, SecondFactorRefused
from distro_api.identity.events import SecondFactorChange, SecondFactorChanged
from distro_api.identity.models import EndedBy, LoginChallenge, Organization, RecoveryCode, SecondFactor
from distro_api.identity.service import audit, authenticator, lockout, proof, sessions
from distro_api.identity.service.accounts import normal_account
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.sessions import Issuer

Transactions = async_sessionmaker[AsyncSession]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is set up with; shown once."""

    secret: str
    uri: str
    qr_image: str


@dataclass(frozen=True, slots=True)
class State:
    """How the caller's second factor stands."""

    enabled: bool
    confirmed_at: datetime | None
    recovery_codes_left: int
    required: bool


async def state(session: AsyncSession, issuer: Issuer, caller: Caller) -> State:
    factor = await queries.own_second_factor(session, caller)
    _, organization = await queries.me(session, caller)
    confirmed_at = factor.confirmed_at if factor else None
    left = await queries.recovery_codes_left(session, caller)
    return State(confirmed_at is not None, confirmed_at, left, sessions.demands_second_factor(issuer, organization))


async def enrol(
    transactions: Transactions, issuer: Issuer, caller: Caller, *, password: str, otp: str | None
) -> Enrolment:
    """A new secret, which counts from its first code on; until then one that is there already stays in force.

    Raises:
        WrongPassword, SecondFactorRefused, AccountLocked
    """
    await proof.demand(transactions, issuer, caller, password=password, otp=otp)
    secret = authenticator.new_secret()
    pending = authenticator.seal(issuer, secret)
    async with transactions.begin() as session:
        user, _ = await queries.me(session, caller)
        made = insert(SecondFactor).values(user_id=user.id, pending=pending, last_step=0, created_at=clock.now())
        await session.execute(
            made.on_conflict_do_update(index_elements=[SecondFactor.user_id], set_={"pending": pending})
        )
        audit.record(session, caller.actor, "identity.enrol_second_factor", "user", user.id)
    uri = authenticator.uri_of(secret, user.username)
    return Enrolment(secret, uri, authenticator.qr_of(uri))


async def confirm(
    transactions: Transactions, issuer: Issuer, caller: Caller, *, otp: str
) -> Sequence[str] | DomainError:
    """Put the new secret in force by its first code: the recovery codes. The caller's other sessions end.

    Refusals: SecondFactorRefused (counted, AccountLocked in the end), StateConflict when nothing waits for a code.
    """
    counter = lockout.of_second_factor(issuer.root_key, issuer.parameters, caller.user_id)
    async with transactions.begin() as session:
        if lock := await lockout.lock_of(session, counter, for_update=True):
            return lock
        factor = await queries.own_second_factor(session, caller, for_update=True)
        if factor is None or factor.pending is None:
            return StateConflict(state="not_enrolling", action="confirm")
        step = authenticator.step_of(authenticator.opened(issuer, factor.pending), otp, after=0)
        if step is None:
            await lockout.count_failure(session, counter)
            return SecondFactorRefused()
        await lockout.forget(session, counter)
        factor.secret, factor.pending = factor.pending, None
        factor.confirmed_at, factor.last_step = clock.now(), step
        codes = await authenticator.renew_recovery_codes(session, issuer, caller.user_id)
        await sessions.end_others(session, issuer.revocations, caller, EndedBy.SECOND_FACTOR_CHANGE)
        _tell(session, caller, caller.user_id, SecondFactorChange.ENABLED)
        return codes


async def renew_recovery_codes(
    transactions: Transactions, issuer: Issuer, caller: Caller, *, password: str, otp: str
) -> Sequence[str]:
    """Ten new ones; the old ones are worth nothing.

    Raises:
        WrongPassword, SecondFactorRefused, AccountLocked
        StateConflict: there is no second factor.
    """
    await proof.demand(transactions, issuer, caller, password=password, otp=otp)
    async with transactions.begin() as session:
        if not await queries.has_second_factor(session, caller.user_id):
            raise StateConflict(state="disabled", action="renew_recovery_codes")
        codes = await authenticator.renew_recovery_codes(session, issuer, caller.user_id)
        audit.record(session, caller.actor, "identity.renew_recovery_codes", "user", caller.user_id)
        return codes


async def disable(transactions: Transactions, issuer: Issuer, caller: Caller, *, password: str, otp: str) -> None:
    """Do without one from now on.

    Raises:
        WrongPassword, SecondFactorRefused, AccountLocked
        SecondFactorEnforced: the organization demands one; a new app is set up by enrolling again.
        StateConflict: there is none.
    """
    await proof.demand(transactions, issuer, caller, password=password, otp=otp)
    async with transactions.begin() as session:
        organization = await queries.organization_in_use(session, caller.organization_id)
        if sessions.demands_second_factor(issuer, organization):
            raise SecondFactorEnforced
        await remove(session, caller, caller.user_id, SecondFactorChange.DISABLED)


async def remove(
    session: AsyncSession, caller: Caller, user_id: UUID, change: SecondFactorChange, *, reason: str | None = None
) -> None:
    """Take the authenticator and the recovery codes away; the person is told.

    Raises:
        StateConflict: there is none.
    """
    factor = await queries.second_factor_of(session, user_id, for_update=True)
    if factor is None or factor.confirmed_at is None:
        raise StateConflict(state="disabled", action="disable")
    await session.delete(factor)
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    await session.execute(delete(LoginChallenge).where(LoginChallenge.user_id == user_id))
    _tell(session, caller, user_id, change, reason)
    await session.flush()


async def take_away(
    session: AsyncSession, issuer: Issuer, caller: Caller, user_id: UUID, *, reason: str | None = None
) -> None:
    """Take away the authenticator of somebody who has lost it: sessions end, a lock is lifted, the person is told.

    Raises:
        StateConflict: there is none.
    """
    await remove(session, caller, user_id, SecondFactorChange.RESET, reason=reason)
    await lockout.forget(session, lockout.of_second_factor(issuer.root_key, issuer.parameters, user_id))
    await sessions.end_of_user(session, issuer.revocations, user_id, EndedBy.SECOND_FACTOR_CHANGE, caller.actor)


async def take_away_by_platform(
    session: AsyncSession, issuer: Issuer, caller: Caller, organization_id: UUID, *, account: str, reason: str
) -> Organization:
    """The same of one of an organization's people, for whom nobody there can do it: a sole owner.

    Raises:
        NotFoundHere: no such organization, or nobody of it signs in under `account`.
        OwnAccount, StateConflict
    """
    organization = await queries.organization(session, caller, organization_id)
    user = await queries.user_of_account(session, normal_account(account))
    if user is None or user.organization_id != organization.id:
        raise NotFoundHere
    if user.id == caller.user_id:
        raise OwnAccount
    await take_away(session, issuer, caller, user.id, reason=reason)
    return organization


async def demand_of_organization(
    session: AsyncSession, caller: Caller, organization_id: UUID, *, required: bool, if_match: str | None
) -> Organization:
    """Whether everybody in the organization must have a second factor. Who has none may only set one up, as soon as the
    present access token is renewed.

    Raises:
        NotFoundHere, PreconditionFailed
    """
    found = await queries.organization(session, caller, organization_id, for_update=True)
    check_if_match(if_match, found.version)
    if found.second_factor_required != required:
        found.second_factor_required = required
        audit.record(
            session, caller.actor, "identity.demand_second_factor", "organization", found.id, required=required
        )
    await session.flush()
    return found


def _tell(
    session: AsyncSession, caller: Caller, user_id: UUID, change: SecondFactorChange, reason: str | None = None
) -> None:
    detail = {"reason": reason} if reason else {}
    audit.record(session, caller.actor, f"identity.second_factor_{change}", "user", user_id, **detail)
    outbox.publish(session, SecondFactorChanged(supplier_id=None, distributor_id=None, user_id=user_id, change=change))
