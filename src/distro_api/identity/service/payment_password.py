"""The payment password: six digits that move money, apart from the login password, with a limit and a lock of its own.

Rooms that move money ask for it with `check`, before they open their own transaction: what failed stays counted, and no
connection waits while it is hashed.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock, outbox
from distro_api.core.errors import DomainError
from distro_api.identity import queries
from distro_api.identity.errors import (
    InvalidCode,
    NoContact,
    PaymentPasswordExists,
    PaymentPasswordNotSet,
    WeakPaymentPassword,
    WrongPaymentPassword,
)
from distro_api.identity.events import PaymentPasswordChanged
from distro_api.identity.models import CodePurpose, PaymentPassword, User
from distro_api.identity.service import audit, codes, lockout, passwords, proof
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.codes import CodeDesk, Subject
from distro_api.identity.service.sessions import Issuer, Origin

DIGITS = 6
_ROWS = ("01234567890", "09876543210")
Transactions = async_sessionmaker[AsyncSession]


@dataclass(frozen=True, slots=True)
class State:
    """Whether the caller has one, and since when it is what it is."""

    is_set: bool
    changed_at: datetime | None


async def state(session: AsyncSession, caller: Caller) -> State:
    found = await queries.own_payment_password(session, caller)
    return State(found is not None, found.changed_at if found else None)


async def check(transactions: Transactions, issuer: Issuer, caller: Caller, value: str) -> None:
    """Ask for the caller's payment password. Of many attempts in parallel only as many as are allowed learn anything.

    Raises:
        PaymentPasswordNotSet, WrongPaymentPassword, PaymentPasswordLocked
    """
    counter = lockout.of_payment_password(issuer.root_key, issuer.parameters, caller.user_id)
    async with transactions() as session:
        refusal: DomainError | None = await lockout.lock_of(session, counter)
        found = await queries.own_payment_password(session, caller)
    if found is None:
        raise PaymentPasswordNotSet
    if refusal is not None:
        raise refusal
    right = await passwords.verify(value, found.password_hash)
    async with transactions.begin() as session:
        refusal = await lockout.lock_of(session, counter, for_update=True)
        if refusal is None:
            now = await queries.own_payment_password(session, caller, for_update=True)
            if right and now is not None and now.password_hash == found.password_hash:
                await lockout.forget(session, counter)
            else:
                attempts = await lockout.count_failure(session, counter)
                refusal = WrongPaymentPassword(attempts_left=max(0, counter.allowed - attempts))
    if refusal is not None:
        raise refusal


async def set_first(
    transactions: Transactions, issuer: Issuer, caller: Caller, *, value: str, password: str, otp: str | None
) -> None:
    """The caller's first one, by the login password, and a code of the authenticator if there is one.

    Raises:
        WrongPassword, SecondFactorRefused, AccountLocked, WeakPaymentPassword
        PaymentPasswordExists: change it, or reset it.
    """
    await proof.demand(transactions, issuer, caller, password=password, otp=otp)
    fresh = await _hash(transactions, caller, value)
    async with transactions.begin() as session:
        now = clock.now()
        made = insert(PaymentPassword).values(
            user_id=caller.user_id, password_hash=fresh, created_at=now, changed_at=now
        )
        if await session.scalar(made.on_conflict_do_nothing().returning(PaymentPassword.user_id)) is None:
            raise PaymentPasswordExists
        _tell(session, caller, "set")


async def change(transactions: Transactions, issuer: Issuer, caller: Caller, *, old_value: str, new_value: str) -> None:
    """Another one, by the old one.

    Raises:
        PaymentPasswordNotSet, WrongPaymentPassword, PaymentPasswordLocked, WeakPaymentPassword
    """
    await check(transactions, issuer, caller, old_value)
    await _replace(transactions, issuer, caller, await _hash(transactions, caller, new_value), "change")


async def ask_reset_code(session: AsyncSession, desk: CodeDesk, caller: Caller, origin: Origin) -> None:
    """Send a code to the caller's phone, or else the mail box.

    Raises:
        NoContact, CodesAskedTooOften
    """
    user, _ = await queries.me(session, caller)
    subject = _subject(user)
    if refusal := await codes.ask(session, desk, subject, address=origin.address, language=user.language):
        raise refusal


async def reset(
    transactions: Transactions,
    issuer: Issuer,
    desk: CodeDesk,
    caller: Caller,
    *,
    code: str,
    value: str,
    password: str,
    otp: str | None,
) -> None:
    """Another one without the old one: by a fresh code, and all that setting the first one takes. A lock is lifted.

    Raises:
        WrongPassword, SecondFactorRefused, AccountLocked, InvalidCode, NoContact, WeakPaymentPassword
        PaymentPasswordNotSet
    """
    await proof.demand(transactions, issuer, caller, password=password, otp=otp)
    fresh = await _hash(transactions, caller, value)
    async with transactions.begin() as session:
        user, _ = await queries.me(session, caller)
        given = await codes.check(session, desk, _subject(user), code)
    if given is None:
        raise InvalidCode
    await _replace(transactions, issuer, caller, fresh, "reset", given)


async def _hash(transactions: Transactions, caller: Caller, value: str) -> str:
    async with transactions() as session:
        user, _ = await queries.me(session, caller)
    _refuse_weak(value, user)
    return await passwords.hash_password(value)


async def _replace(
    transactions: Transactions,
    issuer: Issuer,
    caller: Caller,
    fresh: str,
    how: str,
    given: codes.Proof | None = None,
) -> None:
    counter = lockout.of_payment_password(issuer.root_key, issuer.parameters, caller.user_id)
    async with transactions.begin() as session:
        found = await queries.own_payment_password(session, caller, for_update=True)
        if found is None:
            raise PaymentPasswordNotSet
        if given is not None and not await codes.use(session, given):
            raise InvalidCode
        found.password_hash, found.changed_at = fresh, clock.now()
        await lockout.forget(session, counter)
        _tell(session, caller, how)


def _subject(user: User) -> Subject:
    if (target := user.reach) is None:
        raise NoContact
    return Subject(CodePurpose.PAYMENT_PASSWORD, target, str(user.id))


def _refuse_weak(value: str, user: User) -> None:
    """Repetitions, consecutive digits, and what stands in the phone number.

    Raises:
        WeakPaymentPassword
    """
    repeated = any(value == value[:size] * (DIGITS // size) for size in (1, 2, 3))
    if repeated or any(value in row for row in _ROWS) or value in (user.phone or ""):
        raise WeakPaymentPassword


def _tell(session: AsyncSession, caller: Caller, how: str) -> None:
    audit.record(session, caller.actor, f"identity.{how}_payment_password", "user", caller.user_id)
    outbox.publish(session, PaymentPasswordChanged(supplier_id=None, distributor_id=None, user_id=caller.user_id))
