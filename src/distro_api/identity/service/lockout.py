"""Failures in a row under one account name: after some of them nobody gets in for a while, each time for longer.

Counted by the name that was typed, known or not, so that a lock says nothing about who exists.
"""

from datetime import timedelta

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.crypto import keyed_hash
from distro_api.identity.errors import AccountLocked
from distro_api.identity.models import LoginFailures
from distro_api.identity.service.parameters import Parameters, catalogue

FORGOTTEN_AFTER = timedelta(hours=24)


def account_hash(root_key: bytes, account: str) -> bytes:
    return keyed_hash(root_key, "login-failures", account)


async def lock_of(session: AsyncSession, account: bytes, *, for_update: bool = False) -> AccountLocked | None:
    """The refusal to answer with while the account is locked.

    Args:
        for_update: hold the counter's row, so that attempts in parallel are judged one after the other.
    """
    query = select(LoginFailures).where(LoginFailures.account_hash == account)
    row = await session.scalar(query.with_for_update() if for_update else query)
    if row is None or row.locked_until is None or row.locked_until <= clock.now():
        return None
    return AccountLocked().retry_after(int((row.locked_until - clock.now()).total_seconds()) + 1)


async def count_failure(session: AsyncSession, parameters: Parameters, account: bytes) -> None:
    """One more failure; from as many as are allowed on the account is locked, twice as long each time."""
    now = clock.now()
    first = insert(LoginFailures).values(account_hash=account, failures=1, last_failed_at=now, locked_until=None)
    again = case((LoginFailures.last_failed_at < now - FORGOTTEN_AFTER, 1), else_=LoginFailures.failures + 1)
    failures = await session.scalar(
        first.on_conflict_do_update(
            index_elements=[LoginFailures.account_hash], set_={"failures": again, "last_failed_at": now}
        ).returning(LoginFailures.failures)
    )
    assert failures is not None
    if (beyond := failures - parameters.get(catalogue.LOGIN_FAILURES_ALLOWED)) >= 0:
        doubled = parameters.get(catalogue.LOGIN_LOCK_S) * 2 ** min(beyond, 20)
        delay = timedelta(seconds=min(doubled, parameters.get(catalogue.LOGIN_LOCK_LONGEST_S)))
        locked = update(LoginFailures).where(LoginFailures.account_hash == account)
        await session.execute(locked.values(locked_until=now + delay))


async def forget(session: AsyncSession, account: bytes) -> None:
    """The right password was given."""
    await session.execute(delete(LoginFailures).where(LoginFailures.account_hash == account))
