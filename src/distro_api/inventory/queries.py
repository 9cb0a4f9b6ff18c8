"""Reads of inventory."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by
from distro_api.inventory.models import Bucket, Item, Movement, bucket_id

Want = tuple[UUID, date | None, str | None]
"""An item, on a date and slot; without date its total stock."""


def visible_items(principal: Principal) -> Select[Item]:
    """A supplier's own items, all of them for the platform. Distributors see availability through offers."""
    return select(Item).where(seen_by(principal, supplier=Item.supplier_id))


async def get_item(session: AsyncSession, principal: Principal, item_id: UUID) -> Item:
    """One item.

    Raises:
        NotFoundHere
    """
    found = await session.scalar(visible_items(principal).where(Item.id == item_id))
    if found is None:
        raise NotFoundHere
    return found


def visible_movements(principal: Principal) -> Select[Movement]:
    """Movements of visible items."""
    return select(Movement).where(seen_by(principal, supplier=Movement.supplier_id))


async def calendar(session: AsyncSession, item: Item, date_from: date | None, date_to: date | None) -> Sequence[Bucket]:
    """The item's buckets in order of date and slot; dates inclusive."""
    query = select(Bucket).where(Bucket.item_id == item.id)
    if date_from is not None:
        query = query.where(Bucket.service_date >= date_from)
    if date_to is not None:
        query = query.where(Bucket.service_date <= date_to)
    return (await session.scalars(query.order_by(Bucket.service_date, Bucket.slot))).all()


async def lock_buckets(session: AsyncSession, item_id: UUID, days: Collection[date | None]) -> dict[UUID, Bucket]:
    """Lock one item's buckets in the order that lanes use."""
    ids = [bucket_id(item_id, day, None) for day in days]
    found = await session.scalars(
        select(Bucket)
        .where(Bucket.id.in_(ids))
        .order_by(Bucket.item_id, Bucket.service_date, Bucket.slot)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {bucket.id: bucket for bucket in found}


def bucket_out(bucket: Bucket) -> dict[str, Any]:
    """A bucket as clients see it (`schemas.BucketOut`)."""
    return {
        "date": bucket.service_date,
        "slot": bucket.slot,
        "capacity": bucket.capacity,
        "held": bucket.held,
        "sold": bucket.sold,
        "issued": bucket.issued,
        "available": bucket.available,
        "closed": bucket.closed,
    }


async def available(session: AsyncSession, wants: Collection[Want]) -> dict[Want, int]:
    """What may still be promised of each; nothing where no stock was set or the day is closed."""
    if not wants:
        return {}
    ids = {bucket_id(*want): want for want in wants}
    left = dict.fromkeys(wants, 0)
    for bucket in await session.scalars(select(Bucket).where(Bucket.id.in_(ids))):
        left[ids[bucket.id]] = bucket.available
    return left
