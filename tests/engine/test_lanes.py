"""Lanes themselves, whatever it is that they run: whose turn it is, and who is answered what when the database is ill."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from distro_api.core import lanes as heart
from distro_api.core.errors import DomainError
from distro_api.core.lanes import MAX_BATCH, Lanes
from distro_api.core.settings import Settings
from make.silence import wire_to

KEY = UUID(int=0)
Statements = Lanes[str, Any]


@pytest.fixture
def dsn(settings: Settings) -> str:
    assert settings.engine_database_url is not None
    return settings.engine_database_url


async def run_statements(connection: asyncpg.Connection, commands: Sequence[str]) -> Sequence[Any]:
    """Each command is a statement, its outcome a value."""
    return [await connection.fetchval(command) for command in commands]


@asynccontextmanager
async def lane(dsn: str) -> AsyncIterator[Statements]:
    made: Statements = Lanes(dsn, run_statements, count=1)
    async with made:
        yield made


async def together(lanes: Statements, *commands: str) -> list[Any]:
    """The outcomes of commands that come as one batch; a refusal is its code."""
    first = asyncio.ensure_future(lanes.submit(KEY, "SELECT pg_sleep(0.1)"))
    await asyncio.sleep(0.05)
    outcomes = await asyncio.gather(*(lanes.submit(KEY, command) for command in commands), return_exceptions=True)
    await first
    return [outcome.code if isinstance(outcome, DomainError) else outcome for outcome in outcomes]


async def test_suppliers_of_a_lane_take_turns_and_large_commands_count_as_what_they_hold(settings: Settings) -> None:
    batches: list[list[str]] = []
    begun, gate = threading.Event(), threading.Event()  # the lane has a thread of its own

    async def execute(connection: asyncpg.Connection, commands: Sequence[str]) -> Sequence[str]:
        batches.append(list(commands))
        begun.set()
        await asyncio.to_thread(gate.wait, 5)
        return commands

    busy, quiet = uuid4(), uuid4()
    assert settings.engine_database_url is not None
    async with Lanes(settings.engine_database_url, execute, count=1) as lanes:

        def send(key: UUID, name: str, weight: int) -> asyncio.Task[str]:
            return asyncio.create_task(lanes.submit(key, name, weight=weight))

        first = send(busy, "first", 1)
        await asyncio.to_thread(begun.wait, 5)
        large = [send(busy, f"large {n}", MAX_BATCH // 2) for n in range(6)]
        await asyncio.sleep(0.05)
        small = send(quiet, "small", 1)
        await asyncio.sleep(0.05)
        gate.set()
        assert await asyncio.gather(first, *large, small) == ["first", *(f"large {n}" for n in range(6)), "small"]
    assert batches[1] == ["large 0", "small", "large 1"]
    assert batches[2:] == [["large 2", "large 3"], ["large 4", "large 5"]]


async def test_a_poisoned_command_costs_only_itself(dsn: str) -> None:
    async with lane(dsn) as lanes:
        assert await together(lanes, "SELECT 1", "SELECT 1/0", "SELECT 3") == [1, "internal_error", 3]
        assert await lanes.submit(KEY, "SELECT 4") == 4


async def test_a_locked_row_stops_only_who_needs_it(
    dsn: str, clean: None, owner_connection: asyncpg.Connection
) -> None:
    async with lane(dsn) as lanes, owner_connection.transaction():
        await owner_connection.execute("SELECT FROM event_relay FOR UPDATE")
        before = time.monotonic()
        needs_it = "SELECT position FROM event_relay FOR UPDATE"
        assert await together(lanes, "SELECT 1", needs_it, "SELECT 3", needs_it) == [1, "overloaded", 3, "overloaded"]
        assert time.monotonic() - before < 5, "once together, then each by itself and shortly"
        assert lanes.troubles() == []


async def test_a_statement_that_runs_too_long_stops_only_itself(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(heart.LANE_SETTINGS, "statement_timeout", "300ms")
    monkeypatch.setattr(heart, "BEGIN_ALONE", "BEGIN; SET LOCAL statement_timeout = '200ms'")
    async with lane(dsn) as lanes:
        before = time.monotonic()
        assert await together(lanes, "SELECT 1", "SELECT pg_sleep(60)", "SELECT 3") == [1, "overloaded", 3]
        assert time.monotonic() - before < 3


async def test_one_by_one_has_an_end(
    dsn: str, clean: None, owner_connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many commands of a batch wait in vain, those behind them are not kept for long."""
    monkeypatch.setattr(heart, "ALONE_WITHIN_S", 0.6)
    async with lane(dsn) as lanes, owner_connection.transaction():
        await owner_connection.execute("SELECT FROM event_relay FOR UPDATE")
        before = time.monotonic()
        outcomes = await together(lanes, *["SELECT position FROM event_relay FOR UPDATE"] * 40, "SELECT 1")
        assert outcomes == ["overloaded"] * 41
        assert time.monotonic() - before < 5
        assert await lanes.submit(KEY, "SELECT 2") == 2


async def test_a_server_that_is_not_there_is_told_of_at_once(tmp_path: Path) -> None:
    async with lane(f"postgresql://distro_engine@/none?host={tmp_path}") as lanes:
        before = time.monotonic()
        outcomes = await asyncio.gather(*(lanes.submit(KEY, "SELECT 1") for _ in range(50)), return_exceptions=True)
        assert {getattr(outcome, "code", outcome) for outcome in outcomes} == {"overloaded"}
        assert time.monotonic() - before < 5


async def test_a_server_that_falls_silent_is_left(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "COMMAND_TIMEOUT_S", 0.4)
    monkeypatch.setattr(heart, "ANSWERS_WITHIN_S", 0.4)
    monkeypatch.setattr(heart, "SLOW_BATCH_S", 0.1)
    async with wire_to(dsn) as wire, lane(wire.dsn(dsn)) as lanes:
        assert await lanes.submit(KEY, "SELECT 1") == 1

        wire.silent = True
        soon = asyncio.ensure_future(lanes.submit(KEY, "SELECT 2"))
        await asyncio.sleep(0.2)
        assert lanes.troubles() == ["lane 0 has been at one batch for 0 s"]
        wire.silent = False  # a new connection is answered, the old one never
        assert await soon == 2
        async with asyncio.timeout(1):
            while lanes.troubles():  # noqa: ASYNC110 (another thread's)
                await asyncio.sleep(0.01)

        wire.silent = True
        with pytest.raises(DomainError) as refused:
            await asyncio.wait_for(lanes.submit(KEY, "SELECT 3"), 10)
        assert refused.value.code == "overloaded"
        wire.silent = False
        assert await lanes.submit(KEY, "SELECT 4") == 4
