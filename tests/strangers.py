"""What the stranger test asks of the rooms: who may call without a token, and another tenant's object for every id.

A room adds a factory for each new id in its paths (`@foreign("thing_id")`), and a body in `BODIES` where the schema
alone does not say what a valid one looks like.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from distro_api.core import clock
from distro_api.identity.models import Kind, PartnerPolicy
from make import identity
from make.identity import Signed
from make.products import on_sale
from make.relations import relation
from make.strategies import active
from make.worker import settle

PUBLIC = {
    ("POST", "/api/v1/auth/token"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/captcha"),
    ("POST", "/api/v1/auth/second-factor"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/logout"),
    ("GET", "/api/v1/files/{file_id}/content"),
    ("POST", "/api/v1/auth/password/forgot"),
    ("POST", "/api/v1/auth/password/reset"),
    ("POST", "/api/v1/auth/register"),
    ("POST", "/api/v1/auth/register/codes"),
    ("GET", "/api/v1/divisions"),
}
"""Where one has no access token yet, brings a refresh token instead, or has a signed link."""

OUTSIDE = {"/openapi.json", "/docs", "/docs/assets", "/docs/oauth2-redirect", "/health/live", "/health/ready"}
"""Routes that belong to the process, not to the API."""

PLAIN = {
    "day": "2030-05-01",
    "subscriber": "orders.follow_tickets",
    "position": "999999999",
    "parameter": "captcha_policy",
}
"""Path parameters that are no ids, with a value."""

SHARED = {
    "category_id": "one list of categories for the whole platform",
    "brand_id": "one list of brands for the whole platform",
}
"""Ids of what everybody with the permission may see: only unknown ones are not found."""

PERSONAL = {"session_id", "role_id", "user_id", "key_id", "employee_id", "file_id", "job_id"}
"""Ids that the platform's people do not see either."""

BODIES: dict[str, Any] = {}
"""A valid body by operation id."""


@dataclass
class World:
    """Two partners and the platform, who own everything that strangers will ask for."""

    app: FastAPI
    client: httpx.AsyncClient
    supplier: Signed
    distributor: Signed
    admin: Signed
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return clock.now()

    @property
    def day(self) -> date:
        return clock.now().date() + timedelta(days=7)

    async def do(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """What the API answers to one of the three, who are in their right."""
        headers = getattr(self, who).headers | {"Idempotency-Key": str(uuid4())}
        answer = await self.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json()

    async def get(self, who: str, path: str) -> Any:
        return await self.do(who, "GET", path)

    async def sold(self) -> dict[str, Any]:
        """The one product on sale."""
        if "sold" not in self.made:
            self.made["sold"] = await on_sale(self.client, self.supplier, self.admin)
        product: dict[str, Any] = self.made["sold"]
        return product

    async def ordered(self) -> dict[str, Any]:
        """A new order, paid from the prepaid account."""
        for name in ("item_id", "strategy_id", "recharge_id"):
            await self.id(name)
        body = {
            "channel": "individual",
            "customer": {"name": "王芳", "phone": "13800138000"},
            "lines": [{"sku_id": await self.id("sku_id"), "quantity": 1, "date": str(self.day)}],
            "pay": {"method": "prepaid"},
        }
        order: dict[str, Any] = await self.do("distributor", "POST", "/orders", body)
        assert order["status"] == "paid"
        return order

    async def id(self, name: str) -> str:
        """The id that the factory of `name` makes, once."""
        if name not in self.made:
            self.made[name] = await FOREIGN[name](self)
        return str(self.made[name])


async def world(app: FastAPI, client: httpx.AsyncClient) -> World:
    return World(app, client, await identity.supplier(app), await identity.distributor(app), await identity.admin(app))


Factory = Callable[[World], Awaitable[Any]]
FOREIGN: dict[str, Factory] = {}


def foreign(name: str) -> Callable[[Factory], Factory]:
    """Register what makes an object that the path parameter `name` can name; the answer is its id."""

    def register(factory: Factory) -> Factory:
        assert name not in FOREIGN, name
        FOREIGN[name] = factory
        return factory

    return register


@foreign("organization_id")
async def _organization(world: World) -> Any:
    return world.supplier.organization_id


@foreign("role_id")
async def _role(world: World) -> Any:
    body = {"name": "检票员", "permissions": ["tickets:redeem"]}
    return (await world.do("supplier", "POST", "/roles", body))["id"]


@foreign("user_id")
async def _user(world: World) -> Any:
    roles = [await world.id("role_id")]
    body = {"username": "gate-1", "name": "赵晓舟", "role_ids": roles, "deliver": "shown"}
    return (await world.do("supplier", "POST", "/users", body))["id"]


@foreign("change_id")
async def _change(world: World) -> Any:
    path = f"/organizations/{world.supplier.organization_id}/changes"
    return (await world.do("supplier", "POST", path, {"address": "龙井路1号"}))["id"]


@foreign("key_id")
async def _key(world: World) -> Any:
    return (await world.do("supplier", "POST", "/api-keys", {"name": "官网商城", "scopes": ["orders:read"]}))["id"]


@foreign("session_id")
async def _session(world: World) -> Any:
    listed = await world.client.get("/api/v1/me/sessions", headers=world.supplier.headers)
    return listed.json()["items"][0]["id"]


@foreign("product_id")
async def _product(world: World) -> Any:
    return (await world.sold())["id"]


@foreign("sku_id")
async def _sku(world: World) -> Any:
    return (await world.sold())["skus"][0]["id"]


@foreign("relation_id")
async def _relation(world: World) -> Any:
    made = await relation(world.client, world.supplier, world.distributor)
    line = {"sku_id": await world.id("sku_id"), "settlement_price": 100}
    path = f"/api/v1/supply-relations/{made['id']}/product-authorizations"
    answer = await world.client.post(path, json={"lines": [line]}, headers=world.supplier.headers)
    assert answer.json()["lines"][0]["result"] == "created"
    return made["id"]


@foreign("tier_id")
async def _tier(world: World) -> Any:
    return (await world.do("supplier", "POST", "/distributor-tiers", {"name": "金牌"}))["id"]


@foreign("invitation_id")
async def _invitation(world: World) -> Any:
    asked = await identity.organization(world.app, Kind.DISTRIBUTOR, partner_policy=PartnerPolicy.INVITATION)
    me = await world.client.get("/api/v1/me", headers=asked.headers)
    body = {"partner_code": me.json()["organization"]["partner_code"]}
    return (await world.do("supplier", "POST", "/partner-invitations", body))["id"]


@foreign("feedback_id")
async def _feedback(world: World) -> Any:
    return (await world.do("supplier", "POST", "/feedback", {"category": "problem", "text": "页面打不开"}))["id"]


@foreign("item_id")
async def _item(world: World) -> Any:
    item_id = (await world.sold())["skus"][0]["stock"][0]["item_id"]
    days = {"date_from": str(world.day), "date_to": str(world.day), "capacity": 100}
    await world.do("supplier", "PUT", f"/inventory/items/{item_id}/calendar", days)
    return item_id


@foreign("strategy_id")
async def _strategy(world: World) -> Any:
    line = {"sku_id": await world.id("sku_id"), "settlement_price": 9000}
    return (await active(world.client, world.supplier, line))["id"]


@foreign("account_id")
async def _account(world: World) -> Any:
    await world.id("relation_id")
    body = {"distributor_id": str(world.distributor.organization_id), "kind": "prepaid"}
    opened = await world.do("supplier", "POST", "/accounts", body)
    if opened["status"] == "inactive":
        await world.do("supplier", "POST", f"/accounts/{opened['id']}/enable")
    return opened["id"]


@foreign("recharge_id")
async def _recharge(world: World) -> Any:
    body = {"amount": 1_000_000, "method": "offline"}
    made = await world.do("supplier", "POST", f"/accounts/{await world.id('account_id')}/recharges", body)
    await world.do("supplier", "POST", f"/recharges/{made['id']}/approve")
    return made["id"]


@foreign("order_id")
async def _order(world: World) -> Any:
    return (await world.ordered())["id"]


@foreign("ticket_id")
async def _ticket(world: World) -> Any:
    found = await world.get("distributor", f"/tickets?order_id={await world.id('order_id')}")
    return found["items"][0]["id"]


@foreign("refund_id")
async def _refund(world: World) -> Any:
    order = await world.ordered()
    await world.do("distributor", "POST", f"/orders/{order['id']}/cancel", {"reason": "行程有变"})
    return (await world.get("distributor", f"/refunds?order_id={order['id']}"))["items"][0]["id"]


def sample(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    """A smallest value that fits `schema`.

    Raises:
        LookupError: a pattern without an example; give it one, or the operation a body here.
    """
    if reference := schema.get("$ref"):
        return sample(components[reference.rsplit("/", 1)[1]], components)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            options = [option for option in schema[choice] if option.get("type") != "null"]
            return sample(options[0], components)
    if "const" in schema:
        return schema["const"]
    for known in ("enum", "examples"):
        if schema.get(known):
            return schema[known][0]
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {name: sample(properties[name], components) for name in schema.get("required", ())}
        case "array":
            return [sample(schema["items"], components) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
        case "string":
            return _text(schema)
        case _:
            return None


def _text(schema: dict[str, Any]) -> str:
    formats = {
        "uuid": str(uuid4()),
        "date": "2030-05-01",
        "date-time": "2030-05-01T00:00:00Z",
        "time": "09:00",
        "password": "Sample-Pass-2026",
    }
    if schema.get("format") in formats:
        return formats[schema["format"]]
    if "pattern" in schema:
        raise LookupError(f"no example for {schema['pattern']}")
    return "x" * max(schema.get("minLength", 1), 1)


@foreign("rule_id")
async def _rule(world: World) -> Any:
    body = {
        "name": "下单即返",
        "unit": "bonus",
        "earner": "distributor",
        "event": "order_paid",
        "basis": "amount",
        "rate": "1",
        "scope": {},
        "valid_from": "2026-01-01",
    }
    return (await world.do("supplier", "POST", "/incentives/rules", body))["id"]


@foreign("redemption_id")
async def _redemption(world: World) -> Any:
    await world.id("rule_id")
    await world.ordered()
    await settle(world.app)
    body = {"supplier_id": str(world.supplier.organization_id), "points": 1}
    return (await world.do("distributor", "POST", "/incentives/redemptions", body))["id"]


@foreign("employee_id")
async def _employee(world: World) -> Any:
    return (await world.do("supplier", "POST", "/employees", {"number": "A001", "name": "王小明"}))["id"]


@foreign("file_id")
async def _file(world: World) -> Any:
    file = {"file": ("employees.csv", "工号,姓名\r\nA002,李晓雨\r\n".encode())}
    answer = await world.client.post("/api/v1/files", files=file, headers=world.supplier.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@foreign("job_id")
async def _job(world: World) -> Any:
    body = {"file_id": await world.id("file_id"), "mode": "valid_only"}
    return (await world.do("supplier", "POST", "/employees/imports", body))["id"]
