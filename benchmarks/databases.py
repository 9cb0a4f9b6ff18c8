"""The databases on the stage's server: made once in a folder that is kept, and made anew when what they come from changes.

`bench_base` is a template: migrated, the market, 10 thousand past orders. `bench_small` is its copy, fresh in each
benchmark. `bench_large` holds a million past orders and is used in place, `bench_tpcb` is pgbench's.
"""

import asyncio
import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks import history, market
from benchmarks.stage import ROOT, SECRET, Stage
from distro_api.core import migrate, provision
from distro_api.core.db import sqlalchemy_engine
from distro_api.core.embedded import bin_dir
from distro_api.core.upkeep import DAYS_AHEAD

BASE, SMALL, LARGE, TPCB = "bench_base", "bench_small", "bench_large", "bench_tpcb"
FEW, MANY = 10_000, 1_000_000
SCALE = 30

Tell = Callable[[str], None]


class Databases:
    """Gives out databases by name, making what is missing."""

    def __init__(self, stage: Stage, tell: Tell) -> None:
        self._stage, self._tell = stage, tell

    def small(self) -> str:
        """A fresh market with 10 thousand past orders."""
        self._base()
        self._copy(SMALL)
        return SMALL

    def large(self) -> str:
        """The same market with a million past orders."""
        made_from = f"{self._base()} {MANY}"
        if self._comment(LARGE) != made_from:
            self._copy(LARGE)
            history.load_now(self._stage.url(LARGE), MANY - FEW, self._tell)
            self._mark(LARGE, made_from)
        return LARGE

    def tpcb(self) -> str:
        """pgbench's tables."""
        made_from = f"scale {SCALE}"
        if self._comment(TPCB) != made_from:
            self._tell(f"pgbench -i -s {SCALE}")
            self._sql(f"DROP DATABASE IF EXISTS {TPCB}", f"CREATE DATABASE {TPCB}")
            where = ["-h", str(self._stage.server.socket_dir), "-U", "postgres"]
            subprocess.run(
                [bin_dir() / "pgbench", "-i", "-q", "-s", str(SCALE), *where, TPCB], check=True, capture_output=True
            )
            self._mark(TPCB, made_from)
        return TPCB

    def _base(self) -> str:
        sources = [*sorted((ROOT / "migrations" / "versions").glob("*.py"))]
        sources += [Path(__file__).with_name(f"{name}.py") for name in ("market", "history")]
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:16]
        made_from = f"{digest} {market.today():%Y-%m} {FEW}"
        if self._comment(BASE) != made_from:
            self._tell("market")
            self._sql(f"DROP DATABASE IF EXISTS {BASE} WITH (FORCE)", f"CREATE DATABASE {BASE}")
            asyncio.run(_build(self._stage.url(BASE)))
            history.load_now(self._stage.url(BASE), FEW, self._tell)
            self._mark(BASE, made_from)
        return made_from

    def _copy(self, name: str) -> None:
        self._sql(
            f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {BASE} STRATEGY file_copy"
        )

    def _comment(self, name: str) -> str | None:
        asked = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1"

        async def read() -> str | None:
            connection = await asyncpg.connect(self._stage.url("postgres"))
            try:
                found: str | None = await connection.fetchval(asked, name)
                return found
            finally:
                await connection.close()

        return asyncio.run(read())

    def _mark(self, name: str, made_from: str) -> None:
        self._sql(f"COMMENT ON DATABASE {name} IS '{made_from}'")

    def _sql(self, *statements: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self._stage.url("postgres"))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())


async def _build(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await provision.create_roles(connection, SECRET.encode())
        await migrate.upgrade(dsn)
        await connection.execute(f"SELECT ensure_partitions(current_date - 31, current_date + {DAYS_AHEAD})")
        await connection.execute("CREATE TABLE bench_rows (id uuid PRIMARY KEY, at timestamptz NOT NULL, note text)")
    finally:
        await connection.close()
    engine = sqlalchemy_engine(dsn, 1)
    try:
        async with AsyncSession(engine) as session, session.begin():
            await market.build(session)
    finally:
        await engine.dispose()
