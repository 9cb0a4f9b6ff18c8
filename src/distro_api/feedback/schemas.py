"""What feedback takes and gives."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from distro_api.core.schemas import Command, Out, Reason, ShortText, printable
from distro_api.feedback.models import Category, FeedbackStatus
from distro_api.feedback.states import FeedbackAction

FeedbackText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000), AfterValidator(printable)
]


class FeedbackContext(Command):
    """Where the person was, as the front end knows it."""

    page: Annotated[ShortText | None, Field(description="Path or name of the page")] = None
    app: Annotated[ShortText | None, Field(description="Front end and version")] = None
    device: Annotated[ShortText | None, Field(description="Browser or device")] = None


class GiveFeedback(Command):
    category: Category
    text: FeedbackText
    contact: Annotated[ShortText | None, Field(description="How to reach you beside your account")] = None
    context: FeedbackContext = FeedbackContext()


class AnswerFeedback(Command):
    answer: FeedbackText


class CloseFeedback(Command):
    reason: Annotated[Reason | None, Field(description="Who gave the feedback reads it")] = None


class ReopenFeedback(Command):
    reason: Annotated[Reason | None, Field(description="Who gave the feedback reads it")] = None


class FeedbackContextOut(Out):
    page: str | None
    app: str | None
    device: str | None


class GiverOut(Out):
    user_id: UUID
    user_name: str
    organization_id: UUID
    organization_name: str


class FeedbackOut(Out):
    id: UUID
    given_by: GiverOut
    category: Category
    text: str
    contact: str | None
    context: FeedbackContextOut
    status: FeedbackStatus
    answer: str | None
    answered_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class FeedbackStepOut(Out):
    id: UUID
    action: FeedbackAction
    status: Annotated[FeedbackStatus, Field(description="From then on")]
    note: Annotated[str | None, Field(description="The answer, or the reason")]
    created_at: datetime
