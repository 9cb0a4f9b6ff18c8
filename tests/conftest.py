"""A real PostgreSQL for the whole run, migrated once; every test starts on empty tables and commits for real."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import structlog
from fastapi import FastAPI

from distro_api.app import create_app
from distro_api.core import migrate, provision
from distro_api.core.embedded import DISPOSABLE, LocalPostgres
from distro_api.core.settings import Settings
from make.store import OpenStore, Store, open_store

structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])
SHARED_MEMORY = Path("/dev/shm")
NEEDED_BYTES = 512 * 1024 * 1024
SECRET = "a secret of the tests, forty characters long"


def _home() -> Path:
    roomy = SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > NEEDED_BYTES
    return Path(tempfile.mkdtemp(prefix="distro-test-", dir=SHARED_MEMORY if roomy else None))


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.stash[SERVER] = LocalPostgres(Path(config.workerinput["postgres_home"]), DISPOSABLE)
        return
    server = LocalPostgres(_home(), DISPOSABLE)
    server.start()
    config.stash[SERVER] = server


def pytest_configure_node(node: object) -> None:
    node.workerinput["postgres_home"] = str(node.config.stash[SERVER].home)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and SERVER in config.stash:
        config.stash[SERVER].stop()
        shutil.rmtree(config.stash[SERVER].home, ignore_errors=True)


SERVER = pytest.StashKey[LocalPostgres]()


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> LocalPostgres:
    """The server of this run."""
    return pytestconfig.stash[SERVER]


@pytest.fixture(scope="session")
async def database(postgres: LocalPostgres, worker_id: str) -> str:
    """The name of this worker's migrated database."""
    name = f"test_{worker_id}"
    await create_database(postgres, name)
    await migrate.upgrade(postgres.url(name))
    async with connected(postgres.url(name)) as connection:
        await connection.execute("SELECT ensure_partitions(current_date - 400, current_date + 92)")
    return name


async def create_database(postgres: LocalPostgres, name: str) -> None:
    """An empty database with the three roles."""
    async with connected(postgres.url()) as connection:
        await connection.execute(f"CREATE DATABASE {name}")
    async with connected(postgres.url(name)) as connection:
        await provision.create_roles(connection, SECRET.encode())


class connected:
    """A plain connection for the length of a block."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await asyncpg.connect(self._dsn)
        return self._connection

    async def __aexit__(self, *exc: object) -> None:
        await self._connection.close()


@pytest.fixture(scope="session")
def settings(postgres: LocalPostgres, database: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        var=tmp_path_factory.mktemp("var"),
        database_url=postgres.url(database),
        app_database_url=postgres.url(database, provision.APP),
        engine_database_url=postgres.url(database, provision.ENGINE),
        secret_key=SECRET,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application with its lifespan running."""
    made = create_app(settings)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: FastAPI, clean: None) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to the application, as nobody yet."""
    await app.state.parameters.refresh()  # what the test before has set is gone
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.fixture(scope="session")
async def owner_connection(postgres: LocalPostgres, database: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection, for what no test could do over HTTP."""
    async with connected(postgres.url(database)) as connection:
        yield connection


@pytest.fixture(scope="session")
async def sweep(owner_connection: asyncpg.Connection) -> Callable[[], Awaitable[None]]:
    """Empties whatever holds rows; a look at all tables is one statement."""
    tables = [
        row[0]
        for row in await owner_connection.fetch(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
            "AND relnamespace::regnamespace::text IN ('public', 'jobs') "
            "AND relname NOT IN ('alembic_version', 'event_relay')"
        )
    ]
    probe = " UNION ALL ".join(f"(SELECT '{table}' WHERE EXISTS (SELECT FROM {table}))" for table in tables)

    async def empty() -> None:
        dirty = await owner_connection.fetch(probe)
        if dirty:
            deletes = ";".join(f"DELETE FROM {row[0]}" for row in dirty)
            await owner_connection.execute(
                f"BEGIN; SET LOCAL session_replication_role = replica; {deletes}; UPDATE event_relay SET position = 0; COMMIT"
            )

    return empty


@pytest.fixture
async def clean(sweep: Callable[[], Awaitable[None]]) -> None:
    """Empty tables."""
    await sweep()


@pytest.fixture
async def opens(
    app: FastAPI, client: httpx.AsyncClient, owner_connection: asyncpg.Connection
) -> AsyncIterator[OpenStore]:
    """Opens stores; when the test is over, what follows from it follows, and every proof of the house holds."""
    stores: list[Store] = []

    async def opened(**how: Any) -> Store:
        stores.append(await open_store(app, client, owner_connection, **how))
        return stores[-1]

    yield opened
    for store in stores[:1]:
        await store.settle()


@pytest.fixture
async def store(opens: OpenStore) -> Store:
    """An open store, proved afterwards."""
    return await opens()
