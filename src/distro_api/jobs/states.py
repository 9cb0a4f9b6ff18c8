"""The life of long work."""

from enum import StrEnum


class JobStatus(StrEnum):
    """queued -a worker takes it up-> running -> succeeded, failed or cancelled; a waiting one is cancelled at once.

    A running one whose worker died is taken up again and stays running.
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED})
"""Nothing changes any more."""
