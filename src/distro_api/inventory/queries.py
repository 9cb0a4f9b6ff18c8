"""Reads of inventory."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.inventory.models import Bucket, bucket_id

Want = tuple[UUID, date | None, str | None]
"""An item, on a date and slot; without date its total stock."""


async def available(session: AsyncSession, wants: Collection[Want]) -> dict[Want, int]:
    """What may still be promised of each; nothing where no stock was set or the day is closed."""
    if not wants:
        return {}
    ids = {bucket_id(*want): want for want in wants}
    left = dict.fromkeys(wants, 0)
    for bucket in await session.scalars(select(Bucket).where(Bucket.id.in_(ids))):
        left[ids[bucket.id]] = bucket.available
    return left
