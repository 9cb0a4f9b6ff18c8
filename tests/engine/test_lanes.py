"""Lanes themselves, whatever it is that they run."""

import asyncio
import threading
from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg

from distro_api.core.lanes import MAX_BATCH, Lanes
from distro_api.core.settings import Settings


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
