"""Lanes without HTTP, and how their outcomes read."""

import asyncio
import contextlib
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg

from distro_api.core.errors import DomainError
from distro_api.core.lanes import Answer, Lanes
from distro_api.core.verify import run_checks
from distro_api.orders.service.commands import Command
from distro_api.orders.service.world import Outcome
from distro_api.proofs import CHECKS
from make.market import Market

OrderLanes = Lanes[Command, Outcome]
OpenLanes = Callable[[], AbstractAsyncContextManager[OrderLanes]]


def told(outcome: Any) -> dict[str, Any]:
    """What a command answered."""
    assert isinstance(outcome, Answer), outcome
    value: dict[str, Any] = json.loads(outcome.body)
    return value


def refused(outcome: Any) -> str:
    """The code of its refusal."""
    assert isinstance(outcome, DomainError), outcome
    return outcome.code


def counted(outcomes: Sequence[Any]) -> Counter[str]:
    """How often each status or refusal."""
    return Counter(o.code if isinstance(o, DomainError) else str(o.status) for o in outcomes)


async def assert_clean(connection: asyncpg.Connection) -> None:
    """Every proof of the house holds."""
    assert await run_checks(connection, CHECKS, "Asia/Shanghai") == []


@contextlib.asynccontextmanager
async def processes(open_lanes: OpenLanes, count: int = 6) -> AsyncIterator[list[OrderLanes]]:
    """Lanes as of several API processes, which know nothing of each other."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_lanes()) for _ in range(count)]


async def race(all_lanes: Sequence[OrderLanes], m: Market, commands: Sequence[Any]) -> list[Any]:
    """Each command through a random process, all at once."""
    return await asyncio.gather(*(random.choice(all_lanes).submit(m.supplier_id, command) for command in commands))
