"""The demo data: a small load of it, looked at from all sides."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import count
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api import demo
from distro_api.app import create_app
from distro_api.core import clock
from distro_api.core.db import Database
from distro_api.core.settings import Settings
from distro_api.demo import people
from distro_api.demo.buyers import DISTRIBUTORS
from distro_api.demo.plans import barcode
from distro_api.demo.scenic import FLAGSHIP
from distro_api.demo.stage import DAYS_AHEAD, DAYS_BACK, SUPPLIERS
from distro_api.identity.service.demo import DEMO_ACCOUNTS
from distro_api.identity.service.organizations import create_admin
from make.engine import assert_clean

pytestmark = pytest.mark.timeout(300)  # a load is long on a busy machine

API = "/api/v1"
SCALE, ORDERS = 0.03, 150
Sweep = Callable[[], Awaitable[None]]
_keys = count(1)


def quietly(step: str, done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture(scope="module")
async def loaded(settings: Settings, sweep: Sweep) -> AsyncIterator[FastAPI]:
    """An application over the demo data, which two starters have loaded, where its passwords are good."""
    await sweep()
    await asyncio.gather(*(demo.load(settings, quietly, SCALE) for _ in range(2)))
    made = create_app(settings.model_copy(update={"demo_passwords": True}))
    async with made.router.lifespan_context(made):
        yield made
    await sweep()


@pytest.fixture
async def browser(loaded: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(loaded, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


async def sign_in(browser: httpx.AsyncClient, username: str) -> dict[str, str]:
    """Headers of a demo account."""
    password = DEMO_ACCOUNTS[username.rstrip("0123456789")]
    answer = await browser.post(f"{API}/auth/token", data={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def listed(browser: httpx.AsyncClient, who: dict[str, str], path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await browser.get(API + path, params=params, headers=who)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def post(browser: httpx.AsyncClient, who: dict[str, str], path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await browser.post(API + path, json=body, headers=who | {"Idempotency-Key": f"demo-{next(_keys)}"})
    assert answer.status_code in (200, 201), answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_the_plan_is_as_large_as_promised() -> None:
    products = [product for supplier in SUPPLIERS for product in supplier.products]
    assert len(SUPPLIERS) >= 3
    assert len(DISTRIBUTORS) >= 6
    assert len(products) >= 40
    assert len({product.name for product in products}) == len(products)
    codes = [sku.code for product in products for sku in product.skus]
    assert len(set(codes)) == len(codes)
    assert DAYS_BACK + DAYS_AHEAD == 180
    assert {product.place for product in products if product.place} <= people.scenic_areas()


def test_article_numbers_have_their_check_digit() -> None:
    for number in (11, 12, 131, 1):
        digits = [int(digit) for digit in barcode(number)]
        assert len(digits) == 13
        assert sum(digits[0::2]) + 3 * sum(digits[1::2]) == sum(digits[0::2]) + sum(digits[1::2]) * 3
        assert (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0


async def test_it_is_there_and_the_books_are_proved(
    loaded: FastAPI, settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    await assert_clean(owner_connection)
    counted = {
        name: await owner_connection.fetchval(f"SELECT count(*) FROM {name}")
        for name in ("orders", "outbox", "event_parked", "refunds", "ticket_redemptions", "incentive_movements")
    }
    assert counted["orders"] == ORDERS
    assert counted["outbox"] == counted["event_parked"] == 0
    assert min(counted["refunds"], counted["ticket_redemptions"], counted["incentive_movements"]) > 0
    days = await owner_connection.fetch(
        "SELECT count(*) FROM inventory_buckets WHERE service_date IS NOT NULL GROUP BY item_id"
    )
    assert {row[0] for row in days} == {180}
    strategies = await owner_connection.fetch(
        "SELECT count(*) FROM strategies WHERE status = 'active' GROUP BY supplier_id"
    )
    assert [row[0] for row in strategies] == [3] * len(SUPPLIERS)
    late = "SELECT count(*) FROM orders WHERE pay_before < now() - interval '10 minutes'"
    assert await owner_connection.fetchval(late) == 0
    assert not await demo.is_empty(settings)
    await demo.load(settings, quietly, SCALE)  # nothing to do
    assert await owner_connection.fetchval("SELECT count(*) FROM orders") == ORDERS


async def test_statements_and_timelines_follow_the_clock(loaded: FastAPI, owner_connection: asyncpg.Connection) -> None:
    for table, of, after in (
        ("entries", "account_id", "account_version"),
        ("order_transitions", "order_id", "seq"),
    ):
        back = await owner_connection.fetchval(
            f"SELECT count(*) FROM (SELECT created_at < lag(created_at) OVER (PARTITION BY {of} ORDER BY {after}) AS back "
            f"FROM {table} WHERE {after} IS NOT NULL) t WHERE back"
        )
        assert back == 0, table
    first, last = await owner_connection.fetchrow("SELECT min(created_at), max(created_at) FROM orders")
    assert timedelta(days=55) < clock.now() - first < timedelta(days=62)
    assert clock.now() - last < timedelta(hours=1)


@pytest.mark.capability("I1")
@pytest.mark.parametrize("username", ["admin", "supplier", "distributor", "supplier2", "distributor8"])
async def test_demo_accounts_sign_in(browser: httpx.AsyncClient, username: str) -> None:
    who = await sign_in(browser, username)
    answer = await browser.get(f"{API}/me", headers=who)
    assert answer.json()["username"] == username


@pytest.mark.capability("G5", "O1", "Y3", "O14")
async def test_the_distributor_buys_with_what_is_there(browser: httpx.AsyncClient) -> None:
    who = await sign_in(browser, "distributor")
    day = (clock.local_date(clock.now(), "Asia/Shanghai") + timedelta(days=10)).isoformat()
    offers = await listed(browser, who, "/offers", date=day, q=FLAGSHIP)
    assert len(offers) == 3
    adult, child, family = (
        next(offer for offer in offers if offer["sku"]["code"] == code)
        for code in ("HUANGSHAN-ADULT", "HUANGSHAN-CHILD", "HUANGSHAN-FAMILY")
    )
    assert adult["available"] == child["available"] >= 3 * family["available"] > 0  # one capacity
    assert [offer["sku"]["name"] for offer in await listed(browser, who, "/offers", date=day, q="黄山成人票")] == [
        "黄山成人票"
    ]
    lines = [{"sku_id": offer["sku"]["id"], "quantity": 1, "date": day} for offer in (adult, child, family)]
    quote = await post(browser, who, "/quotes", {"channel": "individual", "lines": lines})
    order = await post(
        browser,
        who,
        "/orders",
        {
            "channel": "individual",
            "customer": {"name": "陈知夏", "phone": "19900001234"},
            "lines": lines,
            "expected_total_amount": quote["total_amount"],
            "pay": {"method": "prepaid"},
        },
    )
    assert order["status"] == "paid"
    assert len([ticket for line in order["lines"] for ticket in line["tickets"]]) == 3
    code = order["lines"][0]["tickets"][0]["code"]
    await post(browser, who, f"/orders/{order['id']}/cancel", {"reason": "客人行程有变"})
    [ticket] = await listed(browser, await sign_in(browser, "supplier"), "/tickets", code=code)
    assert ticket["status"] == "refunded"


STATUSES = {
    "/orders": ("pending_approval", "pending_payment", "paid", "fulfilling", "completed", "cancelled", "closed"),
    "/strategies": ("draft", "active", "paused"),
    "/products": ("draft", "pending_review", "on_sale", "off_sale", "rejected"),
}


@pytest.mark.parametrize(("path", "status"), [(path, one) for path, all_ in STATUSES.items() for one in all_])
async def test_every_status_has_something_to_show(browser: httpx.AsyncClient, path: str, status: str) -> None:
    assert await listed(browser, await sign_in(browser, "admin"), path, status=status)


async def test_the_first_distributor_has_something_on_every_screen(
    browser: httpx.AsyncClient, owner_connection: asyncpg.Connection
) -> None:
    who, supplier = await sign_in(browser, "distributor"), await sign_in(browser, "supplier")
    for status in ("pending_approval", "pending_payment", "paid", "completed"):
        assert await listed(browser, who, "/orders", status=status), status
    accounts = await listed(browser, who, "/accounts")
    assert {account["kind"] for account in accounts} == {"prepaid", "credit"}
    prepaid = max((one for one in accounts if one["kind"] == "prepaid"), key=lambda one: one["available_amount"])
    assert prepaid["available_amount"] > 100_000_00
    assert await listed(browser, who, f"/accounts/{prepaid['id']}/entries")
    assert await listed(browser, who, "/tickets")
    assert await listed(browser, who, "/incentives/entries", unit="bonus")
    assert await listed(browser, supplier, "/incentives/entries", unit="synergy")
    assert {row["status"] for row in await listed(browser, supplier, "/recharges")} == {
        "succeeded",
        "pending_approval",
        "rejected",
    }
    found = await owner_connection.fetch("SELECT DISTINCT status FROM tickets")
    assert {row[0] for row in found} >= {"valid", "redeemed", "refunded", "expired"}
    found = await owner_connection.fetch("SELECT DISTINCT refund_status FROM orders")
    assert {row[0] for row in found} == {"none", "partial", "full"}


@pytest.mark.capability("O14")
async def test_the_newest_code_can_be_redeemed_at_once(browser: httpx.AsyncClient) -> None:
    supplier = await sign_in(browser, "supplier")
    newest = (await listed(browser, supplier, "/tickets", status="valid"))[0]
    redeemed = await post(browser, supplier, "/tickets/redeem", {"code": newest["code"], "quantity": 1})
    assert (redeemed["redeemed"], redeemed["quantity"]) == (1, 2)


async def test_another_relation_sells_what_is_listed_at_its_own_price(browser: httpx.AsyncClient) -> None:
    day = (clock.local_date(clock.now(), "Asia/Shanghai") + timedelta(days=10)).isoformat()
    for username, wanted in (("distributor5", {None: 6200}), ("distributor", {})):
        offers = await listed(browser, await sign_in(browser, username), "/offers", date=day, q="古徽州研学营地一日票")
        prices = {one["strategy_id"]: one["settlement_price"] for offer in offers for one in offer["strategies"]}
        assert prices == wanted, username


async def test_names_are_chinese(loaded: FastAPI, owner_connection: asyncpg.Connection) -> None:
    names = [
        row[0]
        for table, column in (
            ("organizations", "name"),
            ("products", "name"),
            ("products", "description"),
            ("skus", "name"),
            ("strategies", "name"),
            ("categories", "name"),
            ("brands", "name"),
            ("supply_relations", "tier"),
            ("incentive_rules", "name"),
            ("orders", "customer_name"),
            ("orders", "customer_organization"),
            ("orders", "shipping_address ->> 'address'"),
            ("order_transitions", "nullif(reason, '')"),
        )
        for row in await owner_connection.fetch(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
    ]
    assert len(names) > ORDERS
    assert [name for name in names if re.search("[A-Za-z]", name.replace("国家5A级", ""))] == []
    owners = await owner_connection.fetch("SELECT name, phone, email FROM users WHERE username <> 'admin'")
    assert all(re.fullmatch("[一-鿿]{2,4}", row["name"]) for row in owners)
    assert all(row["email"].endswith(".example") and row["phone"].startswith("+861990000") for row in owners)


class Stopped(Exception):
    """Somebody has pressed Ctrl-C."""


async def test_an_interrupted_load_is_finished(
    settings: Settings, clean: None, owner_connection: asyncpg.Connection
) -> None:
    orders = 50
    for interrupted in ("stock calendar", "orders"):

        def stop(step: str, done: int, total: int, at: str = interrupted) -> None:
            if step == at and (done > 10 or total == 1):
                raise Stopped

        with pytest.raises(Stopped):
            await demo.load(settings, stop, orders / 5000)
        assert await demo.is_empty(settings)
    assert 0 < await owner_connection.fetchval("SELECT count(*) FROM orders") < orders
    await demo.load(settings, quietly)  # as large as it was begun
    assert not await demo.is_empty(settings)
    assert await owner_connection.fetchval("SELECT count(*) FROM orders") == orders
    await assert_clean(owner_connection)


async def test_a_database_in_use_is_left_alone(settings: Settings, clean: None) -> None:
    assert settings.app_database_url is not None
    assert await demo.is_empty(settings)
    database = Database(settings.app_database_url, "", pool_size=1)
    async with database.sessions.begin() as session:
        await create_admin(session, "somebody")
    await database.close()
    assert not await demo.is_empty(settings)
    with pytest.raises(demo.NotEmpty):
        await demo.load(settings, quietly, SCALE)
