"""Long work that people follow, and what was wrong with single rows of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.db import Base, Entity
from distro_api.jobs.states import JobStatus as JobStatus


class Job(Entity):
    """One piece of long work. `attempt` counts who took it up: only the latest may write (`service.Work`).

    `position` is how far effects are committed, for work that is committed piece by piece; `error` is a refusal as
    `DomainError.stored` gives it. One job of a kind runs in an organization at a time.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("done >= 0 AND (total IS NULL OR done <= total)", name="done_within_total"),
        CheckConstraint("attempt >= 0 AND position >= 0 AND row_errors >= 0", name="counts_not_negative"),
        CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="failed_says_why"),
        CheckConstraint(
            "(status IN ('queued', 'running')) = (finished_at IS NULL)",
            name="over_has_an_end",
        ),
        CheckConstraint("status <> 'running' OR started_at IS NOT NULL", name="running_has_a_start"),
        Index(
            "uq_jobs_one_runs",
            "organization_id",
            "kind",
            unique=True,
            postgresql_where=text("status = 'running'"),
        ),
        Index("ix_jobs_organization_id_id", "organization_id", "id"),
        Index("ix_jobs_finished_at", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    )

    kind: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    language: Mapped[str]
    payload: Mapped[dict[str, Any]]
    status: Mapped[JobStatus]
    done: Mapped[int]
    total: Mapped[int | None]
    row_errors: Mapped[int]
    counts: Mapped[dict[str, Any]]
    position: Mapped[int]
    attempt: Mapped[int]
    cancel_asked: Mapped[bool]
    result_file_id: Mapped[UUID | None]
    error: Mapped[bytes | None]
    request_id: Mapped[str]
    address: Mapped[str]
    api_key_id: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobRowError(Base):
    """Why one row of a file was refused; `errors` is a list of `{field, column, code, message}`."""

    __tablename__ = "job_row_errors"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organization_id: Mapped[UUID]
    errors: Mapped[list[dict[str, Any]]]
