"""The audit trail, written in the transaction of what it tells.

A service records an act; which fields of which rows changed with it is collected by `core.changes` and added when the
transaction commits. Lanes write their acts with their batch, and what changed in the detail.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from distro_api.core import changes, clock
from distro_api.core.changes import Change
from distro_api.core.writes import Writes
from distro_api.identity.models import AuditRow
from distro_api.identity.queries import Viewer


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, on whose behalf and from where; the platform itself when nobody is named (expiry, jobs).

    A user acts for its organization; through an API key (`api_key_id`) a program does. `on_behalf_of` is the organization
    for which the platform's people act when they act in its name.
    """

    organization_id: UUID | None = None
    user_id: UUID | None = None
    request_id: str = ""
    address: str = ""
    api_key_id: UUID | None = None
    on_behalf_of: UUID | None = None


class Caller(Viewer, Protocol):
    """The principal, as the services of this room see it."""

    @property
    def actor(self) -> Actor: ...
    @property
    def permissions(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Act:
    """One row of the trail. `detail` holds no secrets and no personal data."""

    actor: Actor
    action: str
    object_type: str
    object_id: UUID | None
    at: datetime
    detail: dict[str, Any] = field(default_factory=dict)


def record(
    session: AsyncSession, actor: Actor, action: str, object_type: str, object_id: UUID | None, **detail: Any
) -> None:
    """Tell an act in the session's transaction; `action` reads as `orders.cancel`.

    The row is written at the commit, with what changed in the transaction: the fields need not be named here.
    """
    plain = json.loads(json.dumps(detail, default=str))
    changes.note(session.sync_session, Act(actor, action, object_type, object_id, clock.now(), plain))


def changed(
    session: AsyncSession, table: str, object_id: object, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Tell what a statement changed that SQLAlchemy does not follow (an upsert, a bulk delete): no secrets, no personal data."""
    told = [{name: changes.told(value) for name, value in values.items()} for values in (before, after)]
    changes.note(session.sync_session, Change(table, str(object_id), *told))


MOST_CHANGES = 50
"""Rows told of one act; of a longer list the rest is counted."""


def _write(session: Session) -> None:
    """Before the commit: the acts with the rows that changed; a row goes to the act about it, else to the first act."""
    if session.in_nested_transaction() or not any(isinstance(entry, Act) for entry in changes.noted(session)):
        return
    session.flush()
    entries = changes.noted(session)
    acts = [entry for entry in entries if isinstance(entry, Act)]
    of_act: dict[int, list[Change]] = {number: [] for number in range(len(acts))}
    about = {str(act.object_id): number for number, act in reversed(list(enumerate(acts)))}
    for entry in entries:
        if isinstance(entry, Change):
            of_act[about.get(entry.object_id, 0)].append(entry)
    session.add_all(_row(act, of_act[number]) for number, act in enumerate(acts))


def _row(act: Act, changed: Sequence[Change]) -> AuditRow:
    more = len(changed) - MOST_CHANGES
    return AuditRow(
        id=clock.new_id(),
        created_at=act.at,
        organization_id=act.actor.organization_id,
        user_id=act.actor.user_id,
        api_key_id=act.actor.api_key_id,
        on_behalf_of=act.actor.on_behalf_of,
        action=act.action,
        object_type=act.object_type,
        object_id=act.object_id,
        detail=act.detail | ({"more_changes": more} if more > 0 else {}),
        changes=[change.as_json() for change in changed[:MOST_CHANGES]] or None,
        request_id=act.actor.request_id,
        address=act.actor.address,
    )


event.listen(Session, "before_commit", _write)
_COLUMNS = (
    ("id", "uuid"),
    ("created_at", "timestamptz"),
    ("organization_id", "uuid"),
    ("user_id", "uuid"),
    ("api_key_id", "uuid"),
    ("on_behalf_of", "uuid"),
    ("action", "text"),
    ("object_type", "text"),
    ("object_id", "uuid"),
    ("detail", "jsonb"),
    ("request_id", "text"),
    ("address", "text"),
)


def record_many(writes: Writes, acts: Iterable[Act]) -> None:
    """The same for a lane's batch."""
    rows = [
        (
            clock.new_id(),
            act.at,
            act.actor.organization_id,
            act.actor.user_id,
            act.actor.api_key_id,
            act.actor.on_behalf_of,
            act.action,
            act.object_type,
            act.object_id,
            to_json(act.detail, fallback=str).decode(),
            act.actor.request_id,
            act.actor.address,
        )
        for act in acts
    ]
    writes.insert("audit_log", _COLUMNS, rows)
