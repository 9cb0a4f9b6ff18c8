"""Lanes: all writers of the hot tables, batched.

A lane is one queue and one dedicated database connection. What arrives while a batch is in flight is the next batch;
there is no timer, so a batch is as large as the load makes it. Supplier `s` uses lane `hash(s) % lanes`, because two
lanes on one hot row only split the batch and fight over the row.

Within a lane suppliers take turns, and a command counts as much as it holds (`weight`): who sends many or large ones
waits behind himself.

A batch runs in one transaction and returns an outcome per command. If it fails as a whole nothing was applied. Where no
server can be reached all of it is answered so; where one can, its commands are run one by one within a limit of time, so
that a poisoned command, or one whose rows somebody else holds, costs only itself.
"""

import asyncio
import contextlib
import random
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import asyncpg
import structlog
import uvloop

from distro_api.core.errors import InternalError, Overloaded, Unanswered
from distro_api.core.failures import Failure, failure_of

log = structlog.get_logger()
CommandT = TypeVar("CommandT")
OutcomeT = TypeVar("OutcomeT")
MAX_BATCH = 256
"""Weight of the commands of a batch."""
ATTEMPTS = 3
IN_USE_PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 0.8)
SWITCH_INTERVAL_S = 0.0002
"""How long a lane that has an answer waits for a busy request at most; Python's own 5 ms would be the lane's pace."""
STATEMENT_TIMEOUT_S = 10
COMMAND_TIMEOUT_S = STATEMENT_TIMEOUT_S + 5
"""When the server should have ended the statement itself: it is silent, and only a new connection can tell."""
LANE_SETTINGS = {
    "application_name": "distro-lane",
    "lock_timeout": "2s",
    "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",  # the plans depend on no value: every look-up is by key
}
ANSWERS_WITHIN_S = 5
"""How long a server may take for what is no work: to let us in, to begin, to roll back."""
ATTEMPTS_WITHIN_S = 15.0
"""After this long a batch is not tried again as a whole."""
ALONE_WITHIN_S = 10.0
"""How long the commands of a failed batch may take one by one, all together; others wait behind them."""
BEGIN = "BEGIN"
BEGIN_ALONE = "BEGIN; SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '2s'"
SLOW_BATCH_S = 10.0
"""A batch takes some hundredths of a second. One that takes this long is no load, but something wrong."""


class Rerun(Exception):
    """The batch met what another process had just committed (an idempotency key): run it again from the start."""


class InUse:
    """An outcome: what the command needs (an idempotency key) is in use elsewhere; it is submitted again in a while."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answers: a success, or what its idempotency key remembered."""

    status: int
    body: bytes
    location: str | None = None
    replayed: bool = False
    version: int | None = None
    """Of the object in the body."""


Execute = Callable[[asyncpg.Connection, Sequence[CommandT]], Awaitable[Sequence[OutcomeT]]]
"""Runs a batch inside the open transaction and returns its outcomes in order."""


@dataclass(slots=True)
class _Waiting(Generic[CommandT, OutcomeT]):
    key: UUID
    weight: int
    command: CommandT
    answer: asyncio.Future[OutcomeT]


class Lanes(Generic[CommandT, OutcomeT]):
    """The lanes of one process. Open it once per process, inside the event loop that submits.

    They run in a thread with an event loop of its own: a batch takes a dozen round trips while it holds rows that
    others wait for, and on the loop of the requests each of them would queue behind whatever requests are ready.
    """

    def __init__(
        self, dsn: str, execute: Execute[CommandT, OutcomeT], *, count: int = 2, queue_limit: int = 2000
    ) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="lanes", daemon=True)
        self._lanes = [_Lane(self._loop, dsn, execute, queue_limit) for _ in range(count)]

    async def submit(self, key: UUID, command: CommandT, *, weight: int = 1) -> OutcomeT:
        """Run `command` in the lane of `key` (its supplier); `weight` is how much of a batch it takes.

        Raises:
            Overloaded: the queue is full, others kept what it needs, or the database could not be reached; whether the
                command took effect is then unknown, and the same idempotency key finds out.
            InternalError: the command failed by itself, which is our bug; it had no effect.
        """
        lane = self._lanes[key.int % len(self._lanes)]
        for pause_s in IN_USE_PAUSES_S:
            if not isinstance(outcome := await lane.submit(key, weight, command), InUse):
                return outcome
            await asyncio.sleep(pause_s)
        raise Overloaded

    def troubles(self) -> list[str]:
        """What is wrong with the lanes, one line each; nothing when every batch moves."""
        return [f"lane {n} {trouble}" for n, lane in enumerate(self._lanes) if (trouble := lane.trouble())]

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    async def __aenter__(self) -> "Lanes[CommandT, OutcomeT]":
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._thread.start()
        for lane in self._lanes:
            lane.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        stopping = [asyncio.run_coroutine_threadsafe(lane.stop(), self._loop) for lane in self._lanes]
        await asyncio.gather(*map(asyncio.wrap_future, stopping))
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)


class _Lane(Generic[CommandT, OutcomeT]):
    """`submit` is called on the requests' loop, everything else runs on the lanes' own."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, dsn: str, execute: Execute[CommandT, OutcomeT], queue_limit: int
    ) -> None:
        self._loop, self._dsn, self._execute, self._queue_limit = loop, dsn, execute, queue_limit
        self._queue: deque[_Waiting[CommandT, OutcomeT]] = deque()
        self._turns: OrderedDict[UUID, deque[_Waiting[CommandT, OutcomeT]]] = OrderedDict()
        self._sorted = 0
        self._arrived = asyncio.Event()
        self._idle = False
        self._connection: asyncpg.Connection | None = None
        self._task: Future[None] | None = None
        self._closing = False
        self._batch_since: float | None = None

    def start(self) -> None:
        self._task = asyncio.run_coroutine_threadsafe(self._run(), self._loop)

    async def stop(self) -> None:
        """Finish what waits, then leave."""
        self._closing = True
        self._arrived.set()
        if self._task is not None:
            await asyncio.wrap_future(self._task)
        if self._connection is not None:
            with contextlib.suppress(Exception):  # it may be gone already; nothing is in flight
                await self._connection.close(timeout=2)

    def trouble(self) -> str | None:
        """What is wrong, as seen from another thread."""
        if self._task is None or self._task.done():
            return "does not run"
        age = time.monotonic() - since if (since := self._batch_since) is not None else 0
        return f"has been at one batch for {age:.0f} s" if age > SLOW_BATCH_S else None

    async def submit(self, key: UUID, weight: int, command: CommandT) -> OutcomeT:
        if self._closing or len(self._queue) + self._sorted >= self._queue_limit:
            raise Overloaded
        answer: asyncio.Future[OutcomeT] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(key, weight, command, answer))
        if self._idle:  # read after the append, as the lane looks at the queue after it says that it is idle
            self._loop.call_soon_threadsafe(self._arrived.set)
        return await answer

    async def _run(self) -> None:
        while True:
            self._arrived.clear()
            self._idle = True
            if not self._queue and not self._turns:
                if self._closing:
                    return
                await self._arrived.wait()
                continue
            self._idle = False
            self._batch_since = time.monotonic()
            await self._answer(self._next_batch())
            self._batch_since = None

    def _next_batch(self) -> list[_Waiting[CommandT, OutcomeT]]:
        """What has come, one of each key in turn, until the batch is full; the next one begins where this one ended."""
        for _ in range(len(self._queue)):
            waiting = self._queue.popleft()
            self._turns.setdefault(waiting.key, deque()).append(waiting)
            self._sorted += 1
        batch: list[_Waiting[CommandT, OutcomeT]] = []
        weight = 0
        while self._turns and weight < MAX_BATCH:
            key, own = self._turns.popitem(last=False)
            batch.append(own.popleft())
            weight += batch[-1].weight
            if own:
                self._turns[key] = own
        self._sorted -= len(batch)
        return batch

    async def _answer(self, batch: Sequence[_Waiting[CommandT, OutcomeT]]) -> None:
        try:
            outcomes = await self._attempts([waiting.command for waiting in batch])
        except Exception as error:
            if len(batch) == 1 or failure_of(error) is Failure.UNREACHABLE:
                _resolve(batch, [_unanswered(error)] * len(batch))
            else:
                log.warning("lane_batch_failed", size=len(batch), error=repr(error)[:300])
                await self._answer_one_by_one(batch)
        else:
            _resolve(batch, outcomes)

    async def _answer_one_by_one(self, batch: Sequence[_Waiting[CommandT, OutcomeT]]) -> None:
        end = time.monotonic() + ALONE_WITHIN_S
        for number, waiting in enumerate(batch):
            reachable = True
            try:
                outcome: OutcomeT | Unanswered = (await self._attempts([waiting.command], alone=True))[0]
            except Exception as error:
                outcome, reachable = _unanswered(error), failure_of(error) is not Failure.UNREACHABLE
            _resolve([waiting], [outcome])
            if (rest := batch[number + 1 :]) and (not reachable or time.monotonic() > end):
                log.warning("lane_gave_up", size=len(batch), unanswered=len(rest), reachable=reachable)
                _resolve(rest, [Overloaded()] * len(rest))
                return

    async def _attempts(self, commands: Sequence[CommandT], *, alone: bool = False) -> Sequence[OutcomeT]:
        """What passes by itself is tried again, as each command finds its own earlier effect by key.

        `alone`, only a `Rerun` is: the server has just shown what it can't do.
        """
        end = time.monotonic() + ATTEMPTS_WITHIN_S
        attempt = 1
        while True:
            try:
                return await self._attempt(commands, BEGIN_ALONE if alone else BEGIN)
            except Rerun:
                if attempt == ATTEMPTS:
                    raise
            except Exception as error:
                passes = failure_of(error) in (Failure.UNREACHABLE, Failure.CONTENDED)
                waited = isinstance(error, asyncpg.QueryCanceledError | asyncpg.LockNotAvailableError)
                in_vain = waited and len(commands) > 1  # one by one it is only the guilty that wait again
                if alone or in_vain or not passes or attempt == ATTEMPTS or time.monotonic() > end:
                    raise
                log.warning("lane_retry", attempt=attempt, error=repr(error)[:300])
                await asyncio.sleep(random.uniform(0.5, 1.5) * 0.05 * 2**attempt)
            attempt += 1

    async def _attempt(self, commands: Sequence[CommandT], begin: str) -> Sequence[OutcomeT]:
        """One transaction."""
        connection = await self._connect()
        try:
            await connection.execute(begin, timeout=ANSWERS_WITHIN_S)
            outcomes = await self._execute(connection, commands)
            await connection.execute("COMMIT")
        except BaseException as error:
            await self._give_up(connection, error)
            raise
        return outcomes

    async def _give_up(self, connection: asyncpg.Connection, error: BaseException) -> None:
        """Leave no transaction behind: roll back, or drop a connection that can't even do that."""
        try:
            if failure_of(error) is not Failure.UNREACHABLE:
                await connection.execute("ROLLBACK", timeout=ANSWERS_WITHIN_S)
                return
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            pass
        connection.terminate()
        self._connection = None

    async def _connect(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._dsn,
                server_settings=LANE_SETTINGS,
                statement_cache_size=500,
                timeout=ANSWERS_WITHIN_S,
                command_timeout=COMMAND_TIMEOUT_S,
            )
        return self._connection


def _unanswered(error: Exception) -> Unanswered:
    """What a command answers that failed by itself, or with all others."""
    if isinstance(error, Rerun) or failure_of(error) in (Failure.UNREACHABLE, Failure.CONTENDED):
        log.warning("lane_overloaded", error=repr(error)[:300])
        return Overloaded()
    log.error("lane_command_failed", exc_info=error)
    return InternalError()


def _resolve(batch: Sequence[_Waiting[CommandT, OutcomeT]], outcomes: Sequence[OutcomeT | Unanswered]) -> None:
    """Hand the outcomes to the requests' loop, all at once."""

    def deliver() -> None:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.answer.done():  # the caller has gone away
                continue
            if isinstance(outcome, Unanswered):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(outcome)

    batch[0].answer.get_loop().call_soon_threadsafe(deliver)
