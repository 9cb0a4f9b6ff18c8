"""Which sessions were ended before their tokens expire: one small set, read by every process each second.

A session is named, never an instant: tokens carry whole seconds, and the pair issued right after must be good.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.core.polling import Polled, once_committed
from distro_api.identity.models import Revocation
from distro_api.identity.service.tokens import Claims

KEPT = timedelta(hours=2)
"""Longer than any access token lives."""
OVERLAP = timedelta(seconds=60)
"""Rows commit later than the instant they carry: each poll looks this far back."""


async def purge(session: AsyncSession) -> None:
    """Forget those whose tokens have expired by themselves."""
    await session.execute(delete(Revocation).where(Revocation.created_at < clock.now() - KEPT - OVERLAP))


class Revocations(Polled):
    """The sessions revoked within the last `KEPT`."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        super().__init__()
        self._sessions = sessions
        self._ended: dict[UUID, datetime] = {}
        self._seen = clock.now() - KEPT

    def covers(self, claims: Claims) -> bool:
        """Whether the token was revoked."""
        return claims.session_id in self._ended

    def revoke(self, session: AsyncSession, session_ids: Collection[UUID]) -> None:
        """Refuse the tokens of these sessions: here as soon as the transaction has committed, elsewhere a second later."""
        now = clock.now()
        session.add_all(Revocation(session_id=session_id, created_at=now) for session_id in session_ids)
        once_committed(session, lambda: self._ended.update(dict.fromkeys(session_ids, now)))

    async def refresh(self) -> None:
        """Read what is new."""
        started = clock.now()
        async with self._sessions() as session:
            found = await session.scalars(select(Revocation).where(Revocation.created_at > self._seen - OVERLAP))
            self._ended.update({revocation.session_id: revocation.created_at for revocation in found})
        self._seen = started
        if len(self._ended) > 10_000:
            self._ended = {name: at for name, at in self._ended.items() if at > started - KEPT}
