"""What a transaction changes, field by field: collected by SQLAlchemy's own history as it flushes, for the audit trail.

Entities with `__tracked__` are followed. Numbers, dates, ids, enumerations and flags are told as they are; text, JSON and
bytes only where the column says so (`mapped_column(info=TOLD)`), for they may be secrets or personal data: otherwise the
trail shows that they changed, not what they were. `info=MASKED` hides any other column.

The journal of a session follows its savepoints: what is rolled back was not noted. Any entry may be noted in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Boolean, Column, Date, DateTime, Enum, Integer, Interval, Numeric, Time, Uuid, event, inspect
from sqlalchemy.orm import Session, SessionTransaction

TOLD = {"audit": "told"}
MASKED = {"audit": "masked"}
HIDDEN = "***"
PLAIN = (Boolean, Date, DateTime, Enum, Integer, Interval, Numeric, Time, Uuid)
BOOKKEEPING = frozenset({"id", "created_at", "updated_at", "version"})
MOST_CHARACTERS = 200
"""What is longer is cut: the trail says what happened, it is no second copy of the data."""
_KEY = "journal"


@dataclass(frozen=True, slots=True)
class Change:
    """A row that was made (`before` empty), changed, or deleted (`after` empty); values are plain JSON."""

    table: str
    object_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"table": self.table, "id": self.object_id, "before": self.before, "after": self.after}


class _Journal:
    """Entries in order, and how many there were when each savepoint began."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.marks: dict[SessionTransaction, int] = {}


def note(session: Session, *entries: Any) -> None:
    """Add to the journal of the session's transaction."""
    _journal(session).entries.extend(entries)


def noted(session: Session) -> list[Any]:
    """What was noted in this transaction and not rolled back, in order."""
    return list(_journal(session).entries)


def told(value: Any) -> Any:
    """A value as the trail shows it: JSON, cut."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else to_json(value, fallback=str).decode().strip('"')
    return str(text) if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "…"


def is_told(column: Column[Any]) -> bool:
    """Whether the trail may show what is in the column."""
    mark = column.info.get("audit")
    return isinstance(column.type, PLAIN) if mark is None else mark == TOLD["audit"]


def _journal(session: Session) -> _Journal:
    found: _Journal = session.info.setdefault(_KEY, _Journal())
    return found


def _collect(session: Session, _flush: Any) -> None:
    """Before the flush forgets them: the histories of all tracked entities in it."""
    for found in (*map(_made, session.new), *map(_edited, session.dirty), *map(_deleted, session.deleted)):
        if found is not None:
            note(session, found)


def _made(row: Any) -> Change | None:
    return Change(*_named(row), {}, _values(row)) if row.__tracked__ else None


def _deleted(row: Any) -> Change | None:
    return Change(*_named(row), _values(row), {}) if row.__tracked__ else None


def _edited(row: Any) -> Change | None:
    if not row.__tracked__:
        return None
    state = inspect(row)
    before, after = {}, {}
    for key, column in _columns(row):
        history = state.attrs[key].history
        if history.has_changes():
            before[key] = _shown(column, history.deleted[0] if history.deleted else None)
            after[key] = _shown(column, history.added[0] if history.added else None)
    return Change(*_named(row), before, after) if after else None


def _columns(row: Any) -> Iterable[tuple[str, Column[Any]]]:
    for attribute in inspect(row).mapper.column_attrs:
        if attribute.key not in BOOKKEEPING:
            yield attribute.key, attribute.columns[0]


def _named(row: Any) -> tuple[str, str]:
    mapper = inspect(row).mapper
    return mapper.local_table.name, "/".join(str(part) for part in mapper.primary_key_from_instance(row))


def _values(row: Any) -> dict[str, Any]:
    """All that is not empty and already known: nothing is read for it."""
    there = inspect(row).dict
    values = {key: _shown(column, there.get(key)) for key, column in _columns(row)}
    return {key: value for key, value in values.items() if value is not None}


def _shown(column: Column[Any], value: Any) -> Any:
    return told(value) if value is None or is_told(column) else HIDDEN


def _began(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        _journal(session).marks[transaction] = len(_journal(session).entries)


def _rolled_back(session: Session, transaction: SessionTransaction) -> None:
    journal = _journal(session)
    if transaction.nested and transaction in journal.marks:
        del journal.entries[journal.marks[transaction] :]


def _ended(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_KEY, None)


event.listen(Session, "after_flush", _collect)
event.listen(Session, "after_transaction_create", _began)
event.listen(Session, "after_soft_rollback", _rolled_back)
event.listen(Session, "after_transaction_end", _ended)
