"""Capacities: by date, in total, and adjusted with a reason. One set-based write, however many days."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import NotSupportedYet
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.inventory import queries
from distro_api.inventory.errors import BelowTaken, NoSuchBucket, WrongMode
from distro_api.inventory.models import Bucket, Item, Mode, Movement, MovementKind, bucket_id
from distro_api.inventory.schemas import AdjustStock, SetCalendar


async def set_calendar(
    session: AsyncSession, principal: Principal, item_id: UUID, command: SetCalendar
) -> list[Bucket]:
    """Set the capacity of every day meant; never below what is taken.

    Raises:
        NotFoundHere, WrongMode, BelowTaken, NotSupportedYet
    """
    if command.slots:
        raise NotSupportedYet(feature="slots")
    item = await queries.get_item(session, principal, item_id)
    _only(item, Mode.DAILY)
    buckets = await _set(session, principal, item, command.days(), command.capacity, command.closed)
    detail = {"date_from": command.date_from, "date_to": command.date_to, "weekdays": command.weekdays}
    audit.record(
        session,
        principal.actor,
        "inventory.set_calendar",
        "inventory_item",
        item.id,
        capacity=command.capacity,
        closed=command.closed,
        **detail,
    )
    return buckets


async def set_stock(session: AsyncSession, principal: Principal, item_id: UUID, capacity: int) -> Bucket:
    """Set the total stock; never below what is taken.

    Raises:
        NotFoundHere, WrongMode, BelowTaken
    """
    item = await queries.get_item(session, principal, item_id)
    _only(item, Mode.TOTAL)
    (bucket,) = await _set(session, principal, item, [None], capacity, None)
    audit.record(session, principal.actor, "inventory.set_stock", "inventory_item", item.id, capacity=capacity)
    return bucket


async def adjust(session: AsyncSession, principal: Principal, item_id: UUID, command: AdjustStock) -> Bucket:
    """Change a capacity by a delta.

    Raises:
        NotFoundHere, WrongMode, NoSuchBucket, BelowTaken, NotSupportedYet
    """
    if command.slot is not None:
        raise NotSupportedYet(feature="slots")
    item = await queries.get_item(session, principal, item_id)
    _only(item, Mode.TOTAL if command.date is None else Mode.DAILY)
    locked = await queries.lock_buckets(session, item.id, [command.date])
    bucket = locked.get(bucket_id(item.id, command.date, None))
    if bucket is None:
        raise NoSuchBucket(date=command.date)
    _change_capacity([(bucket, bucket.capacity + command.delta)])
    session.add(_movement(bucket, principal, MovementKind.ADJUST, command.delta, command.reason))
    audit.record(
        session, principal.actor, "inventory.adjust", "inventory_item", item.id, date=command.date, delta=command.delta
    )
    await session.flush()
    return bucket


def _only(item: Item, mode: Mode) -> None:
    if item.mode is not mode:
        raise WrongMode(mode=item.mode.value)


async def _set(
    session: AsyncSession,
    principal: Principal,
    item: Item,
    days: Sequence[date | None],
    capacity: int,
    closed: bool | None,
) -> list[Bucket]:
    """Make the missing buckets empty, lock all in order, then change what differs."""
    made = [
        {
            "id": bucket_id(item.id, day, None),
            "item_id": item.id,
            "supplier_id": item.supplier_id,
            "service_date": day,
            "slot": None,
            "capacity": 0,
            "held": 0,
            "sold": 0,
            "issued": 0,
            "closed": False,
        }
        for day in days
    ]
    if not made:
        return []
    await session.execute(insert(Bucket).on_conflict_do_nothing(), made)
    locked = await queries.lock_buckets(session, item.id, days)
    before = {bucket.id: bucket.capacity for bucket in locked.values()}
    _change_capacity([(bucket, capacity) for bucket in locked.values()])
    for bucket in locked.values():
        if closed is not None:
            bucket.closed = closed
        if bucket.capacity != before[bucket.id]:
            session.add(_movement(bucket, principal, MovementKind.CAPACITY, bucket.capacity - before[bucket.id], ""))
    await session.flush()
    return list(locked.values())


def _change_capacity(changes: Sequence[tuple[Bucket, int]]) -> None:
    """Set new capacities on locked buckets.

    Raises:
        BelowTaken: with every day on which more is taken than that.
    """
    below = [
        {"date": None if b.service_date is None else b.service_date.isoformat(), "taken": b.held + b.sold}
        for b, capacity in changes
        if capacity < b.held + b.sold
    ]
    if below:
        raise BelowTaken(below=below)
    for bucket, capacity in changes:
        bucket.capacity = capacity


def _movement(bucket: Bucket, principal: Principal, kind: MovementKind, delta: int, reason: str) -> Movement:
    values: Mapping[str, int] = {"held_delta": 0, "sold_delta": 0, "issued_delta": 0}
    return Movement(
        id=clock.new_id(),
        created_at=clock.now(),
        supplier_id=bucket.supplier_id,
        item_id=bucket.item_id,
        bucket_id=bucket.id,
        service_date=bucket.service_date,
        slot=bucket.slot,
        kind=kind,
        capacity_delta=delta,
        reference_id=None,
        actor_id=principal.user_id,
        reason=reason,
        **values,
    )
