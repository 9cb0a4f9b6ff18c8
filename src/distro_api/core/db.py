"""The database: declarative base, the pools of the two logins, and the request's transaction.

Only this package commits. A request has one transaction (`Tx`), begun by an executed statement, committed before the
answer is sent; a read has a session of its own (`Read`).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Protocol
from uuid import UUID

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import BigInteger, DateTime, Enum, ExceptionContext, MetaData, Text, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from distro_api.core import clock
from distro_api.core.tenancy import TenantConnection


class Base(DeclarativeBase):
    """Every table. Enumerations are text with a CHECK and hold values, not names; instants carry their zone."""

    __tracked__: ClassVar[bool] = False
    """Whether the audit trail tells what changes in its rows (`core.changes`)."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        str: Text,
        int: BigInteger,
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=True,
            length=32,
            values_callable=lambda members: [member.value for member in members],
        ),
    }


class Entity(Base):
    """A row with an id of ours and the instant it was made."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=clock.new_id)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Versioned(Entity):
    """An entity that people edit: `version` counts its changes, is its ETag, and is checked by every UPDATE."""

    __abstract__ = True
    __tracked__ = True

    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class Database:
    """The pools of one process: requests as `distro_app`; lanes and worker connect as `distro_engine`."""

    def __init__(self, app_url: str, engine_url: str, pool_size: int = 10) -> None:
        self.engine_dsn = engine_url
        self.engine: AsyncEngine = sqlalchemy_engine(app_url, pool_size, TenantConnection)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.claims = asyncio.Semaphore(max(pool_size // 2, 1))
        """For who holds a connection while something else may take a second one: the other half is for the second."""

    async def close(self) -> None:
        await self.engine.dispose()


def sqlalchemy_engine(
    dsn: str, pool_size: int, connection_class: type[asyncpg.Connection] = asyncpg.Connection
) -> AsyncEngine:
    """A pool on `dsn` (`postgresql://…`); a connection that died while idle is replaced unseen, a silent one dropped."""
    engine = create_async_engine(
        dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=pool_size,
        max_overflow=0,  # a connection beyond the pool would be opened and introspected anew each time
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,  # messages of errors are logged, and parameters are people's data
        connect_args={
            "server_settings": TIMEOUTS,
            "statement_cache_size": 500,
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": COMMAND_TIMEOUT_S,
            "connection_class": connection_class,
        },
    )
    event.listen(engine.sync_engine, "handle_error", _drop_when_silent)
    return engine


def _drop_when_silent(context: ExceptionContext) -> None:
    """The driver gave up waiting: to roll back on that connection would be to wait as long again."""
    if isinstance(context.original_exception, TimeoutError):
        context.is_disconnect = True


CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 30
COMMAND_TIMEOUT_S = STATEMENT_TIMEOUT_S + 5
"""When the server should have ended the statement itself."""
TIMEOUTS: Mapping[str, str] = {
    "lock_timeout": "2s",
    "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
    "idle_in_transaction_session_timeout": "30s",
}


async def raw(session: AsyncSession) -> asyncpg.Connection:
    """The asyncpg connection under the session, inside the session's transaction.

    SQLAlchemy begins a transaction with the first statement that it executes itself: until then this would autocommit.
    """
    connection = await session.connection()
    driver: asyncpg.Connection = (await connection.get_raw_connection()).driver_connection
    if not driver.is_in_transaction():
        await session.execute(text("SELECT 1"))
    return driver


async def _transaction(request: Request) -> AsyncIterator[AsyncSession]:
    if (given := getattr(request.state, "idempotent_session", None)) is not None:
        yield given  # core.idempotency owns the transaction and stores the answer in it
        return
    async with request.app.state.database.sessions.begin() as session:
        await session.connection()
        yield session


transaction_of = asynccontextmanager(_transaction)
"""The transaction that `Tx` would be, for endpoints that begin it after slow work."""


async def _read(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.database.sessions() as session:
        yield session


async def _transactions(request: Request) -> async_sessionmaker[AsyncSession]:
    sessions: async_sessionmaker[AsyncSession] = request.app.state.database.sessions
    return sessions


Transactions = Annotated[async_sessionmaker[AsyncSession], Depends(_transactions)]
"""For an endpoint that needs several short transactions (`async with transactions.begin() as session`): what must be
kept though the answer is a refusal (failed logins), or slow work between two of them that must hold no connection."""
Tx = Annotated[AsyncSession, Depends(_transaction, scope="function")]
"""The request's transaction. Flush before returning: the commit comes before the answer, after it is made."""
Read = Annotated[AsyncSession, Depends(_read, scope="function")]


class Connection(Protocol):
    """What the lanes use of an asyncpg connection."""

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]: ...
    async def execute(self, query: str, *args: Any) -> str: ...
