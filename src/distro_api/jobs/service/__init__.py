"""The queue and its schedules, and long work that people follow: start it, run it, cancel it."""

from distro_api.jobs.service.long_work import AT_ONCE, JobKind, Work, cancel, entrypoint, purge, start
from distro_api.jobs.service.queue import Handler, Hopeless, Later, Schedule, Unreachable, enqueue, run

__all__ = [
    "AT_ONCE",
    "Handler",
    "Hopeless",
    "JobKind",
    "Later",
    "Schedule",
    "Unreachable",
    "Work",
    "cancel",
    "enqueue",
    "entrypoint",
    "purge",
    "run",
    "start",
]
