"""Which tokens were ended before their time: one small set, read by every process each second, no read per request."""

import asyncio
import contextlib
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.identity.models import Revocation
from distro_api.identity.service.tokens import Claims

log = structlog.get_logger()
POLL_S = 1.0
KEPT = timedelta(hours=2)
"""Longer than any access token lives."""
OVERLAP = timedelta(seconds=60)
"""Rows commit later than the instant they carry: each poll looks this far back."""


class Revocations:
    """The revoked sessions and users of the last `KEPT`."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions
        self._ended: dict[UUID, datetime] = {}
        self._seen = clock.now() - KEPT
        self._task: asyncio.Task[None] | None = None

    def covers(self, claims: Claims) -> bool:
        """Whether the token was revoked."""
        for name in (claims.session_id, claims.user_id):
            before = self._ended.get(name)
            if before is not None and claims.issued_at < before.timestamp():
                return True
        return False

    def add(self, revocation: Revocation) -> None:
        """Take one at once that this process has made itself."""
        name = revocation.session_id or revocation.user_id
        assert name is not None
        self._ended[name] = max(revocation.issued_before, self._ended.get(name, revocation.issued_before))

    async def refresh(self) -> None:
        """Read what is new."""
        started = clock.now()
        async with self._sessions() as session:
            found = await session.scalars(select(Revocation).where(Revocation.created_at > self._seen - OVERLAP))
            for revocation in found:
                self.add(revocation)
        self._seen = started
        if len(self._ended) > 10_000:
            self._ended = {name: at for name, at in self._ended.items() if at > started - KEPT}

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await self.refresh()
            except (SQLAlchemyError, OSError) as error:  # the next poll looks further back
                log.warning("revocations_not_read", error=repr(error))

    async def __aenter__(self) -> "Revocations":
        await self.refresh()
        self._task = asyncio.create_task(self._poll())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
