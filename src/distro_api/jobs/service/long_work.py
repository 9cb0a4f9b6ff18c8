"""Long work: a row that says how far it is, a function that does it, and no effect twice.

A room declares a `JobKind` (name, payload, function) in its `jobs.py`; the wiring gives all of them to `entrypoint`. A
worker that dies leaves the row `running`; the queue hands the job to another one, which takes it up under the next
`attempt`. Whatever a function commits together with `Work.checkpoint` or `Work.finish` is committed by the latest
attempt only, and once.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

import asyncpg
import structlog
from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.core.errors import DomainError, InternalError, StateConflict
from distro_api.core.http import constraint_of
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Actor
from distro_api.jobs import queries
from distro_api.jobs.errors import JobGaveUp, TooManyJobs
from distro_api.jobs.models import Job, JobRowError, JobStatus
from distro_api.jobs.service.queue import Handler, Later, enqueue
from distro_api.jobs.states import OVER

log = structlog.get_logger()
RUN = "jobs.run"
"""The queue's name for all of it."""
ATTEMPTS = 8
"""After so many a job that keeps dying is given up: it may be what kills the worker."""
LONGEST_PAUSE_S = 60.0
"""Between two attempts at a job that met what passes by itself; the pause doubles."""
AT_ONCE = 2
"""Long jobs that one worker does at a time: each takes memory and two database connections."""
WAITING = 20
"""Jobs of one kind that an organization may have waiting or running."""
TURN_S = 1.0
"""How long a job waits before it asks again whether another one of its kind is done."""
KEPT = timedelta(days=90)
TRANSIENT = (DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What passes by itself; a job that meets it is taken up again."""

PayloadT = TypeVar("PayloadT", bound=BaseModel)
Sessions = async_sessionmaker[AsyncSession]


@dataclass(frozen=True, slots=True)
class JobKind(Generic[PayloadT]):
    """A kind of long work. `payload` is plain data without secrets or personal data; it is kept with the job."""

    name: str
    payload: type[PayloadT]
    run: Callable[["Work", PayloadT], Awaitable[None]]


class Superseded(Exception):
    """Another worker has taken the job up: this one has to leave everything as it is."""


class Cancelled(Exception):
    """Somebody asked for the end of it."""


@dataclass(frozen=True, slots=True)
class RowError:
    """What was wrong with a row, in the file's language: a list of `{field, column, code, message}`."""

    row: int
    errors: Sequence[Mapping[str, str | None]]


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt at a job, as the function that does it sees it. Sessions are the worker's: it sees every tenant."""

    id: UUID
    actor: Actor
    organization_id: UUID
    user_id: UUID
    language: str
    attempt: int
    position: int
    """Up to where earlier attempts have committed their effects."""
    counts: Mapping[str, int]
    """What they have counted."""
    sessions: Sessions

    async def advance(self, *, done: int | None = None, total: int | None = None) -> None:
        """Show progress at once, in a transaction of its own, and hear whether to go on.

        Raises:
            Cancelled, Superseded
        """
        told = {name: value for name, value in (("done", done), ("total", total)) if value is not None}
        async with self.sessions.begin() as session:
            await self._write(session, told | {"attempt": self.attempt})

    async def report(self, session: AsyncSession, errors: Iterable[RowError]) -> None:
        """Keep what was wrong with rows; said twice, the later word counts."""
        rows = sorted((error.row, to_json(error.errors).decode()) for error in errors)
        if rows:
            await session.execute(
                text(
                    "INSERT INTO job_row_errors (job_id, row, organization_id, errors) "
                    "SELECT :job, r, :organization, e::jsonb FROM unnest(CAST(:rows AS bigint[]), CAST(:errors AS text[])) AS u(r, e) "
                    "ON CONFLICT (job_id, row) DO UPDATE SET errors = excluded.errors"
                ),
                {
                    "job": self.id,
                    "organization": self.organization_id,
                    "rows": [row for row, _ in rows],
                    "errors": [errors for _, errors in rows],
                },
            )

    async def refused(self, session: AsyncSession) -> int:
        """How many rows have something wrong."""
        counted = select(func.count()).select_from(JobRowError).where(JobRowError.job_id == self.id)
        return await session.scalar(counted) or 0

    async def row_errors(
        self, session: AsyncSession, first: int, last: int
    ) -> Mapping[int, Sequence[Mapping[str, str | None]]]:
        """What was wrong with rows `first` to `last`, by row."""
        found = select(JobRowError.row, JobRowError.errors).where(
            JobRowError.job_id == self.id, JobRowError.row.between(first, last)
        )
        return {row.row: row.errors for row in await session.execute(found)}

    async def checkpoint(self, session: AsyncSession, *, done: int, position: int, counts: Mapping[str, int]) -> None:
        """Commit with what was done up to `position`: the next attempt begins behind it.

        Raises:
            Cancelled, Superseded: nothing of the session's transaction may be committed.
        """
        await self._write(session, {"done": done, "position": position, "counts": dict(counts)})

    async def finish(
        self,
        session: AsyncSession,
        *,
        counts: Mapping[str, int] | None = None,
        result_file_id: UUID | None = None,
        error: DomainError | None = None,
    ) -> None:
        """The end, with the session's transaction: well, or with the `error` that made it fail.

        Args:
            counts: what came of it; left out: what the last checkpoint told.

        Raises:
            Superseded: nothing of the session's transaction may be committed.
        """
        refused = select(func.count()).select_from(JobRowError).where(JobRowError.job_id == self.id).scalar_subquery()
        last = {
            "status": JobStatus.SUCCEEDED if error is None else JobStatus.FAILED,
            "error": None if error is None else error.stored(),
            "row_errors": refused,
            "result_file_id": result_file_id,
            "finished_at": clock.now(),
        }
        told = {} if counts is None else {"counts": dict(counts)}
        await self._write(session, last | told, heed_cancel=False)

    async def _write(self, session: AsyncSession, values: Mapping[str, Any], *, heed_cancel: bool = True) -> None:
        mine = (Job.id == self.id, Job.attempt == self.attempt, Job.status == JobStatus.RUNNING)
        cancel = await session.scalar(update(Job).where(*mine).values(**values).returning(Job.cancel_asked))
        if cancel is None:
            raise Superseded
        if cancel and heed_cancel:
            raise Cancelled


async def start(session: AsyncSession, principal: Principal, kind: str, payload: BaseModel, *, language: str) -> Job:
    """Put long work in the queue, in the session's transaction.

    Args:
        kind: the name of a `JobKind`, whose payload this is.
        language: of what it tells people, `zh` or `en`.

    Raises:
        TooManyJobs
    """
    if await queries.unfinished(session, principal.organization_id, kind) >= WAITING:
        raise TooManyJobs
    made = Job(
        id=clock.new_id(),
        kind=kind,
        organization_id=principal.organization_id,
        user_id=principal.user_id,
        language=language,
        payload=payload.model_dump(mode="json"),
        status=JobStatus.QUEUED,
        done=0,
        row_errors=0,
        counts={},
        position=0,
        attempt=0,
        cancel_asked=False,
        request_id=principal.request_id,
        address=principal.address,
        api_key_id=principal.api_key_id,
    )
    session.add(made)
    audit.record(session, principal.actor, "jobs.start", "job", made.id, kind=kind)
    await session.flush()
    await enqueue(session, RUN, {"job_id": str(made.id)})
    return made


async def cancel(session: AsyncSession, principal: Principal, job_id: UUID) -> Job:
    """End a job: a waiting one now, a running one at its next step. What it has committed stays.

    Raises:
        NotFoundHere, StateConflict: it is over.
    """
    found = await queries.job(session, principal, job_id, for_update=True)
    if found.status in OVER:
        raise StateConflict(state=found.status, action="cancel")
    if not found.cancel_asked:
        audit.record(session, principal.actor, "jobs.cancel", "job", found.id)
    found.cancel_asked = True
    if found.status is JobStatus.QUEUED:
        found.status, found.finished_at = JobStatus.CANCELLED, clock.now()
    await session.flush()
    return found


async def purge(session: AsyncSession) -> None:
    """Forget what ended long ago; a daily job."""
    await session.execute(delete(Job).where(Job.finished_at < clock.now() - KEPT))


def entrypoint(sessions: Sessions, kinds: Iterable[JobKind[Any]]) -> Mapping[str, Handler]:
    """The queue's handler that runs every kind of job."""
    by_name = {kind.name: kind for kind in kinds}
    places = asyncio.Semaphore(AT_ONCE)

    async def run_job(payload: dict[str, Any]) -> None:
        job_id = UUID(payload["job_id"])
        if places.locked():
            raise Later(timedelta(seconds=TURN_S), "this worker has enough to do")
        try:
            async with places:
                await _attempt(sessions, by_name, job_id)
        except TRANSIENT as error:  # it could not even be taken up
            log.warning("job_not_taken_up", job_id=str(job_id), error=repr(error)[:300])
            raise Later(timedelta(seconds=TURN_S), type(error).__name__) from error

    return {RUN: run_job}


async def _attempt(sessions: Sessions, kinds: Mapping[str, JobKind[Any]], job_id: UUID) -> None:
    """Take the job up and do it, or end it as it deserves."""
    taken = await _take_up(sessions, job_id)
    if taken is None:
        return
    work, job = taken
    kind = kinds[job.kind]
    try:
        if job.cancel_asked:
            raise Cancelled
        if work.attempt > ATTEMPTS:
            raise JobGaveUp(attempts=ATTEMPTS)
        await kind.run(work, kind.payload.model_validate(job.payload))
    except Superseded:
        log.info("job_superseded", job_id=str(job_id), attempt=work.attempt)
    except Cancelled:
        await _end_cancelled(work)
    except TRANSIENT as error:
        log.warning("job_interrupted", job_id=str(job_id), attempt=work.attempt, error=repr(error)[:300])
        raise Later(timedelta(seconds=min(2**work.attempt, LONGEST_PAUSE_S)), type(error).__name__) from error
    except Exception as error:  # whatever it is, people who wait must see the end of it
        if not isinstance(error, DomainError):
            log.error("job_failed", job_id=str(job_id), kind=job.kind, exc_info=error)
        await _end_failed(work, error if isinstance(error, DomainError) else InternalError())


async def _take_up(sessions: Sessions, job_id: UUID) -> tuple[Work, Job] | None:
    """The next attempt at a job, None when it is over.

    Raises:
        Later: another one of its kind runs in this organization.
    """
    try:
        async with sessions.begin() as session:
            job = await session.scalar(select(Job).where(Job.id == job_id).with_for_update())
            if job is None or job.status in OVER:
                return None
            job.status, job.attempt = JobStatus.RUNNING, job.attempt + 1
            job.started_at = job.started_at or clock.now()
    except IntegrityError as error:
        if constraint_of(error) != "uq_jobs_one_runs":
            raise
        raise Later(timedelta(seconds=TURN_S), "another one runs") from error
    actor = Actor(job.organization_id, job.user_id, job.request_id, job.address, job.api_key_id)
    work = Work(
        job.id,
        actor,
        job.organization_id,
        job.user_id,
        job.language,
        job.attempt,
        job.position,
        job.counts,
        sessions,
    )
    return work, job


async def _end_cancelled(work: Work) -> None:
    async with _last_word(work) as session:
        await work._write(session, {"status": JobStatus.CANCELLED, "finished_at": clock.now()}, heed_cancel=False)


async def _end_failed(work: Work, error: DomainError) -> None:
    async with _last_word(work) as session:
        await work.finish(session, error=error)


@contextlib.asynccontextmanager
async def _last_word(work: Work) -> AsyncIterator[AsyncSession]:
    """A transaction that changes nothing when another attempt has the job by now."""
    with contextlib.suppress(Superseded):
        async with work.sessions.begin() as session:
            yield session
