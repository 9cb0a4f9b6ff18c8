"""Reads of the event log."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import BadCursor, NotFoundHere
from distro_api.core.outbox import EventRow, ParkedRow, RelayRow
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by


def visible_events(principal: Principal) -> Select[EventRow]:
    """What happened to the caller's side; everything for the platform."""
    return select(EventRow).where(
        seen_by(principal, supplier=EventRow.supplier_id, distributor=EventRow.distributor_id)
    )


async def feed(
    session: AsyncSession, principal: Principal, *, after: int, names: Collection[str], limit: int
) -> tuple[Sequence[EventRow], int]:
    """(events after the position, where to go on).

    The log's end is read first: what comes in between is left for the next call, so that nothing is passed over.
    """
    last = await session.scalar(select(RelayRow.position)) or 0
    query = visible_events(principal).where(EventRow.position > after, EventRow.position <= last)
    if names:
        query = query.where(EventRow.name.in_(names))
    found = (await session.scalars(query.order_by(EventRow.position).limit(limit))).all()
    return found, found[-1].position if len(found) == limit else max(last, after)


async def parked(
    session: AsyncSession, *, subscriber: str | None, aggregate_id: UUID | None, after: str | None, limit: int
) -> tuple[Sequence[ParkedRow], str | None]:
    """A page of parked events by position.

    Raises:
        BadCursor
    """
    key = (ParkedRow.position, ParkedRow.subscriber)
    query = select(ParkedRow)
    if subscriber is not None:
        query = query.where(ParkedRow.subscriber == subscriber)
    if aggregate_id is not None:
        query = query.where(ParkedRow.aggregate_id == aggregate_id)
    if after is not None:
        position, _, name = after.partition("/")
        if not position.isascii() or not position.isdigit() or len(position) > 18:
            raise BadCursor
        query = query.where(tuple_(*key) > (int(position), name))
    found = (await session.scalars(query.order_by(*key).limit(limit))).all()
    return found, f"{found[-1].position}/{found[-1].subscriber}" if len(found) == limit else None


async def lock_parked(session: AsyncSession, subscriber: str, position: int) -> tuple[ParkedRow, ParkedRow]:
    """(the parked event, the first parked one of its aggregate: nothing of the aggregate goes on before that).

    Raises:
        NotFoundHere
    """
    named = select(ParkedRow).where(ParkedRow.subscriber == subscriber, ParkedRow.position == position)
    if (found := await session.scalar(named)) is None:
        raise NotFoundHere
    of_aggregate = (
        select(ParkedRow)
        .where(ParkedRow.subscriber == subscriber, ParkedRow.aggregate_id == found.aggregate_id)
        .order_by(ParkedRow.position)
        .with_for_update()
    )
    rows = (await session.scalars(of_aggregate)).all()
    if found not in rows:
        raise NotFoundHere  # handled in between
    return found, rows[0]
