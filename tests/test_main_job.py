"""The main job, end to end: a supplier's tickets are sold by a distributor from a prepaid account, and redeemed."""

from datetime import date, timedelta
from itertools import count
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.core import clock
from make import identity
from make.engine import assert_clean
from make.jobs import deliver_messages
from make.worker import settle

API = "/api/v1"
TODAY = clock.local_date(clock.now(), "Asia/Shanghai")
SATURDAY = TODAY + timedelta(days=14 + (5 - TODAY.weekday()) % 7)
TUESDAY = SATURDAY + timedelta(days=3)
_keys = count(1)


class Person:
    """Somebody at a browser, signed in."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}", "Accept-Language": "zh-CN"}

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(API + path, params=params, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(self, method: str, path: str, body: Any = None, expect: int = 200, key: str | None = None) -> Any:
        headers = self.headers | {"Idempotency-Key": key or f"key-{next(_keys)}"}
        answer = await self.client.request(method, API + path, json=body, headers=headers)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, expect: int = 201, key: str | None = None) -> Any:
        return await self.send("POST", path, body, expect, key)


async def sign_in(client: httpx.AsyncClient, username: str, password: str) -> Person:
    answer = await client.post(f"{API}/auth/token", data={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    return Person(client, answer.json()["access_token"])


@pytest.mark.capability(
    "R1",
    "I4",
    "I1",
    "P1",
    "P2",
    "N1",
    "N2",
    "N5",
    "G2",
    "G3",
    "G5",
    "O1",
    "O14",
    "O7",
    "Y1",
    "Y2",
    "Y3",
    "Y4",
    "Y6",
    "O6",
)
async def test_the_main_job(client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection) -> None:
    platform = await identity.admin(app)
    admin = Person(client, platform.access_token)

    # the admin opens a supplier organization with its owner
    opened = await admin.post(
        "/organizations",
        {
            "kind": "supplier",
            "name": "云海山旅游发展公司",
            "owner": {"username": "yunhai", "password": "Cloud-Sea-2026"},
        },
    )
    supplier = await sign_in(client, "yunhai", "Cloud-Sea-2026")

    # the supplier creates a distributor with a name and a phone number: the password comes by SMS and must be changed
    made = await supplier.post("/distributors", {"name": "远方旅行社", "phone": "13900001111"})
    (message,) = await deliver_messages(app, owner_connection)
    password = message["text"].split("初始密码：")[1].split("，")[0]
    first = await sign_in(client, "13900001111", password)
    refused = await client.get(f"{API}/offers", headers=first.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
    changed = await first.send("POST", "/me/password", {"old_password": password, "new_password": "Far-Away-2026"})
    distributor = Person(client, changed["access_token"])
    distributor_id = (await distributor.get("/me"))["organization"]["id"]

    # opens a prepaid account for it, records an offline recharge, approves it
    account = await supplier.post("/accounts", {"distributor_id": distributor_id, "kind": "prepaid"})
    recharge = await supplier.post(
        f"/accounts/{account['id']}/recharges", {"amount": 1_000_000, "method": "offline", "note": "网银转账"}
    )
    assert recharge["status"] == "pending_approval"
    assert (await supplier.get(f"/accounts/{account['id']}"))["available_amount"] == 0
    await supplier.post(f"/recharges/{recharge['id']}/approve", expect=200)
    assert (await distributor.get(f"/accounts/{account['id']}"))["available_amount"] == 1_000_000

    # a ticket with adult and child sharing one daily capacity, and a family that takes three places
    product = await supplier.post(
        "/products",
        {
            "kind": "ticket",
            "name": "云海山风景区门票",
            "stock_mode": "daily",
            "fulfilment": "code",
            "skus": [
                {"name": "成人票", "list_price": 12000},
                {"name": "儿童票", "list_price": 6000},
                {"name": "家庭票", "list_price": 26000, "units": 3},
            ],
        },
    )
    adult, _, family = (sku["id"] for sku in product["skus"])
    await supplier.post(f"/products/{product['id']}/submit", expect=200)
    waiting = await admin.get("/products", status="pending_review", sort="submitted_at")
    assert [p["id"] for p in waiting["items"]] == [product["id"]]
    approved = await admin.post(f"/products/{product['id']}/approve", expect=200)
    assert approved["status"] == "on_sale"

    # the stock calendar for three months, weekends with another capacity
    (item,) = (await supplier.get("/inventory/items", product_id=product["id"]))["items"]
    calendar = f"/inventory/items/{item['id']}/calendar"
    last = TODAY + timedelta(days=90)
    await supplier.send("PUT", calendar, {"date_from": str(TODAY), "date_to": str(last), "capacity": 100})
    weekend = {"date_from": str(TODAY), "date_to": str(last), "weekdays": [6, 7], "capacity": 12}
    await supplier.send("PUT", calendar, weekend)

    # a strategy for individual customers
    strategy = await supplier.post(
        "/strategies",
        {
            "name": "散客策略",
            "channel": "individual",
            "business_mode": "wholesale",
            "audience": {"kind": "distributors", "distributor_ids": [distributor_id]},
            "valid_from": str(TODAY),
            "pay_by": ["prepaid"],
            "refund_rules": [
                {"until_hours_before": 24 * 7, "fee_percent": "0"},
                {"until_hours_before": 24, "fee_percent": "20"},
            ],
            "items": [
                {
                    "sku_id": adult,
                    "settlement_price": 9000,
                    "retail_price": 11500,
                    "date_prices": [
                        {"date_from": str(TODAY), "date_to": str(last), "weekdays": [6, 7], "settlement_price": 10000},
                        {"date_from": str(TODAY), "date_to": str(last), "holidays": True, "settlement_price": 11000},
                    ],
                    "quantity_prices": [{"min_quantity": 5, "settlement_price": 8500}],
                    "limits": {
                        "min_quantity": 1,
                        "max_quantity": 20,
                        "advance_days_max": 60,
                        "cut_off": {"days_before": 0, "time": "18:00"},
                    },
                },
                {"sku_id": family, "settlement_price": 21000, "retail_price": 25000},
            ],
        },
    )
    await supplier.post(f"/strategies/{strategy['id']}/activate", expect=200)

    # the distributor sees its offers for a date, and asks for a quote that explains every price
    offers = await distributor.get("/offers", date=str(SATURDAY))
    by_sku = {offer["sku"]["id"]: offer for offer in offers["items"]}
    assert set(by_sku) == {adult, family}
    assert (by_sku[adult]["available"], by_sku[family]["available"]) == (12, 4)
    lines = [
        {"sku_id": adult, "quantity": 2, "date": str(SATURDAY)},
        {"sku_id": family, "quantity": 1, "date": str(SATURDAY)},
    ]
    quote = await distributor.post("/quotes", {"channel": "individual", "lines": lines}, expect=200)
    assert [line["unit_price"] for line in quote["lines"]] == [10000, 21000]
    assert all(line["explanation"] for line in quote["lines"])
    assert quote["total_amount"] == 41000

    # and places the order with a key: paid, with codes, in the same answer
    order = {
        "channel": "individual",
        "customer": {"name": "李晓雨", "phone": "13800138000"},
        "lines": lines,
        "expected_total_amount": 41000,
        "pay": {"method": "prepaid"},
    }
    paid = await distributor.post("/orders", order, key="order-1")
    assert paid["status"] == "paid"
    codes = [line["tickets"][0]["code"] for line in paid["lines"]]
    assert len(set(codes)) == 2
    again = await client.post(f"{API}/orders", json=order, headers=distributor.headers | {"Idempotency-Key": "order-1"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == paid
    assert await distributor.get(f"/orders/{paid['id']}") == paid
    assert (await supplier.get(f"/accounts/{account['id']}"))["balance_amount"] == 959_000
    assert await stock(supplier, item, SATURDAY) == (12, 0, 5, 7)

    await settle(app)
    events = [event["name"] for event in (await supplier.get("/events"))["items"]]
    assert "orders.placed" in events
    assert "orders.paid" in events

    # the supplier redeems a code in part, then the rest; a replay of the same (device, serial) redeems nothing more
    use = {"code": codes[0], "quantity": 1, "device": "gate-1", "serial": "0001"}
    assert (await supplier.post("/tickets/redeem", use, expect=200))["redeemed"] == 1
    assert (await supplier.post("/tickets/redeem", use, expect=200))["redeemed"] == 1
    await settle(app)
    assert (await distributor.get(f"/orders/{paid['id']}"))["status"] == "fulfilling"
    assert (await supplier.post("/tickets/redeem", {"code": codes[0]}, expect=200))["status"] == "redeemed"
    assert (await supplier.post("/tickets/redeem", {"code": codes[1]}, expect=200))["status"] == "redeemed"
    refused_again = await supplier.post("/tickets/redeem", {"code": codes[1]}, expect=409)
    assert refused_again["code"] == "ticket_not_redeemable"
    await settle(app)
    assert (await distributor.get(f"/orders/{paid['id']}"))["status"] == "completed"

    # the distributor cancels another paid order: tickets void, stock back, money back by the ladder
    other = await distributor.post(
        "/orders",
        order | {"lines": [{"sku_id": adult, "quantity": 6, "date": str(TUESDAY)}], "expected_total_amount": 51000},
    )
    assert await stock(supplier, item, TUESDAY) == (100, 0, 6, 94)
    cancelled = await distributor.post(f"/orders/{other['id']}/cancel", {"reason": "团队取消"}, expect=200)
    assert (cancelled["status"], cancelled["refund_status"], cancelled["refunded_amount"]) == (
        "cancelled",
        "full",
        51000,
    )
    assert cancelled["lines"][0]["tickets"][0]["status"] == "refunded"
    assert await stock(supplier, item, TUESDAY) == (100, 0, 0, 100)

    # statement, orders, tickets: all true after all of it
    await settle(app)
    entries = (await distributor.get(f"/accounts/{account['id']}/entries", sort="created_at"))["items"]
    assert [(e["kind"], e["amount"], e["balance_after"]) for e in entries] == [
        ("recharge", 1_000_000, 1_000_000),
        ("order_payment", -41000, 959_000),
        ("order_payment", -51000, 908_000),
        ("order_refund", 51000, 959_000),
    ]
    completed = await supplier.get("/orders", status="completed")
    assert [o["id"] for o in completed["items"]] == [paid["id"]]
    assert completed["items"][0]["customer"] == {"name": "李**", "phone": "138****8000", "organization": None}
    tickets = await supplier.get("/tickets", distributor_id=distributor_id)
    assert sorted(t["status"] for t in tickets["items"]) == ["redeemed", "redeemed", "refunded"]
    assert opened["status"] == "active"
    assert made["status"] == "active"
    await assert_clean(owner_connection)


async def stock(supplier: Person, item: dict[str, Any], day: date) -> tuple[int, int, int, int]:
    """(capacity, held, sold, available) of the day."""
    found = await supplier.get(f"/inventory/items/{item['id']}/calendar", date_from=str(day), date_to=str(day))
    (bucket,) = found["items"]
    return bucket["capacity"], bucket["held"], bucket["sold"], bucket["available"]
