"""The audit trail, written in the transaction of what it tells."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.db import Writes
from distro_api.identity.models import AuditRow
from distro_api.identity.queries import Viewer


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts and from where; the platform itself when nobody is named (expiry, jobs)."""

    organization_id: UUID | None = None
    user_id: UUID | None = None
    request_id: str = ""
    address: str = ""


class Caller(Viewer, Protocol):
    """The principal, as the services of this room see it."""

    @property
    def actor(self) -> Actor: ...


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
    """Add a row in the session's transaction; `action` reads as `orders.cancel`."""
    session.add(
        AuditRow(
            id=clock.new_id(),
            created_at=clock.now(),
            organization_id=actor.organization_id,
            user_id=actor.user_id,
            action=action,
            object_type=object_type,
            object_id=object_id,
            detail=json.loads(json.dumps(detail, default=str)),
            request_id=actor.request_id,
            address=actor.address,
        )
    )


_COLUMNS = (
    ("id", "uuid"),
    ("created_at", "timestamptz"),
    ("organization_id", "uuid"),
    ("user_id", "uuid"),
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
