"""API keys of an organization, and a program that brings one."""

from dataclasses import replace
from typing import Any

import httpx
from fastapi import FastAPI

from make.store import Person


async def make_key(who: Person, *scopes: str, **more: Any) -> dict[str, Any]:
    """A key with its secret."""
    made: dict[str, Any] = await who.post("/api-keys", {"name": "官网商城", "scopes": list(scopes)} | more)
    return made


def program(who: Person, key: dict[str, Any], client: httpx.AsyncClient | None = None) -> Person:
    """Whatever brings the key's secret."""
    return Person(client or who.client, replace(who.signed, access_token=key["secret"]))


def from_address(app: FastAPI, address: str) -> httpx.AsyncClient:
    """HTTP to the application from elsewhere."""
    transport = httpx.ASGITransport(app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://test")
