"""Roles and logins of a database, before its migrations: `distro_owner` migrates, `distro_app` serves, `distro_engine` runs lanes.

With `DISTRO_DATABASE_URL` unset the embedded server is started and given a database of its own.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from distro_api.core.crypto import derive
from distro_api.core.embedded import DURABLE, LocalPostgres
from distro_api.core.settings import Settings

OWNER, APP, ENGINE = "distro_owner", "distro_app", "distro_engine"
EMBEDDED_DATABASE = "distro"


@dataclass(frozen=True, slots=True)
class Urls:
    """The three ways into the database."""

    migrate: str
    app: str
    engine: str


def embedded_server(settings: Settings, connections: int = 0) -> LocalPostgres | None:
    """The server that `settings` implies, not yet started, to end with who starts it; None when another one is named."""
    if settings.database_url:
        return None
    room = {"max_connections": str(max(connections, int(DURABLE["max_connections"])))}
    return LocalPostgres(settings.var / "postgres", {**DURABLE, **room}, dies_with_starter=True)


def urls_of(settings: Settings) -> Urls:
    """Where to connect. Passwords not given are derived from the secret key, the same on every machine that has it."""
    if settings.database_url is None:
        server = LocalPostgres(settings.var / "postgres")
        return Urls(*(server.url(EMBEDDED_DATABASE, user) for user in ("postgres", APP, ENGINE)))
    migrate = settings.database_url.replace("postgresql+asyncpg://", "postgresql://", 1)
    return Urls(
        migrate,
        settings.app_database_url or _as(migrate, APP, settings.root_key),
        settings.engine_database_url or _as(migrate, ENGINE, settings.root_key),
    )


def _password(role: str, root_key: bytes) -> str:
    return derive(root_key, f"database/{role}").hex()


def _as(url: str, role: str, root_key: bytes) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(_password(role, root_key))}@{host}"))


async def provision(settings: Settings) -> Urls:
    """Make the roles (and, embedded, the database) if they are missing; idempotent.

    Raises:
        asyncpg.InsufficientPrivilegeError: roles are missing and the login may not create them; the message names them.
    """
    urls = urls_of(settings)
    if settings.database_url is None:
        await _create_database(settings)
    connection = await asyncpg.connect(urls.migrate)
    try:
        await create_roles(connection, settings.root_key)
    finally:
        await connection.close()
    return urls


async def create_roles(connection: asyncpg.Connection, root_key: bytes) -> None:
    """The three roles, and their way into this database's schema."""
    existing = {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE 'distro_%'")}
    for role, login in ((OWNER, False), (APP, True), (ENGINE, True)):
        if role not in existing:
            password = f"LOGIN PASSWORD '{_password(role, root_key)}'" if login else "NOLOGIN"
            try:
                await connection.execute(f"CREATE ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE {password}")
            except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                continue  # another process starts at the same time
    if not await connection.fetchval("SELECT pg_has_role(current_user, $1, 'SET')", OWNER):
        await connection.execute(f"GRANT {OWNER} TO CURRENT_USER")
    if not await connection.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", OWNER):
        await connection.execute(f"GRANT ALL ON SCHEMA public TO {OWNER}")
    database = await connection.fetchval("SELECT current_database()")
    if not await connection.fetchval("SELECT has_database_privilege($1, $2, 'CREATE')", OWNER, database):
        await connection.execute(f'GRANT CREATE ON DATABASE "{database}" TO {OWNER}')  # for the schema of the job queue


async def _create_database(settings: Settings) -> None:
    server = LocalPostgres(settings.var / "postgres")
    connection = await asyncpg.connect(server.url())
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", EMBEDDED_DATABASE):
            await connection.execute(f"CREATE DATABASE {EMBEDDED_DATABASE}")
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
        pass  # another process starts at the same time
    finally:
        await connection.close()


async def refuse_superuser(dsn: str) -> None:
    """The API never serves as a superuser, for whom no privilege and no row policy holds.

    Raises:
        RuntimeError: it would.
    """
    connection = await asyncpg.connect(dsn)
    try:
        if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            raise RuntimeError("DISTRO_APP_DATABASE_URL and DISTRO_ENGINE_DATABASE_URL must not name a superuser")
    finally:
        await connection.close()
