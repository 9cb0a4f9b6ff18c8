"""What every process holds a copy of, so that a request reads memory: read again each second, for as long as it is open."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Self

import structlog
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

log = structlog.get_logger()


class Polled(ABC):
    """Open it once per process. A poll that fails is logged, and what was known stays."""

    poll_s: ClassVar[float] = 1.0

    def __init__(self) -> None:
        self._polling: asyncio.Task[None] | None = None

    @abstractmethod
    async def refresh(self) -> None:
        """Read what is new."""

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self.poll_s)
            try:
                await self.refresh()
            except (SQLAlchemyError, OSError) as error:
                log.warning("not_refreshed", what=type(self).__name__, error=repr(error)[:300])

    async def __aenter__(self) -> Self:
        await self.refresh()
        self._polling = asyncio.create_task(self._poll())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._polling is not None:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._polling


def once_committed(session: AsyncSession, act: Callable[[], None]) -> None:
    """Call `act` when the session's transaction (not a savepoint of it) has committed; never if it is rolled back."""

    def committed(done: Session) -> None:
        if not done.in_nested_transaction():
            act()

    event.listen(session.sync_session, "after_commit", committed)
