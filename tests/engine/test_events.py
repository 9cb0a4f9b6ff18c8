"""The event log: gapless, in order, each effect once, whatever fails in between."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Literal
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock, consume, outbox
from distro_api.core.db import raw
from distro_api.core.outbox import Event, Stored, Subscriber
from distro_api.core.settings import Settings
from distro_api.worker import Sessions, relay_once
from make.worker import worker_sessions


class Happened(Event):
    name: ClassVar[str] = "tests.happened_here"
    aggregate: ClassVar[str] = "thing_id"

    thing_id: UUID
    number: int


class Followed(Happened):
    """What the handlers of these tests do: their effect is an event of their own."""

    name: ClassVar[str] = "tests.followed"


def happened(thing: int, number: int = 0) -> Happened:
    return Happened(supplier_id=None, distributor_id=None, thing_id=UUID(int=thing), number=number)


async def follow(session: AsyncSession, events: Sequence[Stored]) -> None:
    outbox.publish(session, *(Followed.model_validate(event.payload) for event in events))


def reading(handle: Any = follow) -> Subscriber:
    return Subscriber("tests.reads", frozenset({Happened.name}), handle)


@pytest.fixture
async def sessions(settings: Settings, clean: None) -> AsyncIterator[Sessions]:
    async with worker_sessions(settings) as made:
        yield made


async def publish(sessions: Sessions, *events: Event) -> None:
    async with sessions.begin() as session:
        outbox.publish(session, *events)


async def relay_all(sessions: Sessions) -> None:
    while await relay_once(sessions):
        pass


async def consume_all(sessions: Sessions, subscriber: Subscriber, limit: int = 500) -> None:
    while await consume.consume(sessions, subscriber, limit):
        pass


async def logged(connection: asyncpg.Connection, event: type[Happened] = Happened) -> list[tuple[int, int]]:
    """(thing, number) of the events in the log, by position."""
    rows = await connection.fetch(
        "SELECT aggregate_id, (payload ->> 'number')::int FROM events WHERE name = $1 ORDER BY position", event.name
    )
    return [(row[0].int, row[1]) for row in rows]


async def followed(sessions: Sessions, connection: asyncpg.Connection) -> list[tuple[int, int]]:
    await relay_all(sessions)
    return await logged(connection, Followed)


async def test_positions_are_gapless_and_an_aggregates_events_in_order(
    sessions: Sessions, settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    things, writers, rounds = 5, 6, 25
    numbers: dict[int, int] = defaultdict(int)
    undone = 0

    async def write(seed: int) -> None:
        nonlocal undone
        chance = random.Random(seed)
        for _ in range(rounds):
            thing = chance.randrange(things)
            async with sessions() as session:
                await session.execute(
                    text("SELECT pg_advisory_xact_lock(:thing)"), {"thing": thing}
                )  # its row, in life
                outbox.publish(session, happened(thing, numbers[thing]))
                await session.flush()
                await asyncio.sleep(chance.random() / 200)
                if chance.random() < 0.2:
                    undone += 1
                    await session.rollback()
                else:
                    numbers[thing] += 1
                    await session.commit()

    written = asyncio.Event()

    async def relay() -> None:
        while not written.is_set():
            async with sessions.begin() as session:
                await outbox.relay(await raw(session), limit=7)

    async with asyncio.TaskGroup() as relays:
        for _ in range(2):
            relays.create_task(relay())
        async with asyncio.TaskGroup() as group:
            for seed in range(writers):
                group.create_task(write(seed))
        written.set()
    await relay_all(sessions)
    found = await logged(owner_connection)
    assert undone > 0
    assert len(found) == writers * rounds - undone == sum(numbers.values())
    positions = [row[0] for row in await owner_connection.fetch("SELECT position FROM events ORDER BY position")]
    assert positions == list(range(1, len(found) + 1))
    assert await owner_connection.fetchval("SELECT position FROM event_relay") == len(found)
    for thing in range(things):
        assert [number for about, number in found if about == thing] == list(range(numbers[thing]))


async def test_one_relay_leads_and_nobody_waits_for_it(
    sessions: Sessions, owner_connection: asyncpg.Connection
) -> None:
    await publish(sessions, happened(1), happened(2))
    async with sessions.begin() as leader:
        assert await outbox.relay(await raw(leader), limit=1) == 1
        async with asyncio.timeout(1):
            assert await relay_once(sessions) == 0
        assert await logged(owner_connection) == []
    assert await relay_once(sessions) == 1
    assert await logged(owner_connection) == [(1, 0), (2, 0)]


async def test_a_relay_that_dies_loses_nothing(
    sessions: Sessions, settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    await publish(sessions, *(happened(1, number) for number in range(10)))
    connection = await asyncpg.connect(settings.engine_database_url)
    await connection.execute("BEGIN")
    assert await outbox.relay(connection) == 10
    connection.terminate()
    async with asyncio.timeout(5):
        while not await relay_once(sessions):  # noqa: ASYNC110 (until the server has noticed)
            await asyncio.sleep(0.01)
    assert await logged(owner_connection) == [(1, number) for number in range(10)]


async def test_lists_are_handled_in_order_and_once(sessions: Sessions, owner_connection: asyncpg.Connection) -> None:
    wanted = [(number % 3, number) for number in range(50)]
    await publish(sessions, *(happened(thing, number) for thing, number in wanted))
    await relay_all(sessions)
    sizes: list[int] = []

    async def handle(session: AsyncSession, events: Sequence[Stored]) -> None:
        sizes.append(len(events))
        await follow(session, events)

    await asyncio.gather(*(consume_all(sessions, reading(handle), limit=20) for _ in range(4)))
    await consume_all(sessions, reading(handle), limit=20)
    assert sizes == [20, 20, 10]
    assert await followed(sessions, owner_connection) == wanted


async def test_subscribers_get_what_they_asked_for_each_at_its_own_pace(
    sessions: Sessions, owner_connection: asyncpg.Connection
) -> None:
    got: dict[str, list[str]] = defaultdict(list)

    def named(name: str, *events: str) -> Subscriber:
        async def handle(session: AsyncSession, found: Sequence[Stored]) -> None:
            got[name] += [event.name for event in found]

        return Subscriber(name, frozenset(events), handle)

    slow, other = named("tests.slow", Happened.name), named("tests.other", Followed.name)
    await publish(sessions, happened(1), Followed.model_validate(happened(1).model_dump()), happened(1))
    await relay_all(sessions)
    await consume_all(sessions, other)
    assert got == {"tests.other": [Followed.name]}
    await consume.consume(sessions, slow, limit=1)
    async with sessions() as session:
        assert await consume.lag(session) == 2, "the slowest has two events before it"
    await consume_all(sessions, slow)
    assert got["tests.slow"] == [Happened.name] * 2


async def test_a_failure_parks_its_aggregate_only(
    sessions: Sessions, owner_connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "FIRST_RETRY", timedelta(0))
    bad = {(2, 20)}

    async def handle(session: AsyncSession, events: Sequence[Stored]) -> None:
        await follow(session, events)
        await session.flush()  # what was written before the failure must not stay
        for event in events:
            if (event.aggregate_id.int, event.payload["number"]) in bad:
                raise ValueError("cannot")

    subscriber = reading(handle)
    await publish(sessions, happened(1, 10), happened(2, 20), happened(2, 21), happened(3, 30))
    await relay_all(sessions)
    await consume_all(sessions, subscriber)
    assert await followed(sessions, owner_connection) == [(1, 10), (3, 30)]
    await publish(sessions, happened(2, 22), happened(1, 11))
    await relay_all(sessions)
    await consume_all(sessions, subscriber)
    assert await followed(sessions, owner_connection) == [(1, 10), (3, 30), (1, 11)]
    parked = "SELECT (payload ->> 'number')::int, attempts, error FROM event_parked ORDER BY position"
    assert [(row[0], row[1]) for row in await owner_connection.fetch(parked)] == [(20, 1), (21, 1), (22, 1)]

    for attempt in (2, 3):
        assert await consume.retry_parked(sessions, subscriber) == 0
        assert [row[1] for row in await owner_connection.fetch(parked)] == [attempt, 1, 1]
    bad.clear()
    bad.add((2, 21))
    assert await consume.retry_parked(sessions, subscriber) == 1, "released, up to the next that fails"
    assert await consume.retry_parked(sessions, subscriber) == 0
    bad.clear()
    assert [await consume.retry_parked(sessions, subscriber) for _ in range(3)] == [1, 1, 0]
    assert (await followed(sessions, owner_connection))[3:] == [(2, 20), (2, 21), (2, 22)]
    await publish(sessions, happened(2, 23))
    await relay_all(sessions)
    await consume_all(sessions, subscriber)
    assert (await followed(sessions, owner_connection))[-1] == (2, 23), "nothing is behind it any more"


async def test_failures_are_tried_again_ever_more_rarely(
    sessions: Sessions, owner_connection: asyncpg.Connection
) -> None:
    async def handle(session: AsyncSession, events: Sequence[Stored]) -> None:
        raise ValueError("never")

    await publish(sessions, happened(1))
    await relay_all(sessions)
    now = clock.now()
    waits = []
    with clock.at(now):
        await consume_all(sessions, reading(handle))
    for _ in range(12):
        due = await owner_connection.fetchval("SELECT next_try_at FROM event_parked")
        waits.append((due - now).total_seconds())
        with clock.at(due - timedelta(milliseconds=1)):
            assert await consume.retry_parked(sessions, reading(handle)) == 0
            assert await owner_connection.fetchval("SELECT next_try_at FROM event_parked") == due
        now = due
        with clock.at(now):
            assert await consume.retry_parked(sessions, reading(handle)) == 0
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


async def test_a_worker_that_dies_after_the_effects_leaves_none(
    sessions: Sessions, owner_connection: asyncpg.Connection
) -> None:
    await publish(sessions, *(happened(thing) for thing in range(5)))
    await relay_all(sessions)

    async def dies(session: AsyncSession, events: Sequence[Stored]) -> None:
        await follow(session, events)
        await session.flush()
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        await owner_connection.execute("SELECT pg_terminate_backend($1)", pid)

    with pytest.raises(SQLAlchemyError):
        await consume.consume(sessions, reading(dies))
    assert await followed(sessions, owner_connection) == []
    assert await owner_connection.fetchval("SELECT count(*) FROM event_parked") == 0

    reached = asyncio.Event()

    async def hangs(session: AsyncSession, events: Sequence[Stored]) -> None:
        await follow(session, events)
        await session.flush()
        reached.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(consume.consume(sessions, reading(hangs)))
    await reached.wait()
    try:
        async with asyncio.timeout(1):
            assert await consume.consume(sessions, reading()) == 0, "another worker is at it"
    finally:
        task.cancel()
        await asyncio.wait([task])
    await consume_all(sessions, reading())
    assert await followed(sessions, owner_connection) == [(thing, 0) for thing in range(5)]


async def test_a_new_subscriber_begins_where_it_says(sessions: Sessions) -> None:
    """Who sends messages does not tell what was news before; what waits in the outbox is news."""
    got: dict[str, list[int]] = defaultdict(list)

    def named(name: Literal["beginning", "now"]) -> Subscriber:
        async def handle(session: AsyncSession, found: Sequence[Stored]) -> None:
            got[name] += [event.payload["number"] for event in found]

        return Subscriber(name, frozenset({Happened.name}), handle, since=name)

    both = [named("beginning"), named("now")]
    await publish(sessions, happened(1, 1), happened(1, 2))
    await relay_all(sessions)
    await publish(sessions, happened(1, 3))
    await consume.register(sessions, both)
    await relay_all(sessions)
    await consume.register(sessions, both)  # whoever has a place keeps it
    for subscriber in both:
        await consume_all(sessions, subscriber)
    assert got == {"beginning": [1, 2, 3], "now": [3]}


async def test_a_list_is_as_long_as_its_subscriber_wants_and_one_by_one_locks_one_at_a_time(
    sessions: Sessions, settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    """Events come in another order than ids: who handles them in one transaction would wait for lanes that wait for it."""
    sizes: list[int] = []
    held: list[list[int]] = []
    locked = "SELECT objid::int FROM pg_locks WHERE locktype = 'advisory' AND pid = $1 ORDER BY 1"

    async def handle(session: AsyncSession, events: Sequence[Stored]) -> None:
        sizes.append(len(events))
        for event in events:
            thing = {"thing": event.aggregate_id.int}
            await session.execute(text("SELECT pg_advisory_xact_lock(:thing)"), thing)
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        held.append([row[0] for row in await owner_connection.fetch(locked, pid)])
        if any(event.aggregate_id.int == 2 for event in events):
            raise ValueError("cannot")
        await follow(session, events)

    await publish(sessions, *(happened(thing) for thing in (9, 3, 7, 2, 5)))
    await relay_all(sessions)
    await consume_all(sessions, replace(reading(handle), at_once=4))
    assert sizes == [4, 1, 1, 1, 1, 1]
    assert held[1:] == [[9], [3], [7], [2], [5]]
    assert await followed(sessions, owner_connection) == [(9, 0), (3, 0), (7, 0), (5, 0)]
    assert await owner_connection.fetchval("SELECT count(*) FROM event_parked") == 1
