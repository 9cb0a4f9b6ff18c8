"""Jobs run once their transaction has committed, again when they fail, and not for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
from pgqueuer.domain.settings import DBSettings

from distro_api.core.settings import Settings
from distro_api.jobs.service import queue as service

COUNT = "SELECT count(*) FROM jobs.pgqueuer"


@asynccontextmanager
async def running(settings: Settings, *schedules: service.Schedule, **handlers: service.Handler) -> AsyncIterator[None]:
    """The worker's part, for the length of a block."""
    assert settings.engine_database_url is not None
    task = asyncio.create_task(service.run(settings.engine_database_url, handlers, schedules))
    try:
        yield
    finally:
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait([task])
        assert task.cancelled()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):  # the queue polls every five seconds for what it was not told of
        while not await condition():  # noqa: ASYNC110 (another process's tables)
            await asyncio.sleep(0.02)


@pytest.fixture
def done() -> list[dict[str, Any]]:
    return []


async def test_the_queue_does_not_probe_its_listener_before_it_listens(
    settings: Settings, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probe would be lost, and the queue taken for broken ten seconds after it started."""
    happened: list[str] = []
    listen, tell = AsyncpgPoolDriver.add_listener, AsyncpgPoolDriver.notify

    async def slow_listen(driver: Any, *args: Any) -> None:
        await asyncio.sleep(0.3)
        await listen(driver, *args)
        happened.append("listening")

    async def noted_tell(driver: Any, *args: Any) -> None:
        happened.append("told")
        await tell(driver, *args)

    monkeypatch.setattr(AsyncpgPoolDriver, "add_listener", slow_listen)
    monkeypatch.setattr(AsyncpgPoolDriver, "notify", noted_tell)
    async with running(settings), asyncio.timeout(5):
        while "told" not in happened:  # noqa: ASYNC110 (a list)
            await asyncio.sleep(0.02)
    assert happened[0] == "listening"


async def test_committed_jobs_run_and_leave_the_queue(
    app: FastAPI, settings: Settings, clean: None, owner_connection: asyncpg.Connection, done: list[dict[str, Any]]
) -> None:
    async def handler(payload: dict[str, Any]) -> None:
        done.append(payload)

    async with app.state.database.sessions.begin() as session:
        await service.enqueue(session, "greet", {"name": "王芳"})
    async with running(settings, greet=handler):
        await until(lambda: _is_empty(owner_connection))
        async with app.state.database.sessions.begin() as session:  # while it runs
            await service.enqueue(session, "greet", {"name": "李雷"})
        await until(lambda: _is_empty(owner_connection))
    assert done == [{"name": "王芳"}, {"name": "李雷"}]


async def test_a_job_goes_with_its_transaction(app: FastAPI, clean: None, owner_connection: asyncpg.Connection) -> None:
    async def fail() -> None:
        async with app.state.database.sessions.begin() as session:
            await service.enqueue(session, "greet", {})  # the very first thing in the transaction
            raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError):
        await fail()
    assert await owner_connection.fetchval(COUNT) == 0


async def test_failing_jobs_are_tried_again_then_held(
    app: FastAPI,
    settings: Settings,
    clean: None,
    owner_connection: asyncpg.Connection,
    done: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "RETRIES", 2)
    monkeypatch.setattr(service, "FIRST_RETRY", timedelta(milliseconds=20))

    async def twice(payload: dict[str, Any]) -> None:
        done.append(payload)
        if len(done) < 3:
            raise ValueError("not yet")

    async def never(payload: dict[str, Any]) -> None:
        raise ValueError("never")

    async with app.state.database.sessions.begin() as session:
        await service.enqueue(session, "twice", {})
        await service.enqueue(session, "never", {})

    async def settled() -> bool:
        rows = await owner_connection.fetch("SELECT entrypoint, status::text, attempts FROM jobs.pgqueuer")
        return [tuple(row) for row in rows] == [("never", "failed", 2)]

    async with running(settings, twice=twice, never=never):
        await until(settled)
    assert len(done) == 3


async def test_what_waits_for_somebody_else_is_tried_longer_and_not_for_ever(
    app: FastAPI,
    settings: Settings,
    clean: None,
    owner_connection: asyncpg.Connection,
    done: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("RETRIES", 1), ("PATIENCE", 3)):
        monkeypatch.setattr(service, name, value)
    for name in ("FIRST_RETRY", "LAST_RETRY"):
        monkeypatch.setattr(service, name, timedelta(milliseconds=20))

    async def away(payload: dict[str, Any]) -> None:
        done.append(payload)
        raise service.Unreachable("time_out")

    async def hopeless(payload: dict[str, Any]) -> None:
        done.append(payload)
        raise service.Hopeless("wrong template")

    async with app.state.database.sessions.begin() as session:
        await service.enqueue(session, "away", {"n": 1})
        await service.enqueue(session, "hopeless", {"n": 2})

    async def settled() -> bool:
        rows = await owner_connection.fetch("SELECT entrypoint, status::text, attempts FROM jobs.pgqueuer ORDER BY 1")
        return [tuple(row) for row in rows] == [("away", "failed", 3), ("hopeless", "failed", 0)]

    async with running(settings, away=away, hopeless=hopeless):
        await until(settled)
    assert sorted(payload["n"] for payload in done) == [1, 1, 1, 1, 2]


async def test_delayed_jobs_wait(
    app: FastAPI, settings: Settings, clean: None, owner_connection: asyncpg.Connection, done: list[dict[str, Any]]
) -> None:
    async def handler(payload: dict[str, Any]) -> None:
        done.append(payload)

    async with app.state.database.sessions.begin() as session:
        await service.enqueue(session, "greet", {}, after=timedelta(hours=1))
    async with running(settings, greet=handler):
        await asyncio.sleep(0.3)
    assert not done


async def test_schedules_tick(settings: Settings, clean: None, done: list[dict[str, Any]]) -> None:
    async def tick() -> None:
        done.append({})

    async with running(settings, service.Schedule("every-second", "* * * * * *", tick)):
        await until(lambda: _reached(done, 1))


async def test_lost_connections_are_replaced(
    app: FastAPI, settings: Settings, clean: None, owner_connection: asyncpg.Connection, done: list[dict[str, Any]]
) -> None:
    async def handler(payload: dict[str, Any]) -> None:
        done.append(payload)

    alive = "FROM pg_stat_activity WHERE application_name = 'distro-jobs'"

    async def connected() -> bool:
        return bool(await owner_connection.fetchval(f"SELECT count(*) > 1 {alive}"))

    async with running(settings, greet=handler):
        await until(connected)
        await owner_connection.execute(f"SELECT pg_terminate_backend(pid) {alive}")
        async with app.state.database.sessions.begin() as session:
            await service.enqueue(session, "greet", {})
        await until(lambda: _reached(done, 1), 20)


async def test_stopping_lets_a_running_job_end(
    app: FastAPI, settings: Settings, clean: None, owner_connection: asyncpg.Connection, done: list[dict[str, Any]]
) -> None:
    started = asyncio.Event()

    async def slow(payload: dict[str, Any]) -> None:
        started.set()
        await asyncio.sleep(0.5)
        done.append(payload)

    async with app.state.database.sessions.begin() as session:
        await service.enqueue(session, "slow", {})
    async with running(settings, slow=slow):
        await started.wait()
    assert done == [{}]
    assert await owner_connection.fetchval(COUNT) == 0


async def test_requests_put_jobs_in_and_read_nothing(app: FastAPI, settings: Settings, clean: None) -> None:
    connection = await asyncpg.connect(settings.app_database_url)
    try:
        for statement in (
            "SELECT payload FROM jobs.pgqueuer",
            "UPDATE jobs.pgqueuer SET priority = 1",
            "DELETE FROM jobs.pgqueuer",
            "SELECT 1 FROM jobs.pgqueuer_log",
            "SELECT 1 FROM jobs.pgqueuer_schedules",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


def test_the_environment_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHANNEL", "PGQUEUER_CHANNEL", "FUNCTION", "TRIGGER", "QUEUE_TABLE", "PGQUEUER_PREFIX", "DURABILITY"):
        monkeypatch.setenv(name, "volatile")
    given = {name: getattr(service.SETTINGS, name) for name in DBSettings.model_fields}
    assert DBSettings(**given) == service.SETTINGS
    assert DBSettings() != service.SETTINGS


async def _is_empty(connection: asyncpg.Connection) -> bool:
    return await connection.fetchval(COUNT) == 0


async def _reached(done: list[dict[str, Any]], count: int) -> bool:
    return len(done) >= count
