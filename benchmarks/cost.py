"""What audit rows and row policies cost, in microseconds of CPU: with and without, one after the other, thousands of times.

make cost ARGS="audit walls"

No load is made: a batch or a request runs alone, in this process, and the kernel's account of this process and of the
database's is read before and after. So the figures hold on a busy machine too, where those of `make bench` do not.

`audit`: batches of 32 orders of 20 suppliers through a lane's executor. `walls`: requests into the application, once as
`distro_app` behind the policies, once as a login that policies do not hold for and that says nothing of its tenant.
"""

import argparse
import asyncio
import itertools
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
from fastapi import FastAPI

from benchmarks.databases import Databases
from benchmarks.processes import database_cpu_ns
from benchmarks.programme import Plan, Programme, Request
from benchmarks.stage import SECRET, Stage, scratch
from distro_api.app import create_app
from distro_api.core import db, lanes, provision
from distro_api.core.settings import Settings
from distro_api.identity.service import audit
from distro_api.orders.service import batch
from distro_api.orders.service.source import RandomSource
from make.market import Market, market

BATCH = 32
BATCHES = 400
REQUESTS = 400
WARM_UP = 40
BARE = "bench_bare"
READS = ("offers", "orders_first", "orders_deep", "one_order", "one_account")
TIME_ZONE = "Asia/Shanghai"

Once = Callable[[bool], Awaitable[None]]
"""Does the thing once, with or without what is measured."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make cost ARGS=…", description=__doc__)
    parser.add_argument("what", nargs="+", choices=("audit", "walls"))
    parser.add_argument("--large", action="store_true", help="with a million past orders instead of 10 thousand")
    parser.add_argument("--home", type=Path, help="folder for the server, kept [a temporary one]")
    given = parser.parse_args()
    with _home(given.home) as home, Stage(home) as stage:
        databases = Databases(stage, _tell)
        database = databases.large() if given.large else databases.small()
        for what in given.what:
            asyncio.run({"audit": _audit, "walls": _walls}[what](stage, database))


async def _compared(stage: Stage, name: str, once: Once, times: int, per: int = 1) -> None:
    """Run it `times` times each way, and tell what one of the `per` things in it costs."""
    postmaster = stage.server.pid()
    assert postmaster is not None
    used: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for number in range(times + WARM_UP):
        for standing in (True, False) if number % 2 else (False, True):
            before = time.process_time_ns(), database_cpu_ns(postmaster)
            await once(standing)
            after = time.process_time_ns(), database_cpu_ns(postmaster)
            if number >= WARM_UP:
                used[standing].append(tuple((b - a) / per / 1000 for a, b in zip(before, after, strict=True)))  # type: ignore[arg-type]
    medians = {way: [median(row[part] for row in rows) for part in (0, 1)] for way, rows in used.items()}
    more = [median(a[part] - b[part] for a, b in zip(used[True], used[False], strict=True)) for part in (0, 1)]
    whole = sum(medians[False])
    print(
        f"{name:<14}API {medians[False][0]:7.1f} {more[0]:+6.1f}   database {medians[False][1]:7.1f} {more[1]:+6.1f} us"
        f"   together {100 * sum(more) / whole:+.1f} %",
        flush=True,
    )


async def _audit(stage: Stage, database: str) -> None:
    """An order's audit row, on the lane's side."""
    print(f"audit rows, of an order in a lane's batch of {BATCH}:")
    dsn = stage.url(database)
    owner = await asyncpg.connect(dsn)
    sellers = [await market(owner, distributors=10, items=10, capacity=10**7, money=10**12) for _ in range(20)]
    connection = await asyncpg.connect(
        stage.url(database, provision.ENGINE), server_settings=lanes.LANE_SETTINGS, statement_cache_size=500
    )
    execute, record_many = batch.executor(RandomSource(TIME_ZONE), TIME_ZONE), audit.record_many

    async def once(standing: bool) -> None:
        audit.record_many = record_many if standing else (lambda _writes, _acts: None)
        async with connection.transaction():
            await execute(connection, [_order(random.choice(sellers)) for _ in range(BATCH)])

    try:
        await _compared(stage, "place", once, BATCHES, per=BATCH)
    finally:
        audit.record_many = record_many
        await connection.close()
        await owner.close()


def _order(seller: Market) -> Any:
    line = seller.line(1, item=random.randrange(10))
    return seller.place(line, distributor=random.randrange(10), key=secrets.token_hex(8))


async def _walls(stage: Stage, database: str) -> None:
    """Reads behind the policies and without them."""
    print("row policies, of a request that reads:")
    plan = Plan(pieces=frozenset(), rounds=1, seconds=1, warm_up_s=1, workers=1, profile=None)
    programme = Programme(stage, plan, _tell, lambda _database, _orders: None)
    requests = await programme.requests(database) | await programme.one_row_requests(database)
    await _open_bare_login(stage.url(database))
    async with AsyncExitStack() as stack:
        walled = await stack.enter_async_context(_running(stage, database, provision.APP))
        usual, db.TenantConnection = db.TenantConnection, asyncpg.Connection
        try:
            bare = await stack.enter_async_context(_running(stage, database, BARE))
        finally:
            db.TenantConnection = usual
        for piece in READS:
            await _compared(stage, piece, _asking(requests[piece], walled, bare), REQUESTS)


def _asking(requests: list[Request], walled: FastAPI, bare: FastAPI) -> Once:
    """Each request twice in a row, once of either application."""
    asked = itertools.cycle(request for request in requests for _ in range(2))

    async def once(standing: bool) -> None:
        await _ask(walled if standing else bare, next(asked))

    return once


async def _open_bare_login(dsn: str) -> None:
    """A login with the rights of distro_app for which no policy holds."""
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", BARE):
            await connection.execute(f"CREATE ROLE {BARE} LOGIN BYPASSRLS IN ROLE {provision.APP}")
    finally:
        await connection.close()


class _running:
    """The application with its lifespan, in this process, as `login`."""

    def __init__(self, stage: Stage, database: str, login: str) -> None:
        settings = Settings(
            var=stage.home / "var",
            database_url=stage.url(database),
            app_database_url=stage.url(database, login),
            engine_database_url=stage.url(database, provision.ENGINE),
            secret_key=SECRET,  # type: ignore[arg-type]
            lanes=1,
        )
        self._app = create_app(settings)
        self._lifespan = self._app.router.lifespan_context(self._app)

    async def __aenter__(self) -> FastAPI:
        await self._lifespan.__aenter__()
        return self._app

    async def __aexit__(self, *exc: Any) -> None:
        await self._lifespan.__aexit__(*exc)


async def _ask(app: FastAPI, request: Request) -> None:
    """One request, with nothing between it and the application."""
    method, target, token, body = request
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"authorization", f"Bearer {token}".encode()), (b"content-type", b"application/json")],
        "scheme": "http",
        "server": ("bench", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body.encode(), "more_body": False}

    async def send(message: Any) -> None:
        assert message.get("status", 200) == 200, message

    await app(scope, receive, send)


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given.resolve()
        return
    with scratch() as home:
        yield home


def _tell(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
