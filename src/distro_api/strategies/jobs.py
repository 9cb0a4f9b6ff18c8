"""What the worker does for strategies without being asked."""

from datetime import date, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.strategies.models import LimitCounter
from distro_api.strategies.service.lane import oldest_counted

KEPT = timedelta(days=8)
"""Longer than anybody counts, whatever the clocks of machines say."""
PURGED_AT_ONCE = 5000


async def purge_counters(session: AsyncSession, today: date) -> int:
    """Forget counters of days on which nothing is bought or given back any more; how many."""
    counter = (LimitCounter.distributor_id, LimitCounter.sku_id, LimitCounter.strategy_id, LimitCounter.day)
    old = select(*counter).where(LimitCounter.day < oldest_counted(today) - KEPT).limit(PURGED_AT_ONCE)
    purged = await session.execute(delete(LimitCounter).where(tuple_(*counter).in_(old)))
    return purged.rowcount  # type: ignore[attr-defined,no-any-return]
