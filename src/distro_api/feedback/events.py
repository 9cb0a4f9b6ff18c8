"""Facts of feedback, in the feed of the organization whose people gave it."""

from typing import ClassVar
from uuid import UUID

from distro_api.core.outbox import Event


class _FeedbackEvent(Event):
    aggregate: ClassVar[str] = "feedback_id"

    feedback_id: UUID
    user_id: UUID
    """Who gave it."""


class FeedbackGiven(_FeedbackEvent):
    name: ClassVar[str] = "feedback.given"


class FeedbackStatusChanged(_FeedbackEvent):
    """The platform has taken it up, answered or closed it."""

    name: ClassVar[str] = "feedback.status_changed"

    status: str
