"""Queue a job in a transaction; run what is queued and what is scheduled.

The queue is pgqueuer's, in the schema `jobs`. Every one of its names is given here: it would otherwise read them from
the environment, bare names such as CHANNEL among them.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Context, Job
from pgqueuer.domain.models import Schedule as Tick
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from pgqueuer.ports.driver import Driver, NotifyCallback
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.db import raw

log = structlog.get_logger()
SETTINGS = DBSettings(
    prefix="",
    db_schema="jobs",
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
    widen_id=True,
)
RETRIES = 5
"""After so many tries again a job is held with status `failed` until a person queues it anew."""
PATIENCE = RETRIES + 12
"""The same for what waits for somebody else's service (`Unreachable`): after the quick tries it is tried at long intervals."""
FIRST_RETRY, LAST_RETRY = timedelta(seconds=1), timedelta(minutes=5)
POLL = timedelta(seconds=5)
HEARTBEAT = timedelta(seconds=10)
"""A job whose worker died runs again after this and a poll."""
GRACE_S = 10.0
"""How long running jobs may go on after the worker was told to stop."""
LOG_KEPT_DAYS = 7

Handler = Callable[[dict[str, Any]], Awaitable[None]]
"""Does one job from its payload. It may run twice: its effect must be the same."""


class Hopeless(Exception):
    """A handler raises it when trying again is of no use: the job is held with status `failed` at once."""


class Unreachable(Exception):
    """A handler raises it when somebody else's service is not there: it is tried for an hour before the job is held."""


class Later(Exception):
    """Raised by a handler that wants to be called again after a while, however often it has been."""

    def __init__(self, delay: timedelta, reason: str) -> None:
        super().__init__(reason)
        self.delay = delay


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is done again and again; `cron` is in UTC, an optional sixth field counts seconds. One worker does it."""

    name: str
    cron: str
    run: Callable[[], Awaitable[None]]


async def enqueue(
    session: AsyncSession, name: str, payload: Mapping[str, Any], *, after: timedelta | None = None
) -> None:
    """Queue a job in the session's transaction: it runs once that has committed, `after` a while if asked.

    Args:
        payload: plain JSON without secrets or personal data; seal what is one (`core.crypto.box`).
    """
    connection = await raw(session)
    await _queries(AsyncpgDriver(connection)).enqueue(name, json.dumps(payload).encode(), execute_after=after)


async def run(dsn: str, entrypoints: Mapping[str, Handler], schedules: Sequence[Schedule] = ()) -> None:
    """Do jobs and schedules until cancelled; a lost database is waited for.

    Cancelled, it takes nothing new and leaves running jobs `GRACE_S` to end.
    """
    while True:
        try:
            await _serve(dsn, entrypoints, (*schedules, _housekeeping(dsn)))
        except Exception as error:  # whatever it is, work must go on as soon as it can
            log.warning("jobs_interrupted", error=repr(error)[:300])
        await asyncio.sleep(1)


async def _serve(dsn: str, entrypoints: Mapping[str, Handler], schedules: Sequence[Schedule]) -> None:
    async with asyncpg.create_pool(
        dsn,
        min_size=2,
        max_size=4,
        timeout=10,
        command_timeout=60,  # a server that has gone silent is left
        server_settings={"application_name": "distro-jobs"},
    ) as pool:
        driver = _Driver(pool)
        queuer = PgQueuer(connection=driver, channel=SETTINGS.channel, queries=_queries(driver))
        for name, handler in entrypoints.items():
            queuer.entrypoint(name, on_failure="hold", executor_factory=_with_retries)(_job(handler))
        for schedule in schedules:
            queuer.schedule(schedule.name, schedule.cron)(_tick(schedule))
        serving = asyncio.create_task(
            queuer.run(
                dequeue_timeout=POLL,
                heartbeat_timeout=HEARTBEAT,
                max_concurrent_tasks=20,
                shutdown_on_listener_failure=True,
            )
        )
        try:
            await asyncio.shield(serving)
        finally:
            queuer.shutdown.set()
            await asyncio.wait([serving], timeout=GRACE_S)
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await serving


def _queries(driver: Driver) -> Queries:
    return Queries(
        driver, QueryBuilderEnvironment(SETTINGS), QueryQueueBuilder(SETTINGS), QuerySchedulerBuilder(SETTINGS)
    )


class _Driver(AsyncpgPoolDriver):
    """Tells nothing before it listens.

    The queue sends its first probe of its own listener beside the LISTEN: on a busy machine that came too late, the probe
    was lost, and ten seconds later the queue took its listener for dead.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(pool)
        self._listening = asyncio.Event()

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        await super().add_listener(channel, callback)
        self._listening.set()

    async def notify(self, channel: str, payload: str) -> None:
        await self._listening.wait()
        await super().notify(channel, payload)


class _Executor(DatabaseRetryEntrypointExecutor):
    """Retries by the database, but for what is hopeless."""

    async def execute(self, job: Job, context: Context) -> None:
        try:
            await super().execute(job, context)
        except RetryRequested as again:
            if isinstance(again.__cause__, Hopeless):
                raise again.__cause__ from None
            raise
        except Unreachable as away:
            if job.attempts >= PATIENCE:
                raise
            raise RetryRequested(delay=LAST_RETRY, reason=str(away)) from away


def _with_retries(parameters: EntrypointExecutorParameters) -> _Executor:
    return _Executor(parameters=parameters, max_attempts=RETRIES, initial_delay=FIRST_RETRY, max_delay=LAST_RETRY)


def _job(handler: Handler) -> Callable[[Job], Awaitable[None]]:
    async def run_job(job: Job) -> None:
        try:
            await handler(json.loads(job.payload or b"{}"))
        except Later as later:
            raise RetryRequested(delay=later.delay, reason=str(later)) from later

    return run_job


def _tick(schedule: Schedule) -> Callable[[Tick], Awaitable[None]]:
    async def run_tick(tick: Tick) -> None:
        await schedule.run()

    return run_tick


def _housekeeping(dsn: str) -> Schedule:
    """The log gets three rows a job and is never emptied by the queue itself."""

    async def purge() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            for table in ("jobs.pgqueuer_log", "jobs.pgqueuer_statistics"):
                await connection.execute(
                    f"DELETE FROM {table} WHERE created < now() - make_interval(days => $1)", LOG_KEPT_DAYS
                )
        finally:
            await connection.close()

    return Schedule("jobs.purge", "17 19 * * *", purge)
