"""What an error from below means, whoever met it: SQLAlchemy or the driver itself, a request, a lane or the worker."""

from enum import Enum, auto

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Failure(Enum):
    """What to do about it follows from this alone."""

    UNREACHABLE = auto()
    """No server that can take work: none answers, it starts, ends, is full, or has become a standby."""
    CONTENDED = auto()
    """The server is well, but others were in the way, or it took too long: nothing was done."""
    REFUSED = auto()
    """A constraint said no."""
    UNSTORABLE = auto()
    """Text with a null byte, or another character that text cannot hold."""
    BUG = auto()


_CONTENDED = frozenset({"55P03", "40P01", "40001", "57014"})
_UNSTORABLE = frozenset({"22P05", "22021"})
_UNREACHABLE = ("08", "53", "57P", "25P03", "25006")
"""Beginnings: connection, resources, operator; idle in a transaction for too long; a server that only reads."""


def failure_of(error: BaseException) -> Failure:
    """By its SQLSTATE; by its class where the server had no say."""
    if isinstance(error, OSError | PoolTimeout):  # time-outs are OSErrors
        return Failure.UNREACHABLE
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Failure.UNREACHABLE
    error = driver_error(error)
    if isinstance(error, asyncpg.InterfaceError):  # the driver's own refusals: one of them is no bug of ours
        return Failure.UNREACHABLE if "connection is closed" in str(error) else Failure.BUG
    state = getattr(error, "sqlstate", None) or ""
    if state in _CONTENDED:
        return Failure.CONTENDED
    if state.startswith(_UNREACHABLE):
        return Failure.UNREACHABLE
    if state.startswith("23"):
        return Failure.REFUSED
    return Failure.UNSTORABLE if state in _UNSTORABLE else Failure.BUG


def driver_error(error: BaseException) -> BaseException:
    """What asyncpg raised, whether or not SQLAlchemy stands between."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error
