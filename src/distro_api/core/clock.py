"""The one source of instants and ids, so that demo data and tests can live at another time.

Ids are UUIDv7: they sort by the instant they were made, which keeps inserts at the right edge of every index.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

_set: ContextVar[datetime | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """The present instant in UTC, or the one set by `at`."""
    return _set.get() or datetime.now(UTC)


def new_id() -> UUID:
    """A new UUIDv7 of the present instant (of the set one, inside `at`)."""
    instant = _set.get()
    return uuid7() if instant is None else id_at(instant)


def id_at(instant: datetime) -> UUID:
    """A new UUIDv7 of that instant; two of one millisecond differ in their random part only."""
    return uuid7(nanoseconds=int(instant.timestamp() * 1_000_000) * 1000)


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Let `now` and `new_id` answer for `instant` in this task and those it starts."""
    token = _set.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _set.reset(token)


@cache
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_date(instant: datetime, time_zone: str) -> date:
    """The calendar day of `instant` where the platform is."""
    return instant.astimezone(zone(time_zone)).date()
