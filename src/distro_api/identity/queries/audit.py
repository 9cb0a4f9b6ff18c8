"""Reads of the audit trail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select

from distro_api.identity.models import AuditRow, Kind
from distro_api.identity.queries.viewer import Viewer


def visible_audit(viewer: Viewer) -> Select[AuditRow]:
    """Everything for the platform, what an organization's own people did for the others."""
    if viewer.kind is Kind.ADMIN:
        return select(AuditRow)
    return select(AuditRow).where(AuditRow.organization_id == viewer.organization_id)


def audit_where(
    viewer: Viewer,
    *,
    action: str | None,
    object_id: UUID | None,
    created_from: datetime | None,
    created_to: datetime | None,
) -> Select[AuditRow]:
    found = visible_audit(viewer)
    if action is not None:
        found = found.where(AuditRow.action == action)
    if object_id is not None:
        found = found.where(AuditRow.object_id == object_id)
    if created_from is not None:
        found = found.where(AuditRow.created_at >= created_from)
    if created_to is not None:
        found = found.where(AuditRow.created_at < created_to)
    return found
