"""Attempts counted under a name: after some of them nobody gets in for a while, each time for longer.

An account is counted by the name that was typed, known or not, so that a lock says nothing about who exists. An address
has a wider limit, counted by the hour: an office behind one address shares it, and its slips of a day do not add up.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.crypto import keyed_hash
from distro_api.core.errors import TooManyRequests
from distro_api.identity.errors import AccountLocked, AddressLocked, PaymentPasswordLocked
from distro_api.identity.models import AttemptCounter
from distro_api.identity.service.parameters import Parameters, catalogue

FORGOTTEN_AFTER = timedelta(hours=24)
ADDRESS_WINDOW = timedelta(hours=1)
ADDRESS_LOCK_LONGEST_S = 900


@dataclass(frozen=True, slots=True)
class Counter:
    """Whose attempts are counted. The last one `allowed` locks for `lock_s`, each further one twice as long."""

    name_hash: bytes
    allowed: int
    lock_s: int
    longest_s: int
    window: timedelta = FORGOTTEN_AFTER
    """Attempts are forgotten so long after the last of them, or after the first when `by_first`."""
    by_first: bool = False
    refusal: type[TooManyRequests] = AccountLocked


@dataclass(frozen=True, slots=True)
class Standing:
    """How a name stands now."""

    attempts: int
    lock: TooManyRequests | None


def of_account(root_key: bytes, parameters: Parameters, account: str) -> Counter:
    """Sign-ins under an account's name."""
    return _as_at_login(root_key, parameters, "account", account)


def of_password(root_key: bytes, parameters: Parameters, user_id: UUID) -> Counter:
    """The password asked again of somebody who is signed in: a thief of the token locks nobody out of signing in."""
    return _as_at_login(root_key, parameters, "password", str(user_id))


def of_second_factor(root_key: bytes, parameters: Parameters, user_id: UUID) -> Counter:
    """Codes of a user's authenticator and recovery codes, at sign-in and afterwards."""
    return _as_at_login(root_key, parameters, "second-factor", str(user_id))


def of_payment_password(root_key: bytes, parameters: Parameters, user_id: UUID) -> Counter:
    """A user's payment password, wherever it is asked for."""
    return Counter(
        keyed_hash(root_key, "attempts/payment-password", str(user_id)),
        parameters.get(catalogue.PAYMENT_PASSWORD_ATTEMPTS),
        parameters.get(catalogue.PAYMENT_PASSWORD_LOCK_S),
        int(FORGOTTEN_AFTER.total_seconds()),
        refusal=PaymentPasswordLocked,
    )


def of_address(root_key: bytes, parameters: Parameters, address: str) -> Counter | None:
    """Sign-ins from an address; None when it is not known (a local socket)."""
    if (network := network_of(address)) is None:
        return None
    return Counter(
        keyed_hash(root_key, "attempts/address", network),
        parameters.get(catalogue.ADDRESS_FAILURES_ALLOWED),
        parameters.get(catalogue.LOGIN_LOCK_S),
        ADDRESS_LOCK_LONGEST_S,
        ADDRESS_WINDOW,
        by_first=True,
        refusal=AddressLocked,
    )


async def standing(session: AsyncSession, counter: Counter, *, for_update: bool = False) -> Standing:
    """Attempts that still count, and the refusal to answer with while the name is locked.

    Args:
        for_update: hold the counter, so that attempts in parallel are judged one after the other.
    """
    now = clock.now()
    query = select(AttemptCounter).where(AttemptCounter.name_hash == counter.name_hash)
    if for_update:
        await session.execute(_fresh(counter, now, attempts=0).on_conflict_do_nothing())
        query = query.with_for_update().execution_options(populate_existing=True)
    row = await session.scalar(query)
    if row is None:
        return Standing(0, None)
    since = row.first_at if counter.by_first else row.last_at
    lock = None
    if row.locked_until is not None and row.locked_until > now:
        lock = counter.refusal().retry_after(int((row.locked_until - now).total_seconds()) + 1)
    return Standing(0 if since < now - counter.window else row.attempts, lock)


async def lock_of(session: AsyncSession, counter: Counter, *, for_update: bool = False) -> TooManyRequests | None:
    """The refusal to answer with while the name is locked."""
    return (await standing(session, counter, for_update=for_update)).lock


async def count_failure(session: AsyncSession, counter: Counter) -> int:
    """One more failure, and how many count now; from as many as are allowed on the name is locked."""
    attempts, _ = await _count(session, counter)
    if (beyond := attempts - counter.allowed) >= 0:
        delay = timedelta(seconds=min(counter.lock_s * 2 ** min(beyond, 20), counter.longest_s))
        locked = update(AttemptCounter).where(AttemptCounter.name_hash == counter.name_hash)
        await session.execute(locked.values(locked_until=clock.now() + delay))
    return attempts


async def forget(session: AsyncSession, counter: Counter) -> None:
    """What was asked for has been given."""
    await session.execute(delete(AttemptCounter).where(AttemptCounter.name_hash == counter.name_hash))


async def take(
    session: AsyncSession, root_key: bytes, what: str, address: str, *, allowed: int, per: timedelta
) -> None:
    """Count one of the `allowed` uses of `what` that an address has in each `per`.

    Raises:
        TooManyRequests: with the seconds until it may go on.
    """
    name = keyed_hash(root_key, f"attempts/{what}", network_of(address) or "")
    counter = Counter(name, allowed, 0, 0, per, by_first=True)
    used, since = await _count(session, counter)
    if used > allowed:
        raise TooManyRequests().retry_after(max(1, int((since + per - clock.now()).total_seconds()) + 1))


async def _count(session: AsyncSession, counter: Counter) -> tuple[int, datetime]:
    now = clock.now()
    since = AttemptCounter.first_at if counter.by_first else AttemptCounter.last_at
    outdated = since < now - counter.window
    counted = _fresh(counter, now, attempts=1).on_conflict_do_update(
        index_elements=[AttemptCounter.name_hash],
        set_={
            "attempts": case((outdated, 1), else_=AttemptCounter.attempts + 1),
            "first_at": case((outdated, now), else_=AttemptCounter.first_at),
            "last_at": now,
        },
    )
    row = (await session.execute(counted.returning(AttemptCounter.attempts, AttemptCounter.first_at))).one()
    return row.attempts, row.first_at


def _fresh(counter: Counter, now: datetime, *, attempts: int) -> Insert:
    return insert(AttemptCounter).values(
        name_hash=counter.name_hash, attempts=attempts, first_at=now, last_at=now, locked_until=None
    )


def _as_at_login(root_key: bytes, parameters: Parameters, kind: str, name: str) -> Counter:
    return Counter(
        keyed_hash(root_key, f"attempts/{kind}", name),
        parameters.get(catalogue.LOGIN_FAILURES_ALLOWED),
        parameters.get(catalogue.LOGIN_LOCK_S),
        parameters.get(catalogue.LOGIN_LOCK_LONGEST_S),
    )


def network_of(address: str) -> str | None:
    """The address as it is counted: of IPv6 the /64, all of which one subscriber has."""
    try:
        known = ip_address(address)
    except ValueError:
        return None
    return str(ip_network((known, 64), strict=False)) if known.version == 6 else str(known)
