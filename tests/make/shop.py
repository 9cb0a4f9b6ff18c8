"""A supplier with a ticket on sale and a distributor with money, opened over HTTP as people would."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx

from distro_api.core import clock

API = "/api/v1"
ADMIN, SUPPLIER, DISTRIBUTOR = "bench-admin", "bench-supplier", "bench-distributor"
PASSWORD = "Bench-Mark-2026"
PRICE = 100
CAPACITY = 100_000
MONEY = 100_000_000


@dataclass(frozen=True, slots=True)
class Shop:
    """What an order needs."""

    sku_id: str
    days: tuple[date, ...]

    def order(self, number: int) -> dict[str, Any]:
        """The body of one order; the day goes round."""
        return {
            "channel": "individual",
            "customer": {"name": "王小明", "phone": "13800138000"},
            "lines": [{"sku_id": self.sku_id, "quantity": 1, "date": str(self.days[number % len(self.days)])}],
            "pay": {"method": "prepaid"},
        }


class Caller:
    """Somebody signed in; a new token whenever the old one is near its end."""

    def __init__(self, http: httpx.AsyncClient, username: str) -> None:
        self._http, self._username, self._token = http, username, ""

    async def sign_in(self) -> "Caller":
        form = {"username": self._username, "password": PASSWORD}
        answer = await self._http.post(f"{API}/auth/token", data=form)
        answer.raise_for_status()
        self._token = answer.json()["access_token"]
        return self

    async def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": key or str(uuid4())}
        return await self._http.request(method, API + path, json=body, headers=headers)

    async def do(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of what must succeed."""
        answer = await self.send(method, path, body)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()


async def open_shop(http: httpx.AsyncClient) -> Shop:
    """Everything from the organizations to the activated strategy; the administrator exists already."""
    admin = await Caller(http, ADMIN).sign_in()
    ids = {}
    for kind, username in (("supplier", SUPPLIER), ("distributor", DISTRIBUTOR)):
        owner = {"username": username, "password": PASSWORD}
        made = await admin.do("POST", "/organizations", {"kind": kind, "name": f"测试{username}", "owner": owner})
        ids[kind] = made["id"]
    supplier = await Caller(http, SUPPLIER).sign_in()
    await supplier.do("POST", "/supply-relations", {"distributor_id": ids["distributor"]})
    account = await supplier.do("POST", "/accounts", {"distributor_id": ids["distributor"], "kind": "prepaid"})
    recharge = {"amount": MONEY, "method": "offline"}
    recharge = await supplier.do("POST", f"/accounts/{account['id']}/recharges", recharge)
    await supplier.do("POST", f"/recharges/{recharge['id']}/approve")
    item = await supplier.do("POST", "/inventory/items", {"name": "测试场馆", "mode": "daily"})
    sku_id = await _ticket_on_sale(admin, supplier, item["id"])
    today = clock.local_date(clock.now(), "Asia/Shanghai")
    days = tuple(today + timedelta(days=n) for n in range(10, 14))
    span = {"date_from": str(days[0]), "date_to": str(days[-1]), "capacity": CAPACITY}
    await supplier.do("PUT", f"/inventory/items/{item['id']}/calendar", span)
    terms = {
        "name": "散客",
        "channel": "individual",
        "business_mode": "wholesale",
        "audience": {"kind": "all"},
        "valid_from": str(today),
        "pay_by": ["prepaid"],
        "refund_rules": [{"until_hours_before": 24, "fee_percent": "0"}],
        "items": [{"sku_id": sku_id, "settlement_price": PRICE, "retail_price": PRICE + 20}],
    }
    strategy = await supplier.do("POST", "/strategies", terms)
    await supplier.do("POST", f"/strategies/{strategy['id']}/activate")
    return Shop(sku_id, days)


async def _ticket_on_sale(admin: Caller, supplier: Caller, item_id: str) -> str:
    product = await supplier.do(
        "POST",
        "/products",
        {
            "kind": "ticket",
            "name": "测试门票",
            "stock_mode": "daily",
            "fulfilment": "code",
            "skus": [{"name": "成人票", "list_price": PRICE + 50, "stock": [{"item_id": item_id, "units": 1}]}],
        },
    )
    await supplier.do("POST", f"/products/{product['id']}/submit")
    await admin.do("POST", f"/products/{product['id']}/approve")
    return str(product["skus"][0]["id"])


async def until_ready(http: httpx.AsyncClient, within_s: float = 60) -> None:
    """Return when the server answers that it is ready."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                if (await http.get("/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
