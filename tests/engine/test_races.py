"""Many lanes at once on what is scarce; afterwards the books are clean."""

import random
from collections import Counter
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from distro_api.core.lanes import Answer
from make.engine import OpenLanes, assert_clean, counted, processes, race, told
from make.market import market


@pytest.mark.capability("N6", "Y3")
async def test_the_last_places_are_sold_once(open_lanes: OpenLanes, owner_connection: asyncpg.Connection) -> None:
    m = await market(owner_connection, capacity=50)
    async with processes(open_lanes) as all_lanes:
        outcomes = await race(all_lanes, m, [m.place(m.line(random.choice([1, 1, 2]))) for _ in range(200)])
    sold = sum(told(o)["lines"][0]["quantity"] for o in outcomes if isinstance(o, Answer))
    assert sold == await owner_connection.fetchval("SELECT sold FROM inventory_buckets") == 50
    assert set(counted(outcomes)) == {"201", "insufficient_stock"}
    await assert_clean(owner_connection)


@pytest.mark.capability("Y3")
async def test_the_last_fen_is_spent_once(open_lanes: OpenLanes, owner_connection: asyncpg.Connection) -> None:
    m = await market(owner_connection, items=5, money=2030)
    async with processes(open_lanes) as all_lanes:
        outcomes = await race(all_lanes, m, [m.place(m.line(1, item=i % 5)) for i in range(100)])
    assert counted(outcomes) == {"201": 20, "insufficient_funds": 80}
    assert await owner_connection.fetchval("SELECT posted FROM accounts WHERE kind = 'prepaid'") == 30
    await assert_clean(owner_connection)


async def test_a_key_means_one_order_wherever_it_is_sent(
    open_lanes: OpenLanes, owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection, capacity=30)
    keys = [f"key-{i}" for i in range(40)] * 4
    random.shuffle(keys)
    async with processes(open_lanes) as all_lanes:
        outcomes = await race(all_lanes, m, [m.place(m.line(1), key=key) for key in keys])
    by_key: dict[str, set[Any]] = {}
    for key, outcome in zip(keys, outcomes, strict=True):
        by_key.setdefault(key, set()).add(told(outcome)["id"] if isinstance(outcome, Answer) else outcome.code)
    assert all(len(answers) == 1 for answers in by_key.values()), "a key never changes its answer"
    assert Counter(next(iter(a)) == "insufficient_stock" for a in by_key.values()) == {False: 30, True: 10}
    assert await owner_connection.fetchval("SELECT count(*) FROM orders") == 30
    await assert_clean(owner_connection)


async def test_lines_in_any_order_do_not_deadlock(open_lanes: OpenLanes, owner_connection: asyncpg.Connection) -> None:
    m = await market(owner_connection, items=6, distributors=4, capacity=10_000)

    def lines() -> list[Any]:
        return [m.line(1, item=i) for i in random.sample(range(6), 4)]

    commands = [m.place(*lines(), distributor=i % 4) for i in range(240)]
    async with processes(open_lanes) as all_lanes:
        before = await owner_connection.fetchval(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        outcomes = await race(all_lanes, m, commands)
        after = await owner_connection.fetchval(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
    assert counted(outcomes) == {"201": 240}
    assert after == before
    await assert_clean(owner_connection)


@pytest.mark.capability("O6", "O16", "O8")
async def test_pay_close_and_cancel_at_once_end_an_order_one_way(
    open_lanes: OpenLanes, owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection, capacity=1000, distributors=1)
    async with processes(open_lanes) as all_lanes:
        placed = await race(all_lanes, m, [m.place(m.line(1), pay=None, window_s=0.05) for _ in range(40)])
        ids = [UUID(told(o)["id"]) for o in placed]
        commands = [make(id_) for id_ in ids for make in (m.pay, m.close, m.cancel, m.pay)]
        random.shuffle(commands)
        await race(all_lanes, m, commands)
    statuses = {r[0] for r in await owner_connection.fetch("SELECT DISTINCT status FROM orders")}
    assert statuses <= {"paid", "closed", "cancelled", "pending_payment"}
    await assert_clean(owner_connection)


@pytest.mark.capability("O2", "O8")
async def test_two_who_approve_take_the_money_once(open_lanes: OpenLanes, owner_connection: asyncpg.Connection) -> None:
    m = await market(owner_connection)
    async with processes(open_lanes) as all_lanes:
        placed = await race(all_lanes, m, [m.place(m.line(2), approval=True) for _ in range(20)])
        ids = [UUID(told(o)["id"]) for o in placed]
        assert await owner_connection.fetchval("SELECT frozen FROM accounts WHERE kind = 'prepaid'") == 20 * 200
        outcomes = await race(all_lanes, m, [make(id_) for id_ in ids for make in (m.approve, m.approve, m.reject)])
    assert counted(outcomes) == {"200": 20, "state_conflict": 40}
    assert await owner_connection.fetchval("SELECT frozen FROM accounts WHERE kind = 'prepaid'") == 0
    await assert_clean(owner_connection)


@pytest.mark.capability("O14", "Y6")
async def test_redeem_against_refund_never_uses_a_place_twice(
    open_lanes: OpenLanes, owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection)
    async with processes(open_lanes) as all_lanes:
        placed = [told(o) for o in await race(all_lanes, m, [m.place(m.line(3)) for _ in range(30)])]
        commands = []
        for order in placed:
            code = order["lines"][0]["tickets"][0]["code"]
            commands += [m.redeem(code, quantity=1, serial=f"{code}-{i % 2}") for i in range(3)]
            commands.append(m.cancel(UUID(order["id"])))
        random.shuffle(commands)
        await race(all_lanes, m, commands)
    for row in await owner_connection.fetch("SELECT quantity, redeemed, refunded FROM tickets"):
        assert row["redeemed"] <= 2, "a serial redeems once"
        assert row["redeemed"] + row["refunded"] in (2, 3) or row["refunded"] == 0
    fulfilled = await owner_connection.fetchval(
        "SELECT count(*) FROM tickets t JOIN order_lines l ON l.id = t.line_id WHERE t.redeemed < l.fulfilled"
    )
    assert fulfilled == 0


@pytest.mark.capability("G3")
async def test_a_limit_per_day_holds_for_all_at_once(
    open_lanes: OpenLanes, owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection)
    async with processes(open_lanes) as all_lanes:
        outcomes = await race(all_lanes, m, [m.place(m.line(2, per_day=21)) for _ in range(30)])
    assert counted(outcomes) == {"201": 10, "limit_exceeded": 20}
    await assert_clean(owner_connection)
