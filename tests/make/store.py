"""A store that is open: a supplier with a ticket on sale by a strategy, a distributor with money, all over HTTP."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from distro_api.core import clock
from distro_api.orders.jobs import close_over
from make import identity
from make.engine import assert_clean
from make.identity import Signed
from make.products import on_sale
from make.relations import relation
from make.strategies import strategy
from make.worker import settle, worker_sessions

API = "/api/v1"
ADULT, CHILD, FAMILY = 10000, 4000, 21000
"""Settlement prices."""
MONEY = 1_000_000
LADDER = (
    {"until_hours_before": 24 * 7, "fee_percent": "0"},
    {"until_hours_before": 24, "fee_percent": "20"},
    {"until_hours_before": 0, "fee_amount": 5000},
)
_keys = count(1)


def today() -> date:
    """The platform's day."""
    return clock.local_date(clock.now(), "Asia/Shanghai")


def noon(day: date) -> datetime:
    """Where the platform is."""
    return datetime.combine(day, time(12), clock.zone("Asia/Shanghai"))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in; writes go out under a new key unless one is given."""

    client: httpx.AsyncClient
    signed: Signed

    @property
    def id(self) -> str:
        return str(self.signed.organization_id)

    async def ask(self, method: str, path: str, body: Any = None, *, key: str | None = None, **more: Any) -> Any:
        """The bare answer. `more`: of httpx; `headers` are added."""
        headers = self.signed.with_key(key or f"key-{next(_keys)}") | more.pop("headers", {})
        json = {} if body is None else {"json": body}
        return await self.client.request(method, API + path, headers=headers, **json, **more)

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(API + path, params=params, headers=self.signed.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        return await self.do("POST", path, body, key=key)

    async def do(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """What is answered to what must succeed."""
        answer = await self.ask(method, path, body, key=key)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def refused(
        self, status: int, code: str, method: str, path: str, body: Any = None, *, key: str | None = None, **more: Any
    ) -> Any:
        """The problem that is answered to what must be refused."""
        answer = await self.ask(method, path, body, key=key, **more)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["status"]) == (status, code, status), answer.text
        return problem


@dataclass
class Store:
    """Everybody and everything that an order needs."""

    app: FastAPI
    connection: asyncpg.Connection
    client: httpx.AsyncClient
    admin: Person
    supplier: Person
    distributor: Person
    relation_id: str
    product: dict[str, Any]
    item_id: str
    strategy: dict[str, Any]
    account_id: str
    day: date
    """Some service date far ahead, a Wednesday."""

    @property
    def adult(self) -> str:
        return str(self.product["skus"][0]["id"])

    @property
    def child(self) -> str:
        return str(self.product["skus"][1]["id"])

    @property
    def family(self) -> str:
        """Takes three places."""
        return str(self.product["skus"][2]["id"])

    def line(self, quantity: Any = 1, sku: str | None = None, day: date | None = None, **more: Any) -> dict[str, Any]:
        return {"sku_id": sku or self.adult, "quantity": quantity, "date": str(day or self.day)} | more

    def order(self, *lines: dict[str, Any], pay: str | None = "prepaid", **more: Any) -> dict[str, Any]:
        """The body of an order; one adult if no line is given."""
        body: dict[str, Any] = {
            "channel": self.strategy["channel"],
            "customer": {"name": "李晓雨", "phone": "13800138000"},
            "lines": list(lines) or [self.line()],
        }
        return body | ({} if pay is None else {"pay": {"method": pay}}) | more

    async def place(self, *lines: dict[str, Any], pay: str | None = "prepaid", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.distributor.post("/orders", self.order(*lines, pay=pay, **more))
        return made

    async def refuse(self, code: str, *lines: dict[str, Any], status: int = 409, **more: Any) -> dict[str, Any]:
        """The problem of an order that must be refused."""
        problem: dict[str, Any] = await self.distributor.refused(
            status, code, "POST", "/orders", self.order(*lines, **more)
        )
        return problem

    async def read(self, order: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = await self.distributor.get(f"/orders/{order['id']}")
        return found

    async def cancel(self, order: dict[str, Any], who: Person | None = None) -> dict[str, Any]:
        path = f"/orders/{order['id']}/cancel"
        cancelled: dict[str, Any] = await (who or self.distributor).post(path, {"reason": "行程有变"})
        return cancelled

    async def refund(
        self, order: dict[str, Any], units: dict[int, int] | None = None, who: Person | None = None
    ) -> dict[str, Any]:
        """Give back units of lines, by their place in the order; all that can go back if none are named."""
        made: dict[str, Any] = await (who or self.distributor).post(
            f"/orders/{order['id']}/refunds", refund_body(order, units)
        )
        return made

    async def redeem(self, order: dict[str, Any], quantity: int | None = None, line: int = 0) -> dict[str, Any]:
        """Use a line's code on its day; the ticket."""
        with clock.at(noon(self.day)):
            ticket: dict[str, Any] = await self.supplier.post(
                "/tickets/redeem", {"code": code_of(order, line), "quantity": quantity}
            )
        return ticket

    async def account(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.supplier.get(f"/accounts/{self.account_id}")
        return found

    async def money(self) -> tuple[int, int, int]:
        """(balance, frozen, available) of the distributor's account."""
        account = await self.account()
        return account["balance_amount"], account["frozen_amount"], account["available_amount"]

    async def stock(self, day: date | None = None, item_id: str | None = None) -> tuple[int, int, int]:
        """(held, sold, available) on the day."""
        on = str(day or self.day)
        path = f"/inventory/items/{item_id or self.item_id}/calendar"
        (bucket,) = (await self.supplier.get(path, date_from=on, date_to=on))["items"]
        return bucket["held"], bucket["sold"], bucket["available"]

    async def open_days(self, first: date, last: date, capacity: int = 100, **more: Any) -> None:
        body = {"date_from": str(first), "date_to": str(last), "capacity": capacity} | more
        await self.supplier.do("PUT", f"/inventory/items/{self.item_id}/calendar", body)

    async def sells(self, *items: dict[str, Any], **terms: Any) -> dict[str, Any]:
        """One more active strategy, which goes before the present one; it becomes the store's."""
        body = strategy(*items, **{"priority": self.strategy["priority"] + 1, "refund_rules": list(LADDER)} | terms)
        made = await self.supplier.post("/strategies", body)
        self.strategy = await self.supplier.post(f"/strategies/{made['id']}/activate")
        return self.strategy

    async def fund(self, amount: int, account_id: str | None = None) -> None:
        """A recharge, approved."""
        path = f"/accounts/{account_id or self.account_id}/recharges"
        recharge = await self.supplier.post(path, {"amount": amount, "method": "offline"})
        await self.supplier.post(f"/recharges/{recharge['id']}/approve")

    async def window_over(self, *orders: dict[str, Any]) -> None:
        """The time to pay has passed."""
        past = "UPDATE orders SET pay_before = clock_timestamp() - interval '1 second' WHERE id = ANY($1::uuid[])"
        await self.connection.execute(past, [order["id"] for order in orders])

    async def sweep(self) -> int:
        """What the worker does for unpaid orders every second; how many it found."""
        state = self.app.state
        async with worker_sessions(state.settings) as sessions:
            return await close_over(sessions, state.lanes, state.settings.time_zone)

    async def settle(self) -> None:
        """What follows from events has followed, and every proof of the house holds."""
        await settle(self.app)
        await assert_clean(self.connection)


OpenStore = Callable[..., Awaitable[Store]]


async def open_store(
    app: FastAPI,
    client: httpx.AsyncClient,
    connection: asyncpg.Connection,
    *,
    money: int = MONEY,
    capacity: int = 100,
    product: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
    **terms: Any,
) -> Store:
    """A store whose ticket has an adult, a child and a family SKU on one daily capacity.

    Args:
        money: what is on the prepaid account.
        capacity: places on the store's day and on the days around it.
        product: changes to the product.
        limits: of every item of the strategy.
        terms: changes to the strategy.
    """
    admin = Person(client, await identity.admin(app))
    supplier = Person(client, await identity.supplier(app))
    distributor = Person(client, await identity.distributor(app))
    partners = await relation(client, supplier.signed, distributor.signed)
    skus = [
        {"name": "成人票", "list_price": 12000},
        {"name": "儿童票", "list_price": 6000},
        {"name": "家庭票", "list_price": 26000, "units": 3},
    ]
    made = await on_sale(client, supplier.signed, admin.signed, **({"skus": skus} | (product or {})))
    (item,) = (await supplier.get("/inventory/items", product_id=made["id"]))["items"]
    account = await supplier.post("/accounts", {"distributor_id": distributor.id, "kind": "prepaid"})
    day = today() + timedelta(days=14 + (2 - today().weekday()) % 7)
    store = Store(
        app, connection, client, admin, supplier, distributor, partners["id"], made, item["id"], {}, account["id"], day
    )
    if item["mode"] == "daily":
        await store.open_days(day - timedelta(days=3), day + timedelta(days=3), capacity)
    prices = (ADULT, CHILD, FAMILY)
    items = [
        {"sku_id": sku["id"], "settlement_price": price, "limits": limits}
        for sku, price in zip(made["skus"], prices, strict=False)
    ]
    store.strategy = {"priority": 0}
    await store.sells(*items, **terms)
    if money:
        await store.fund(money)
    return store


def code_of(order: dict[str, Any], line: int = 0) -> str:
    return str(order["lines"][line]["tickets"][0]["code"])


def refund_body(order: dict[str, Any], units: dict[int, int] | None = None) -> dict[str, Any]:
    lines = [{"line_id": order["lines"][place]["id"], "quantity": n} for place, n in (units or {}).items()]
    return {"reason": "人数减少"} | ({"lines": lines} if lines else {})
