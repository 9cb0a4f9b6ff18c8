"""Events: facts written in the transaction that made them, relayed into one gapless log, handled by subscribers.

`outbox` takes rows from any transaction. One relay moves them into `events`, whose `position` is gapless and in commit
order of each aggregate. Every subscriber keeps a cursor; an event it fails on is parked with its aggregate: later
events of that aggregate wait behind it, the rest goes on.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core import clock
from distro_api.core.db import Base, Connection
from distro_api.core.writes import Writes


class Event(BaseModel):
    """A fact in the past tense, with ids and amounts; owned by the room in which it happens."""

    model_config = ConfigDict(frozen=True)

    name: ClassVar[str]
    aggregate: ClassVar[str]
    """The field that names what it happened to: events of one aggregate keep their order."""

    supplier_id: UUID | None
    distributor_id: UUID | None


class OutboxRow(Base):
    """An event between its transaction and the relay."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str]
    aggregate_id: Mapped[UUID]
    supplier_id: Mapped[UUID | None]
    distributor_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]


class EventRow(Base):
    """The log. Partitioned by month of `published_at`; nobody but the relay writes, nobody changes a row."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_supplier_id_position", "supplier_id", "position"),
        Index("ix_events_distributor_id_position", "distributor_id", "position"),
        {"postgresql_partition_by": "RANGE (published_at)"},
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    published_at: Mapped[datetime] = mapped_column(primary_key=True)
    name: Mapped[str]
    aggregate_id: Mapped[UUID]
    supplier_id: Mapped[UUID | None]
    distributor_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]


class RelayRow(Base):
    """One row: the last position given out. Its lock is the relay's leadership."""

    __tablename__ = "event_relay"

    id: Mapped[bool] = mapped_column(primary_key=True, default=True)
    position: Mapped[int]


class CursorRow(Base):
    """How far a subscriber has come. Its lock keeps two workers from handling one subscriber at once."""

    __tablename__ = "event_cursors"

    subscriber: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]


class ParkedRow(Base):
    """An event that a subscriber could not handle, or that waits behind such a one."""

    __tablename__ = "event_parked"
    __table_args__ = (Index("ix_event_parked_subscriber_aggregate_id", "subscriber", "aggregate_id"),)

    subscriber: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    aggregate_id: Mapped[UUID]
    name: Mapped[str]
    supplier_id: Mapped[UUID | None]
    distributor_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]
    attempts: Mapped[int]
    next_try_at: Mapped[datetime]
    error: Mapped[str]


_COLUMNS = (
    ("name", "text"),
    ("aggregate_id", "uuid"),
    ("supplier_id", "uuid"),
    ("distributor_id", "uuid"),
    ("payload", "jsonb"),
    ("occurred_at", "timestamptz"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)


def publish(session: AsyncSession, *events: Event) -> None:
    """Write the facts in the session's transaction."""
    session.add_all(
        OutboxRow(
            name=event.name,
            aggregate_id=getattr(event, event.aggregate),
            supplier_id=event.supplier_id,
            distributor_id=event.distributor_id,
            payload=event.model_dump(mode="json"),
            occurred_at=clock.now(),
        )
        for event in events
    )


def publish_many(writes: Writes, events: Iterable[tuple[Event, datetime]]) -> None:
    """The same for a lane's batch: (fact, when it occurred), in order."""
    rows = [
        (e.name, getattr(e, e.aggregate), e.supplier_id, e.distributor_id, e.model_dump_json(), at) for e, at in events
    ]
    writes.insert("outbox", _COLUMNS, rows)


async def relay(connection: Connection, limit: int = 2000) -> int:
    """Move up to `limit` rows from the outbox to the log, in the caller's transaction; how many were moved.

    Rows commit out of the order of their ids, but one aggregate's writers queue on its lock and draw their ids after
    it, so the order within an aggregate holds.
    """
    if not await connection.fetch("SELECT position FROM event_relay FOR UPDATE SKIP LOCKED"):
        return 0  # another relay leads
    moved = await connection.fetch(
        f"""
        WITH taken AS (
            DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT $1) RETURNING *
        ), placed AS (
            INSERT INTO events (position, published_at, {_NAMES})
            SELECT r.position + row_number() OVER (ORDER BY t.id), statement_timestamp(), {_NAMES.replace("name", "t.name", 1)}
            FROM taken t, event_relay r RETURNING 1
        )
        UPDATE event_relay SET position = position + (SELECT count(*) FROM taken) RETURNING (SELECT count(*) FROM placed)
        """,
        limit,
    )
    return int(moved[0][0])


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as a subscriber sees it."""

    position: int
    name: str
    aggregate_id: UUID
    supplier_id: UUID | None
    distributor_id: UUID | None
    payload: dict[str, Any]
    occurred_at: datetime


class Handler(Protocol):
    """Handles events in order, inside the given transaction. It must be idempotent: an event may come twice."""

    def __call__(self, session: AsyncSession, events: Sequence[Stored], /) -> Awaitable[None]: ...


@dataclass(frozen=True)
class Subscriber:
    """A named reader of the log: `handle` gets the events whose names it listed.

    `since` says where a new one begins: who sends messages must not tell years later what was news once. A list has up
    to `at_once` events, whose rows stay locked until all of it is handled.
    """

    name: str
    events: frozenset[str]
    handle: Callable[[AsyncSession, Sequence[Stored]], Awaitable[None]]
    since: Literal["beginning", "now"] = "beginning"
    at_once: int = 2000
