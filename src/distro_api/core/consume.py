"""How subscribers read the event log: lists in order, failures parked with their aggregate and tried again."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.core.outbox import CursorRow, EventRow, ParkedRow, RelayRow, Stored, Subscriber

log = structlog.get_logger()
FIRST_RETRY = timedelta(seconds=2)
LAST_RETRY = timedelta(minutes=15)
RETRIED_AT_ONCE = 100


class _ListFailed(Exception):
    """Nothing of a list of `count` events was done."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


async def register(sessions: async_sessionmaker[AsyncSession], subscribers: Iterable[Subscriber]) -> None:
    """Give new subscribers their places in the log, before more is relayed: what waits in the outbox is news to all."""
    for subscriber in subscribers:
        async with sessions.begin() as session:
            await _begin(session, subscriber)


async def consume(sessions: async_sessionmaker[AsyncSession], subscriber: Subscriber, limit: int = 2000) -> int:
    """Handle the next events of one subscriber in one transaction; how many positions it advanced, at most `limit`.

    The effects of the handler and the cursor commit together, so an event's effect lands once. A list that fails is
    handled one by one, so that only what really fails is parked, and in a transaction each: one for all of them would
    lock in the order of events what others lock in the order of ids.
    """
    try:
        return await _advance(sessions, subscriber, limit, subscriber.at_once)
    except _ListFailed as failed:
        return sum([await _advance(sessions, subscriber, limit, 1) for _ in range(failed.count)])


async def _advance(sessions: async_sessionmaker[AsyncSession], subscriber: Subscriber, limit: int, at_once: int) -> int:
    """Handle up to `at_once` events; one alone is parked when it fails.

    Raises:
        _ListFailed: of several.
    """
    async with sessions.begin() as session:
        cursor = await _lock_cursor(session, sessions, subscriber)
        if cursor is None:
            return 0
        last = min(cursor.position + limit, await session.scalar(select(RelayRow.position)) or 0)
        if last <= cursor.position:
            return 0
        mine = await _events(session, subscriber, cursor.position, last, at_once)
        if len(mine) == at_once:
            last = mine[-1].position
        behind = await _parked_aggregates(session, subscriber.name, mine)
        waiting = [event for event in mine if event.aggregate_id in behind]
        await _park(session, subscriber.name, waiting, "waits behind an earlier event of the same aggregate")
        free = [event for event in mine if event.aggregate_id not in behind]
        if free and (error := await _attempt(session, subscriber, free)):
            if at_once > 1:
                raise _ListFailed(len(mine))
            await _park(session, subscriber.name, free, error)
        advanced, cursor.position = last - cursor.position, last
        return advanced


async def _events(session: AsyncSession, subscriber: Subscriber, after: int, last: int, some: int) -> list[Stored]:
    """The first of the subscriber's events up to position `last`: positions have no gaps, so what is left out was read too."""
    found = await session.execute(
        select(
            EventRow.position,
            EventRow.name,
            EventRow.aggregate_id,
            EventRow.supplier_id,
            EventRow.distributor_id,
            EventRow.payload,
            EventRow.occurred_at,
        )
        .where(EventRow.position > after, EventRow.position <= last, EventRow.name.in_(subscriber.events))
        .order_by(EventRow.position)
        .limit(some)
    )
    return [Stored(*row) for row in found]


async def retry_parked(sessions: async_sessionmaker[AsyncSession], subscriber: Subscriber) -> int:
    """Try the first parked event of each aggregate whose time has come, a transaction for each; how many were handled."""
    begun = clock.now()
    handled = 0
    for _ in range(RETRIED_AT_ONCE):
        match await _retry_one(sessions, subscriber, begun):
            case None:
                break
            case True:
                handled += 1
    return handled


async def _retry_one(
    sessions: async_sessionmaker[AsyncSession], subscriber: Subscriber, due_at: datetime
) -> bool | None:
    """Whether it was handled; None when none is due."""
    async with sessions.begin() as session:
        if await _lock_cursor(session, sessions, subscriber) is None:
            return None
        firsts = (
            select(ParkedRow)
            .where(ParkedRow.subscriber == subscriber.name)
            .ext(distinct_on(ParkedRow.aggregate_id))
            .order_by(ParkedRow.aggregate_id, ParkedRow.position)
            .subquery()
        )
        row = await session.scalar(
            select(ParkedRow)
            .join(firsts, (ParkedRow.position == firsts.c.position) & (ParkedRow.subscriber == firsts.c.subscriber))
            .where(ParkedRow.next_try_at <= due_at)
            .order_by(ParkedRow.next_try_at, ParkedRow.position)
            .limit(1)
        )
        if row is None:
            return None
        if error := await _attempt(session, subscriber, [_stored(row)]):
            row.attempts += 1
            row.error = error
            row.next_try_at = clock.now() + min(FIRST_RETRY * 2 ** min(row.attempts - 1, 20), LAST_RETRY)
            return False
        await session.execute(
            update(ParkedRow)
            .where(ParkedRow.subscriber == subscriber.name, ParkedRow.aggregate_id == row.aggregate_id)
            .values(next_try_at=clock.now())
        )
        await session.execute(
            delete(ParkedRow).where(ParkedRow.subscriber == subscriber.name, ParkedRow.position == row.position)
        )
        return True


async def lag(session: AsyncSession) -> int:
    """Events not yet seen by the slowest subscriber, the outbox and parked ones included."""
    waiting = select(func.count()).select_from(EventRow.metadata.tables["outbox"]).scalar_subquery()
    parked = select(func.count()).select_from(ParkedRow).scalar_subquery()
    position = select(func.coalesce(func.max(EventRow.metadata.tables["event_relay"].c.position), 0)).scalar_subquery()
    slowest = select(func.min(CursorRow.position)).scalar_subquery()
    return int(await session.scalar(select(waiting + parked + position - func.coalesce(slowest, position))) or 0)


async def _lock_cursor(
    session: AsyncSession, sessions: async_sessionmaker[AsyncSession], subscriber: Subscriber
) -> CursorRow | None:
    """The subscriber's cursor; None when another worker has it."""
    locked = select(CursorRow).where(CursorRow.subscriber == subscriber.name).with_for_update(skip_locked=True)
    if (cursor := await session.scalar(locked)) is not None:
        return cursor
    if await session.scalar(select(CursorRow.position).where(CursorRow.subscriber == subscriber.name)) is not None:
        return None
    async with sessions.begin() as first:  # committed at once, as an insert would make others wait
        await _begin(first, subscriber)
    return await session.scalar(locked)


async def _begin(session: AsyncSession, subscriber: Subscriber) -> None:
    """The place of a new subscriber; one that has a place keeps it."""
    kept = select(func.min(EventRow.position) - 1).scalar_subquery()
    end = select(RelayRow.position).scalar_subquery()
    position = end if subscriber.since == "now" else func.coalesce(kept, end)
    if await session.scalar(select(CursorRow.position).where(CursorRow.subscriber == subscriber.name)) is None:
        place = select(literal(subscriber.name), position)
        await session.execute(insert(CursorRow).from_select(["subscriber", "position"], place).on_conflict_do_nothing())


async def _parked_aggregates(session: AsyncSession, name: str, events: Sequence[Stored]) -> set[Any]:
    ids = {event.aggregate_id for event in events}
    found = select(ParkedRow.aggregate_id).where(ParkedRow.subscriber == name, ParkedRow.aggregate_id.in_(ids))
    return set((await session.scalars(found)).all()) if ids else set()


async def _attempt(session: AsyncSession, subscriber: Subscriber, events: Sequence[Stored]) -> str | None:
    """The error's text, or None when handled."""
    try:
        async with session.begin_nested():
            await subscriber.handle(session, events)
            await session.flush()
    except Exception as error:  # whatever it is: the event is parked with it and seen by people
        log.warning(
            "event_failed",
            subscriber=subscriber.name,
            position=events[0].position,
            count=len(events),
            error=repr(error),
        )
        return repr(error)[:2000]
    return None


async def _park(session: AsyncSession, name: str, events: Sequence[Stored], error: str) -> None:
    if events:
        rows = [
            {
                "subscriber": name,
                "position": event.position,
                "aggregate_id": event.aggregate_id,
                "name": event.name,
                "supplier_id": event.supplier_id,
                "distributor_id": event.distributor_id,
                "payload": event.payload,
                "occurred_at": event.occurred_at,
                "attempts": 1,
                "next_try_at": clock.now() + FIRST_RETRY,
                "error": error,
            }
            for event in events
        ]
        await session.execute(insert(ParkedRow).values(rows))


def _stored(row: ParkedRow) -> Stored:
    return Stored(
        row.position, row.name, row.aggregate_id, row.supplier_id, row.distributor_id, row.payload, row.occurred_at
    )
