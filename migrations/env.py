"""How migrations run: as distro_owner, one transaction each, one migrator at a time, never waiting long for a lock."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from distro_api.core.provision import OWNER, urls_of
from distro_api.core.settings import Settings
from distro_api.models import Base

LOCK = 7_146_301
"""Key of the advisory lock that lets one of several starting machines migrate; nothing else depends on it."""


def include_name(name: str | None, type_: str, parent_names: Any) -> bool:
    """Partitions are made by `ensure_partitions`, queue tables by pgqueuer: neither is ours to compare."""
    return type_ != "table" or name in Base.metadata.tables


def include_object(obj: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    if reflected and type_ == "foreign_key_constraint" and compare_to is None:
        return obj.elements[0].target_fullname.rsplit(".", 1)[0] in Base.metadata.tables
    return True


def migrate(connection: Connection) -> None:
    connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
    connection.execute(text(f"SET ROLE {OWNER}"))
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        include_object=include_object,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text("RESET ROLE"))
    connection.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
    connection.commit()


async def main() -> None:
    dsn = context.config.attributes.get("dsn") or urls_of(Settings()).migrate
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
