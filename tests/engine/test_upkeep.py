"""What the worker keeps in order: months of partitioned tables, old events, counters of past days."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from distro_api import worker
from distro_api.core import clock, upkeep
from distro_api.core.lanes import Lanes
from distro_api.core.settings import Settings
from distro_api.worker import Sessions
from make.engine import assert_clean, refused, told
from make.market import market
from make.worker import worker_sessions

LEAVES = (
    "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = $1::regclass ORDER BY 1"
)


@pytest.fixture
async def sessions(settings: Settings, clean: None) -> AsyncIterator[Sessions]:
    async with worker_sessions(settings) as made:
        yield made


@pytest.fixture
async def months(owner_connection: asyncpg.Connection) -> AsyncIterator[None]:
    """The leaves of other tests are there again afterwards."""
    yield
    await owner_connection.execute("SELECT ensure_partitions(current_date - 400, current_date + 92)")


async def leaves(connection: asyncpg.Connection, parent: str) -> list[str]:
    return [row[0] for row in await connection.fetch(LEAVES, parent)]


async def test_coming_months_are_made_while_somebody_reads_for_long(
    sessions: Sessions, settings: Settings, owner_connection: asyncpg.Connection, months: None
) -> None:
    """A reader keeps `PARTITION OF` waiting, and with it everybody who wants to write."""
    far = clock.local_date(clock.now(), settings.time_zone) + timedelta(days=400)
    async with sessions() as reader, sessions() as writer:
        for parent in ("events", "audit_log", "inventory_movements"):
            await reader.connection()
            await (await reader.connection()).exec_driver_sql(f"SELECT 1 FROM {parent}")
        await (await writer.connection()).exec_driver_sql("INSERT INTO events SELECT * FROM events")
        async with asyncio.timeout(5):
            assert await upkeep.make_leaves(sessions, far) > 0
            assert await upkeep.make_leaves(sessions, far) == 0
    made = f"events_{far:%Y%m}"
    assert made in await leaves(owner_connection, "events")
    indexes = "SELECT count(*) FROM pg_index WHERE indrelid = to_regclass($1)"
    assert await owner_connection.fetchval(indexes, made) == await owner_connection.fetchval(indexes, "events")
    for parent in ("events", "audit_log", "inventory_movements"):
        await owner_connection.execute(f"ALTER TABLE {parent} DETACH PARTITION {parent}_{far:%Y%m}")
        for leaf in await leaves(owner_connection, parent):
            if leaf > f"{parent}_{far - timedelta(days=40):%Y%m}":
                await owner_connection.execute(f"DROP TABLE {leaf}")
        await owner_connection.execute(f"DROP TABLE {parent}_{far:%Y%m}")


async def _old_event(connection: asyncpg.Connection, position: int, days: int) -> None:
    await connection.execute(
        "INSERT INTO events (position, published_at, name, aggregate_id, payload, occurred_at) "
        "VALUES ($1, now() - make_interval(days => $2), 'tests.old', gen_random_uuid(), '{}', now())",
        position,
        days,
    )


async def test_old_months_of_events_go_when_nobody_needs_them(
    sessions: Sessions, settings: Settings, owner_connection: asyncpg.Connection, months: None
) -> None:
    await owner_connection.execute("SELECT ensure_partitions(current_date - 130, current_date)")
    for leaf in await leaves(owner_connection, "events"):
        if leaf < f"events_{clock.now() - timedelta(days=130):%Y%m}":
            await owner_connection.execute(f"DROP TABLE {leaf}")
    for position, days in ((1, 125), (2, 90), (3, 0)):
        await _old_event(owner_connection, position, days)
    first, second = (f"events_{clock.now() - timedelta(days=days):%Y%m}" for days in (125, 90))
    await owner_connection.execute("UPDATE event_relay SET position = 3")
    shorten = worker.chores(sessions, settings)["events"]

    assert await shorten() == 0, "no subscriber has come so far"
    await owner_connection.execute("INSERT INTO event_cursors VALUES ('tests.fast', 3), ('tests.slow', 0)")
    assert await shorten() == 0, "one has not"
    await owner_connection.execute("UPDATE event_cursors SET position = 1 WHERE subscriber = 'tests.slow'")
    await owner_connection.execute(
        "INSERT INTO event_parked SELECT 'tests.slow', position, aggregate_id, name, NULL, NULL, payload, occurred_at, 1, "
        "now(), 'failed' FROM events WHERE position = 1"
    )
    assert await shorten() == 0, "one is parked"
    await owner_connection.execute("DELETE FROM event_parked")
    assert first in await leaves(owner_connection, "events")
    while await shorten():
        pass
    left = await leaves(owner_connection, "events")
    assert first not in left and second in left, "the slow one stands before the second"
    assert await owner_connection.fetchval("SELECT min(position) FROM events") == 2

    await owner_connection.execute("UPDATE event_cursors SET position = 3")
    while await shorten():
        pass
    assert await owner_connection.fetchval("SELECT array_agg(position) FROM events") == [3]
    kept_from = clock.now() - timedelta(days=settings.event_keep_days)
    assert min(await leaves(owner_connection, "events")) == f"events_{kept_from:%Y%m}"
    assert f"audit_log_{clock.now() - timedelta(days=125):%Y%m}" in await leaves(owner_connection, "audit_log")


async def test_a_reader_of_the_log_makes_shortening_wait_for_another_time(
    sessions: Sessions, settings: Settings, owner_connection: asyncpg.Connection, months: None
) -> None:
    await owner_connection.execute("INSERT INTO event_cursors VALUES ('tests.fast', 0)")
    shorten = worker.chores(sessions, settings)["events"]
    async with sessions() as reader:
        await (await reader.connection()).exec_driver_sql("SELECT 1 FROM events")
        async with asyncio.timeout(1.5):
            with pytest.raises(Exception, match="lock timeout"):
                await shorten()
    assert await shorten() == 1


@pytest.mark.capability("G3")
async def test_limits_of_past_days_are_forgotten_and_a_late_refund_brings_none_back(
    sessions: Sessions, settings: Settings, lanes: Lanes[Any, Any], owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection)
    old = told(await lanes.submit(m.supplier_id, m.place(m.line(3, per_day=3))))
    assert refused(await lanes.submit(m.supplier_id, m.place(m.line(1, per_day=3)))) == "limit_exceeded"
    await owner_connection.execute("UPDATE orders SET created_at = created_at - interval '30 days'")
    await owner_connection.execute("UPDATE limit_counters SET day = day - 30")
    purge = worker.chores(sessions, settings)["limits"]
    recent = told(await lanes.submit(m.supplier_id, m.place(m.line(2, per_day=3))))
    assert await purge() == 1
    assert await owner_connection.fetch("SELECT used FROM limit_counters") == [(2,)]

    told(await lanes.submit(m.supplier_id, m.cancel(UUID(old["id"]))))
    assert await owner_connection.fetch("SELECT used FROM limit_counters") == [(2,)]
    told(await lanes.submit(m.supplier_id, m.cancel(UUID(recent["id"]))))
    assert await owner_connection.fetch("SELECT used FROM limit_counters") == [(0,)]
    await assert_clean(owner_connection)


async def test_a_chore_that_fails_stops_no_other(
    settings: Settings, clean: None, owner_connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> int:
        raise asyncpg.UndefinedTableError("made to fail")

    monkeypatch.setattr(upkeep, "make_leaves", fails)
    await owner_connection.execute(
        "INSERT INTO idempotency_keys (organization_id, key, fingerprint, created_at) "
        "VALUES (gen_random_uuid(), 'old', '', now() - interval '1 year')"
    )
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(settings, stop))
    try:
        async with asyncio.timeout(10):
            while await owner_connection.fetchval("SELECT count(*) FROM idempotency_keys"):  # noqa: ASYNC110 (the worker's)
                await asyncio.sleep(0.05)
        assert not task.done()
    finally:
        stop.set()
        async with asyncio.timeout(15):
            await task
