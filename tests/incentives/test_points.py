"""Points follow orders: earned when they are paid or completed, reversed with what goes back."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from distro_api.core import clock
from distro_api.incentives.models import Basis
from distro_api.incentives.queries import LineFacts
from distro_api.incentives.service.points import points_of
from make import identity
from make.engine import assert_clean
from make.incentives import INCENTIVES, add_rule, entries, points
from make.trade import Trade, trade
from make.worker import settle

pytestmark = pytest.mark.capability("V1", "V2")
Open = Callable[..., Awaitable[Trade]]
TODAY = clock.local_date(clock.now(), "Asia/Shanghai")


@pytest.fixture
def open_trade(client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection) -> Open:
    async def opened(**how: Any) -> Trade:
        return await trade(app, client, owner_connection, **how)

    return opened


async def test_both_sides_earn_and_see_it(
    client: httpx.AsyncClient, open_trade: Open, owner_connection: asyncpg.Connection
) -> None:
    t = await open_trade(tiers=(None, None))
    await add_rule(client, t.supplier)
    await add_rule(client, t.supplier, unit="bonus", event="order_completed", basis="quantity", rate="10")
    await add_rule(client, t.supplier, earner="supplier", basis="order", rate="5")
    order = await t.paid(t.market.line(3, price=1050))
    await t.paid(t.market.line(1, price=2000), distributor=1)
    first, second = t.distributors
    assert await entries(client, first) == [("synergy", "points_earned", 32, 32)]
    assert await entries(client, second) == [("synergy", "points_earned", 20, 20)]
    await t.use(order)
    assert await entries(client, first, unit="bonus") == [("bonus", "points_earned", 30, 30)]
    own = await entries(client, t.supplier, organization_id=str(t.supplier.organization_id))
    assert own == [("synergy", "points_earned", 5, 5), ("synergy", "points_earned", 5, 10)]
    assert len(await entries(client, t.supplier)) == 5, "the supplier sees its book, its distributors' points among it"
    assert await points(client, t.supplier, unit="synergy") == 32 + 20 + 10
    assert await points(client, first) == 32 + 30
    assert await points(client, second, unit="bonus") == 0
    await assert_clean(owner_connection)


async def test_entries_say_what_they_were_for(client: httpx.AsyncClient, app: FastAPI, open_trade: Open) -> None:
    t = await open_trade(tiers=(None, None))
    made = await add_rule(client, t.supplier, name="每元一分")
    await add_rule(client, t.supplier, unit="bonus")
    order = await t.paid(t.market.line(1, price=700))
    between = clock.now()
    await t.paid(t.market.line(1, price=800), distributor=1)

    async def seen(who: identity.Signed, **filters: Any) -> list[Any]:
        answer = await client.get(f"{INCENTIVES}/entries", params=filters, headers=who.headers)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    (entry,) = await seen(t.distributor, unit="synergy")
    assert entry == entry | {
        "supplier_id": str(t.supplier.organization_id),
        "organization_id": str(t.distributor.organization_id),
        "rule_id": made["id"],
        "rule_name": "每元一分",
        "order_id": order["id"],
        "redemption_id": None,
        "points": 7,
    }
    whose = str(t.distributors[1].organization_id)
    for filters, expected in [
        ({}, 4),
        ({"unit": "bonus"}, 2),
        ({"organization_id": whose}, 2),
        ({"organization_id": whose, "unit": "bonus"}, 1),
        ({"order_id": order["id"]}, 2),
        ({"rule_id": made["id"]}, 2),
        ({"created_to": between.isoformat()}, 2),
        ({"created_from": between.isoformat()}, 2),
        ({"supplier_id": str(uuid4())}, 0),
    ]:
        assert len(await seen(t.supplier, **filters)) == expected, filters
    assert await seen(t.distributor, organization_id=whose) == []
    for stranger in (await identity.supplier(app), await identity.distributor(app)):
        assert await seen(stranger) == []
        assert await points(client, stranger) == 0
    assert len(await seen(await identity.admin(app))) == 4

    first = await client.get(f"{INCENTIVES}/entries", params={"limit": 3}, headers=t.supplier.headers)
    rest = await client.get(
        f"{INCENTIVES}/entries", params={"limit": 3, "cursor": first.json()["next_cursor"]}, headers=t.supplier.headers
    )
    assert len({row["id"] for row in first.json()["items"] + rest.json()["items"]}) == 4


@pytest.mark.parametrize(
    "basis, rate, steps",
    [
        ("amount", "0.5", [17, -6, -5, -6]),  # 3 units of 11.00: 16.5 → 17, 11, 5.5 → 6, 0
        ("quantity", "1.5", [5, -2, -1, -2]),  # 4.5 → 5, 3, 1.5 → 2, 0
        ("order", "7.5", [8, 0, 0, -8]),
    ],
)
async def test_a_refund_takes_its_part_and_the_last_unit_the_rest(
    client: httpx.AsyncClient,
    open_trade: Open,
    owner_connection: asyncpg.Connection,
    basis: str,
    rate: str,
    steps: list[int],
) -> None:
    t = await open_trade()
    await add_rule(client, t.supplier, basis=basis, rate=rate)
    order = await t.paid(t.market.line(3, price=1100))
    for _ in range(3):
        await t.refund(order, {0: 1})
    assert [entry[2] for entry in await entries(client, t.distributor)] == [step for step in steps if step]
    assert await points(client, t.distributor) == 0
    await assert_clean(owner_connection)


async def test_only_what_is_in_scope_counts(client: httpx.AsyncClient, open_trade: Open) -> None:
    t = await open_trade(tiers=("金牌", None), items=2)
    [first, second] = [t.market.line(2, item=i, price=1000) for i in range(2)]
    await add_rule(client, t.supplier, rate="1", scope={"sku_ids": [str(first.sku_id)]})
    await add_rule(client, t.supplier, unit="bonus", rate="10", scope={"kinds": ["retail"]})
    await add_rule(client, t.supplier, rate="100", scope={"kinds": ["ticket", "retail"], "tiers": ["金牌", "银牌"]})
    golden, plain = await t.paid(first, second), await t.paid(first, second, distributor=1)
    assert await points(client, t.distributors[0]) == 20 + 4000
    assert await points(client, t.distributors[1]) == 20
    await t.refund(golden, {1: 2})
    assert await points(client, t.distributors[0]) == 20 + 2000, "the first rule does not count the second line"
    assert plain["status"] == "paid"


async def test_rules_award_within_their_dates(client: httpx.AsyncClient, open_trade: Open) -> None:
    t = await open_trade()
    yesterday, tomorrow = str(TODAY - timedelta(days=1)), str(TODAY + timedelta(days=1))
    await add_rule(client, t.supplier, rate="1", valid_from=yesterday, valid_to=yesterday)
    await add_rule(client, t.supplier, rate="10", valid_from=str(TODAY), valid_to=str(TODAY))
    await add_rule(client, t.supplier, rate="100", valid_from=tomorrow)
    stopped = await add_rule(client, t.supplier, rate="1000")
    await client.post(f"{INCENTIVES}/rules/{stopped['id']}/stop", headers=t.supplier.headers)
    await t.paid(t.market.line(1, price=100))
    assert await points(client, t.distributor) == 10


async def test_the_day_is_the_platforms(client: httpx.AsyncClient, open_trade: Open) -> None:
    t = await open_trade()
    midnight = clock.now().replace(hour=16, minute=0, second=0, microsecond=0)
    day = clock.local_date(midnight, "Asia/Shanghai")
    await add_rule(client, t.supplier, valid_from=str(day), valid_to=str(day))
    for seconds, expected in [(-1, 0), (0, 1), (86_399, 2), (86_400, 2)]:
        with clock.at(midnight + timedelta(seconds=seconds)):
            await t.paid(t.market.line(1, price=100, day=t.market.line().service_date))
        assert await points(client, t.distributor) == expected


async def test_awards_keep_the_terms_they_were_made_on(client: httpx.AsyncClient, open_trade: Open) -> None:
    t = await open_trade()
    made = await add_rule(client, t.supplier, rate="2")
    old = await t.paid(t.market.line(2, price=1000))
    path = f"{INCENTIVES}/rules/{made['id']}"
    await client.patch(path, json={"rate": "3", "scope": {"kinds": ["retail"]}}, headers=t.supplier.headers)
    await t.paid(t.market.line(2, price=1000))
    assert await points(client, t.distributor) == 40
    await client.post(f"{path}/stop", headers=t.supplier.headers)
    await t.refund(old, {0: 1})
    assert await points(client, t.distributor) == 20, "what a stopped rule awarded is still reversed"


async def test_a_reopened_order_loses_its_points_until_it_is_completed_again(
    client: httpx.AsyncClient, open_trade: Open, owner_connection: asyncpg.Connection
) -> None:
    t = await open_trade()
    made = await add_rule(client, t.supplier, event="order_completed", basis="quantity", rate="10")
    await add_rule(client, t.supplier, unit="bonus")
    order = await t.paid(t.market.line(2, price=500))
    ticket = await t.use(order)
    await t.do(t.market.reverse(UUID(ticket["id"])))
    await settle(t.app)
    assert await entries(client, t.distributor, unit="synergy") == [
        ("synergy", "points_earned", 20, 20),
        ("synergy", "points_reversed", -20, 0),
    ]
    await client.patch(f"{INCENTIVES}/rules/{made['id']}", json={"rate": "20"}, headers=t.supplier.headers)
    await t.use(order, quantity=1)
    await t.refund(order)
    assert await points(client, t.distributor, unit="synergy") == 20, "one unit, by the rule as it was then"
    assert await points(client, t.distributor, unit="bonus") == 5
    await assert_clean(owner_connection)


async def test_a_cancelled_order_leaves_no_points_and_may_leave_a_debt(
    client: httpx.AsyncClient, open_trade: Open, owner_connection: asyncpg.Connection
) -> None:
    t = await open_trade()
    await add_rule(client, t.supplier, unit="bonus")
    order = await t.paid(t.market.line(1, price=1000))
    body = {"supplier_id": str(t.supplier.organization_id), "points": 8}
    spent = await client.post(f"{INCENTIVES}/redemptions", json=body, headers=t.distributor.with_key("spend"))
    assert spent.status_code == 201, spent.text
    await t.do(t.market.cancel(UUID(order["id"])))
    await settle(t.app)
    assert await points(client, t.distributor) == -8
    await t.paid(t.market.line(1, price=1000))
    assert await points(client, t.distributor) == 2, "the next points pay it off"
    await assert_clean(owner_connection)


async def test_events_that_come_together_or_again_change_nothing(
    client: httpx.AsyncClient, open_trade: Open, owner_connection: asyncpg.Connection
) -> None:
    t = await open_trade(tiers=(None, None, None))
    await add_rule(client, t.supplier, rate="0.1")
    await add_rule(client, t.supplier, earner="supplier", event="order_completed", basis="quantity")
    for number in range(30):
        order = await t.do(t.market.place(t.market.line(2, price=1000 + number), distributor=number % 3))
        await t.do(t.market.redeem(order["lines"][0]["tickets"][0]["code"], quantity=1))
        if number % 3 == 0:
            await t.do(t.market.refund(UUID(order["id"]), None))
    await settle(t.app)
    before = await entries(client, t.supplier, limit=200)
    assert sum(points for _, _, points, _ in before) == await points(client, t.supplier) == 20 * 2 + 10 * 1 + 10
    await owner_connection.execute("UPDATE event_cursors SET position = 0")
    await settle(t.app)
    assert await entries(client, t.supplier, limit=200) == before
    await assert_clean(owner_connection)


async def test_without_rules_nothing_is_opened(
    client: httpx.AsyncClient, open_trade: Open, owner_connection: asyncpg.Connection
) -> None:
    t = await open_trade()
    await t.paid(t.market.line(1))
    assert await owner_connection.fetchval("SELECT count(*) FROM accounts WHERE kind IN ('synergy', 'bonus')") == 0
    assert await entries(client, t.distributor) == []


lines = st.lists(
    st.builds(
        LineFacts,
        product_kind=st.just("ticket"),
        sku_id=st.just(UUID(int=1)),
        quantity=st.integers(1, 50),
        refunded=st.integers(0, 50),
        settlement_amount=st.integers(0, 10**9),
    ).filter(lambda line: line.refunded <= line.quantity),
    min_size=1,
    max_size=5,
)


@given(lines=lines, basis=st.sampled_from(Basis), rate=st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,4})?", fullmatch=True))
def test_refunds_only_take_points_and_the_last_takes_all(lines: list[LineFacts], basis: Basis, rate: str) -> None:
    def refunded(line: LineFacts, units: int) -> LineFacts:
        return LineFacts(line.product_kind, line.sku_id, line.quantity, units, line.settlement_amount)

    now = points_of(basis, rate, lines)
    more = [refunded(line, min(line.refunded + 1, line.quantity)) for line in lines]
    assert 0 <= points_of(basis, rate, more) <= now <= points_of(basis, rate, [refunded(line, 0) for line in lines])
    assert points_of(basis, rate, [refunded(line, line.quantity) for line in lines]) == 0
