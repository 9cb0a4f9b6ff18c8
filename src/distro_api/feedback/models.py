"""Tables of feedback."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.db import Entity, Versioned
from distro_api.feedback.states import FeedbackAction
from distro_api.feedback.states import FeedbackStatus as FeedbackStatus


class Category(StrEnum):
    PROBLEM = "problem"
    SUGGESTION = "suggestion"
    QUESTION = "question"
    PRAISE = "praise"
    OTHER = "other"


class Feedback(Versioned):
    """What a person says of the platform, and what the platform says to it."""

    __tablename__ = "feedback"
    __table_args__ = (
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="an_answer_has_its_time"),
        CheckConstraint("status <> 'answered' OR answer IS NOT NULL", name="answered_has_an_answer"),
        Index("ix_feedback_user_id_created_at", "user_id", "created_at"),
        Index("ix_feedback_organization_id", "organization_id"),
        Index("ix_feedback_status_created_at", "status", "created_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    category: Mapped[Category]
    text: Mapped[str]
    contact: Mapped[str | None]
    context: Mapped[dict[str, Any]]
    """Where it was given: `page`, `app`, `device`, as far as told."""
    status: Mapped[FeedbackStatus]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class FeedbackStep(Entity):
    """One step of the platform: append-only."""

    __tablename__ = "feedback_steps"
    __table_args__ = (Index("ix_feedback_steps_feedback_id_id", "feedback_id", "id"),)

    feedback_id: Mapped[UUID] = mapped_column(ForeignKey("feedback.id"))
    organization_id: Mapped[UUID]
    """Whose people gave the feedback."""
    action: Mapped[FeedbackAction]
    status: Mapped[FeedbackStatus]
    """From then on."""
    note: Mapped[str | None]
    """The answer, or the reason."""
    user_id: Mapped[UUID | None]
