"""The life of a piece of feedback."""

from enum import StrEnum

from distro_api.core.errors import StateConflict


class FeedbackStatus(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"
    CLOSED = "closed"


class FeedbackAction(StrEnum):
    START = "start"
    ANSWER = "answer"
    CLOSE = "close"
    REOPEN = "reopen"


TRANSITIONS = {
    (FeedbackStatus.OPEN, FeedbackAction.START): FeedbackStatus.IN_PROGRESS,
    (FeedbackStatus.OPEN, FeedbackAction.ANSWER): FeedbackStatus.ANSWERED,
    (FeedbackStatus.OPEN, FeedbackAction.CLOSE): FeedbackStatus.CLOSED,
    (FeedbackStatus.IN_PROGRESS, FeedbackAction.ANSWER): FeedbackStatus.ANSWERED,
    (FeedbackStatus.IN_PROGRESS, FeedbackAction.CLOSE): FeedbackStatus.CLOSED,
    (FeedbackStatus.ANSWERED, FeedbackAction.ANSWER): FeedbackStatus.ANSWERED,
    (FeedbackStatus.ANSWERED, FeedbackAction.CLOSE): FeedbackStatus.CLOSED,
    (FeedbackStatus.ANSWERED, FeedbackAction.REOPEN): FeedbackStatus.IN_PROGRESS,
    (FeedbackStatus.CLOSED, FeedbackAction.REOPEN): FeedbackStatus.IN_PROGRESS,
}
"""A second answer replaces the first, which the history keeps."""


def after(status: FeedbackStatus, action: FeedbackAction) -> FeedbackStatus:
    """The status that follows.

    Raises:
        StateConflict
    """
    if (target := TRANSITIONS.get((status, action))) is None:
        raise StateConflict(state=status, action=action)
    return target
