"""What the stranger test asks of the rooms: who may call without a token, and another tenant's object for every id.

A room adds a factory for each new id in its paths (`@foreign("thing_id")`), and a body in `BODIES` where the schema
alone does not say what a valid one looks like.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from make import identity
from make.identity import Signed
from make.products import on_sale
from make.relations import relation

PUBLIC = {
    ("POST", "/api/v1/auth/token"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/logout"),
}
"""Where one has no access token yet, or brings a refresh token instead."""

OUTSIDE = {"/openapi.json", "/docs", "/docs/assets", "/docs/oauth2-redirect", "/health/live", "/health/ready"}
"""Routes that belong to the process, not to the API."""

SHARED = {
    "category_id": "one list of categories for the whole platform",
    "brand_id": "one list of brands for the whole platform",
}
"""Ids of what everybody with the permission may see: only unknown ones are not found."""

PERSONAL = {"session_id"}
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


@foreign("session_id")
async def _session(world: World) -> Any:
    listed = await world.client.get("/api/v1/me/sessions", headers=world.supplier.headers)
    return listed.json()["items"][0]["id"]


@foreign("product_id")
async def _product(world: World) -> Any:
    made = await on_sale(world.client, world.supplier, world.admin)
    world.made["sku_id"] = made["skus"][0]["id"]
    return made["id"]


@foreign("sku_id")
async def _sku(world: World) -> Any:
    await world.id("product_id")
    return world.made["sku_id"]


@foreign("relation_id")
async def _relation(world: World) -> Any:
    made = await relation(world.client, world.supplier, world.distributor)
    line = {"sku_id": await world.id("sku_id"), "settlement_price": 100}
    path = f"/api/v1/supply-relations/{made['id']}/product-authorizations"
    answer = await world.client.post(path, json={"lines": [line]}, headers=world.supplier.headers)
    assert answer.json()["lines"][0]["result"] == "created"
    return made["id"]


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
