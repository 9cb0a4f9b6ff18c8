"""Registration data of organizations, and requests to change it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.changes import TOLD
from distro_api.core.db import Versioned
from distro_api.identity.states import ChangeStatus


class OrganizationProfile(Versioned):
    """What an organization is registered with, beside its name and licence number. The id is the organization's."""

    __tablename__ = "organization_profiles"

    id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    region_code: Mapped[str | None] = mapped_column(info=TOLD)
    address: Mapped[str | None]
    contacts: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    bank_account: Mapped[str | None]
    """Sealed (`core.crypto.box`)."""


class OrganizationChange(Versioned):
    """A request to change an organization's data: nothing is changed until the platform approves it."""

    __tablename__ = "organization_changes"
    __table_args__ = (
        CheckConstraint("(status = 'rejected') = (reason IS NOT NULL)", name="rejected_for_a_reason"),
        CheckConstraint(
            "(status IN ('approved', 'rejected')) = (reviewed_by IS NOT NULL)", name="reviewed_by_somebody"
        ),
        CheckConstraint("(status = 'pending') = (ended_at IS NULL)", name="pending_until_it_ends"),
        Index(
            "uq_organization_changes_one_pending",
            "organization_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_organization_changes_organization_id_id", "organization_id", "id"),
        Index("ix_organization_changes_status_id", "status", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    status: Mapped[ChangeStatus]
    before: Mapped[dict[str, Any]]
    """By field, when it was asked for; bank accounts sealed, as in `after`."""
    after: Mapped[dict[str, Any]]
    note: Mapped[str | None]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    reviewed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str | None] = mapped_column(info=TOLD)
    ended_at: Mapped[datetime | None]
