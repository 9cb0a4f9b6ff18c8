"""The worker: relays events, feeds subscribers, closes overdue orders, keeps partitions and keys in order.

Any number of workers may run: each loop takes a row lock or tests again under one.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any

import asyncpg
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock, consume, outbox, upkeep
from distro_api.core.db import raw, sqlalchemy_engine
from distro_api.core.errors import DomainError
from distro_api.core.lanes import Lanes
from distro_api.core.provision import refuse_superuser, urls_of
from distro_api.core.settings import Settings
from distro_api.files import service as files
from distro_api.identity.service import codes
from distro_api.identity.service.revocations import purge as purge_revocations
from distro_api.identity.service.sessions import purge as purge_sessions
from distro_api.jobs import service as jobs
from distro_api.notifications import service as notifications
from distro_api.orders.jobs import close_over
from distro_api.orders.service.batch import executor
from distro_api.orders.service.source import RandomSource
from distro_api.relations.jobs import expire_invitations
from distro_api.staff.jobs import import_employees
from distro_api.strategies.jobs import purge_counters
from distro_api.subscriptions import subscribers
from distro_api.tickets.jobs import expire_tickets

log = structlog.get_logger()
EVENT_POLL_S = 0.25
SWEEP_POLL_S = 1.0
UPKEEP_POLL_S = 60.0
TRANSIENT = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, DomainError, TimeoutError)
"""What a database that goes away looks like, and refusals: the loop that met it goes on."""

Sessions = async_sessionmaker[AsyncSession]


async def run(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Work until `stop` is set."""
    urls = urls_of(settings)
    await refuse_superuser(urls.engine)
    fed = subscribers(settings)
    engine = sqlalchemy_engine(urls.engine, 4 + len(fed) + 2 * jobs.AT_ONCE)
    sessions: Sessions = async_sessionmaker(engine, expire_on_commit=False)
    stop = stop or asyncio.Event()
    try:
        await consume.register(sessions, fed)  # before anything more is relayed
        async with Lanes(urls.engine, executor(RandomSource(settings.time_zone), settings.time_zone), count=1) as lanes:

            async def sweep() -> int:
                return await close_over(sessions, lanes, settings.time_zone)

            loops = [
                _loop("relay", lambda: relay_once(sessions), EVENT_POLL_S, stop),
                _loop("sweep", sweep, SWEEP_POLL_S, stop),
                *(_loop(name, work, UPKEEP_POLL_S, stop) for name, work in chores(sessions, settings).items()),
            ]
            for subscriber in fed:
                loops.append(_loop(subscriber.name, _feeding(sessions, subscriber), EVENT_POLL_S, stop))
                loops.append(_loop(f"{subscriber.name}.parked", _retrying(sessions, subscriber), SWEEP_POLL_S, stop))
            queue = asyncio.create_task(_jobs(urls.engine, sessions, settings))
            await asyncio.gather(*loops)
            queue.cancel()
            await asyncio.gather(queue, return_exceptions=True)
    finally:
        await engine.dispose()


async def _jobs(dsn: str, sessions: Sessions, settings: Settings) -> None:
    """Messages to be sent, long work, and what is done once a day or more often."""
    storage = files.open_storage(settings)

    async def purge() -> None:
        async with sessions.begin() as session:
            await purge_sessions(session)
            await jobs.purge(session)
            await codes.purge(session)

    async def sweep_files() -> None:
        await files.sweep(sessions, storage)

    schedules = [
        jobs.Schedule("daily.purge", "20 19 * * *", purge),
        jobs.Schedule("files.sweep", "*/10 * * * *", sweep_files),
    ]
    entrypoints = {
        **notifications.entrypoints(settings, sessions),
        **jobs.entrypoint(sessions, long_work(storage)),
    }
    await jobs.run(dsn, entrypoints, schedules)


def long_work(storage: files.Storage) -> Sequence[jobs.JobKind[Any]]:
    """Every kind of long work."""
    return (import_employees(storage),)


def _feeding(sessions: Sessions, subscriber: outbox.Subscriber) -> Callable[[], Awaitable[int]]:
    return lambda: consume.consume(sessions, subscriber)


def _retrying(sessions: Sessions, subscriber: outbox.Subscriber) -> Callable[[], Awaitable[int]]:
    return lambda: consume.retry_parked(sessions, subscriber)


async def _loop(name: str, work: Callable[[], Awaitable[int]], pause_s: float, stop: asyncio.Event) -> None:
    """Do it again at once while there is something to do, else after `pause_s`; a failure is logged and tried again."""
    while not stop.is_set():
        try:
            busy = await work() > 0
        except TRANSIENT as error:
            log.warning("worker_loop_failed", loop=name, error=repr(error)[:300])
            busy = False
        if not busy:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)


async def relay_once(sessions: Sessions) -> int:
    """Move events from the outbox to the log."""
    async with sessions.begin() as session:
        return await outbox.relay(await raw(session))


def chores(sessions: Sessions, settings: Settings) -> Mapping[str, Callable[[], Awaitable[int]]]:
    """What is done now and then, each in a loop of its own, so that one that fails stops no other; how much was done."""

    def today() -> date:
        return clock.local_date(clock.now(), settings.time_zone)

    async def tickets() -> int:
        async with sessions.begin() as session:
            return await expire_tickets(session, today())

    async def invitations() -> int:
        async with sessions.begin() as session:
            return await expire_invitations(session, clock.now())

    async def limits() -> int:
        async with sessions.begin() as session:
            return await purge_counters(session, today())

    async def revocations() -> int:
        async with sessions.begin() as session:
            await purge_revocations(session)
        return 0

    return {
        "leaves": lambda: upkeep.make_leaves(sessions, today()),
        "events": lambda: upkeep.shorten_log(sessions, settings.event_keep_days),
        "keys": lambda: upkeep.purge_keys(sessions, settings.idempotency_keep_s),
        "tickets": tickets,
        "invitations": invitations,
        "limits": limits,
        "revocations": revocations,
    }
