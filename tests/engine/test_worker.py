"""The worker as it runs, on a server of its own that goes away and comes back."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from distro_api import worker
from distro_api.core import migrate, provision
from distro_api.core.embedded import DISPOSABLE, LocalPostgres
from distro_api.core.lanes import Lanes
from distro_api.core.settings import Settings
from distro_api.orders.service.batch import executor
from distro_api.orders.service.source import RandomSource
from make.engine import told
from make.market import Market, market


class Server:
    """A migrated server that may be restarted, apart from the one of the other tests."""

    def __init__(self, home: Path) -> None:
        self.postgres = LocalPostgres(home, DISPOSABLE)
        self.settings = Settings(
            var=home,
            database_url=self.postgres.url(),
            app_database_url=self.postgres.url(user=provision.APP),
            engine_database_url=self.postgres.url(user=provision.ENGINE),
        )

    async def ask(self, sql: str, *values: Any) -> Any:
        """One value, on a connection of its own."""
        connection = await asyncpg.connect(self.postgres.url())
        try:
            return await connection.fetchval(sql, *values)
        finally:
            await connection.close()

    async def until(self, sql: str, wanted: Any, seconds: float = 20) -> None:
        found = None
        try:
            async with asyncio.timeout(seconds):
                while (found := await self.ask(sql)) != wanted:  # noqa: ASYNC110 (another process's tables)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"{sql} is {found}, not {wanted}")

    @asynccontextmanager
    async def lanes(self) -> AsyncIterator[Callable[[Market, Any], Awaitable[dict[str, Any]]]]:
        """Runs commands as an API process would."""
        zone, dsn = self.settings.time_zone, self.settings.engine_database_url
        assert dsn is not None
        async with Lanes(dsn, executor(RandomSource(zone), zone), count=1) as lanes:

            async def do(m: Market, command: Any) -> dict[str, Any]:
                return told(await lanes.submit(m.supplier_id, command))

            yield do


@pytest.fixture
async def server(postgres: LocalPostgres, worker_id: str) -> AsyncIterator[Server]:
    home = postgres.home.with_name(f"{postgres.home.name}-restarted-{worker_id}")
    made = Server(home)
    made.postgres.start()
    try:
        connection = await asyncpg.connect(made.postgres.url())
        await provision.create_roles(connection, made.settings.root_key)
        await connection.close()
        await migrate.upgrade(made.postgres.url())
        yield made
    finally:
        made.postgres.stop()
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    """The worker, which must neither end by itself nor hang when it is told to stop."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(settings, stop))
    try:
        yield
        assert not task.done(), task
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await task


async def test_the_worker_survives_its_database(server: Server) -> None:
    async with working(server.settings):
        await server.until("SELECT count(*) > 0 FROM pg_class WHERE relname LIKE 'inventory_movements_2%'", True)
        connection = await asyncpg.connect(server.postgres.url())
        m = await market(connection)
        await connection.close()
        async with server.lanes() as do:
            first = await do(m, m.place(m.line(1)))
            await do(m, m.redeem(first["lines"][0]["tickets"][0]["code"], serial="1"))
        await server.until("SELECT count(*) FROM orders WHERE status = 'completed'", 1)

        for end in (server.postgres.stop, lambda: _kill(server.postgres)):
            end()
            await asyncio.sleep(0.5)
            server.postgres.start()
            async with server.lanes() as do:
                order = await do(m, m.place(m.line(1)))
                await do(m, m.place(m.line(1), pay=None, window_s=0))
                await do(m, m.redeem(order["lines"][0]["tickets"][0]["code"], serial=order["id"]))
            completed = "SELECT status FROM orders WHERE id = '{}'"
            await server.until(completed.format(UUID(order["id"])), "completed")
            await server.until("SELECT count(*) FROM orders WHERE status = 'pending_payment'", 0)

        await server.until("SELECT count(*) FROM outbox", 0)
        await server.until("SELECT min(position) = (SELECT max(position) FROM events) FROM event_cursors", True)
    assert await server.ask("SELECT count(*) FROM event_parked") == 0
    assert await server.ask("SELECT count(*) = max(position) FROM events")
    assert await server.ask("SELECT count(*) FROM orders WHERE status = 'closed'") == 2


async def test_a_burst_of_lost_connections_is_no_end(server: Server) -> None:
    async with working(server.settings):
        await server.until("SELECT count(*) > 0 FROM pg_class WHERE relname LIKE 'inventory_movements_2%'", True)
        connection = await asyncpg.connect(server.postgres.url())
        m = await market(connection)
        async with server.lanes() as do:
            for number in range(15):
                order = await do(m, m.place(m.line(1)))
                await do(m, m.redeem(order["lines"][0]["tickets"][0]["code"], serial=str(number)))
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'distro_engine' "
                    "AND application_name <> 'distro-lane'"
                )
                await asyncio.sleep(0.03)
        await connection.close()
        await server.until("SELECT count(*) FROM orders WHERE status = 'completed'", 15)
    assert await server.ask("SELECT count(*) = max(position) FROM events")


def _kill(postgres: LocalPostgres) -> None:
    """As by a failing machine: the next start recovers."""
    pid = postgres.pid()
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    while postgres.pid() is not None:
        time.sleep(0.01)
