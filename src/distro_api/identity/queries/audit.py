"""Reads of the audit trail."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy import Select, Text, cast, func, select

from distro_api.core import clock
from distro_api.core.schemas import Instant
from distro_api.identity.models import AuditRow, Kind
from distro_api.identity.queries.viewer import Viewer

TEXT_WINDOW = timedelta(days=31)
"""How far back text is looked for when nobody says: it is read row by row."""


class AuditFilters(BaseModel):
    """What the trail can be searched by."""

    organization_id: Annotated[UUID | None, Query(description="Of the one who acted")] = None
    user_id: Annotated[UUID | None, Query(description="Who acted")] = None
    api_key_id: Annotated[UUID | None, Query(description="Through which API key")] = None
    on_behalf_of: Annotated[UUID | None, Query(description="For which organization the platform's people acted")] = None
    action: Annotated[str | None, Query(max_length=100, description="The action or its beginning: `orders.`")] = None
    object_type: Annotated[str | None, Query(max_length=100)] = None
    object_id: Annotated[UUID | None, Query()] = None
    request_id: Annotated[str | None, Query(max_length=100, description="`X-Request-Id` of the request")] = None
    address: Annotated[str | None, Query(max_length=100, description="From where")] = None
    created_from: Annotated[Instant | None, Query(description="From this instant on")] = None
    created_to: Annotated[Instant | None, Query(description="Before this instant")] = None
    q: Annotated[
        str | None,
        Query(
            max_length=100,
            description="Text of action, detail or changes; of the 31 days before `created_to` (or now) without `created_from`",
        ),
    ] = None

    @property
    def since(self) -> datetime | None:
        """From when on."""
        if self.q and self.created_from is None:
            return (self.created_to or clock.now()) - TEXT_WINDOW
        return self.created_from


def visible_audit(viewer: Viewer) -> Select[AuditRow]:
    """Everything for the platform, what an organization's own people did for the others."""
    if viewer.kind is Kind.ADMIN:
        return select(AuditRow)
    return select(AuditRow).where(AuditRow.organization_id == viewer.organization_id)


EQUAL = (
    "organization_id",
    "user_id",
    "api_key_id",
    "on_behalf_of",
    "object_type",
    "object_id",
    "request_id",
    "address",
)


def audit_where(viewer: Viewer, filters: AuditFilters) -> Select[AuditRow]:
    found = visible_audit(viewer)
    for name in EQUAL:
        if (value := getattr(filters, name)) is not None:
            found = found.where(getattr(AuditRow, name) == value)
    if filters.action is not None:
        found = found.where(AuditRow.action.startswith(filters.action, autoescape=True))
    if filters.since is not None:
        found = found.where(AuditRow.created_at >= filters.since)
    if filters.created_to is not None:
        found = found.where(AuditRow.created_at < filters.created_to)
    if filters.q:
        everything = func.concat_ws(" ", AuditRow.action, cast(AuditRow.detail, Text), cast(AuditRow.changes, Text))
        found = found.where(everything.icontains(filters.q, autoescape=True))
    return found
