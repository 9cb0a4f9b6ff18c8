"""What keeps the tables of core in order as time goes by. Each chore is one short transaction, and harmless to repeat."""

from datetime import date, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock

log = structlog.get_logger()
DAYS_AHEAD = 92
"""How far ahead the months of partitioned tables are made."""
PURGED_AT_ONCE = 5000


async def make_leaves(sessions: async_sessionmaker[AsyncSession], today: date) -> int:
    """The months of partitioned tables that are coming, a transaction for each table; how many were made."""
    async with sessions() as session:
        parents = await session.scalars(
            text(
                "SELECT relname::text FROM pg_class WHERE relkind = 'p' AND relnamespace = 'public'::regnamespace "
                "ORDER BY relname"
            )
        )
    made = 0
    for parent in parents.all():
        async with sessions.begin() as session:
            made += await session.scalar(
                text("SELECT ensure_leaves(:parent, :first, :last)"),
                {"parent": parent, "first": today - timedelta(days=1), "last": today + timedelta(days=DAYS_AHEAD)},
            )
    return made


async def shorten_log(sessions: async_sessionmaker[AsyncSession], keep_days: int) -> int:
    """Drop the oldest month of events if all of it is older than `keep_days` and nobody needs it; how many were dropped."""
    async with sessions.begin() as session:
        kept_from = clock.now() - timedelta(days=keep_days)
        dropped = await session.scalar(text("SELECT drop_old_events(:kept_from)"), {"kept_from": kept_from})
    if dropped is None:
        return 0
    log.info("events_dropped", leaf=dropped)
    return 1


async def purge_keys(sessions: async_sessionmaker[AsyncSession], keep_s: int) -> int:
    """Forget answers kept under idempotency keys long enough; how many."""
    async with sessions.begin() as session:
        purged = await session.execute(
            text(
                "DELETE FROM idempotency_keys WHERE (organization_id, key) IN (SELECT organization_id, key "
                "FROM idempotency_keys WHERE created_at < :before LIMIT :some)"
            ),
            {"before": clock.now() - timedelta(seconds=keep_s), "some": PURGED_AT_ONCE},
        )
    return purged.rowcount  # type: ignore[attr-defined,no-any-return]
