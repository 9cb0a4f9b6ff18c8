"""People of one organization with their roles, through the API where it is what a test is about."""

from typing import Any

import httpx
from fastapi import FastAPI

from distro_api.identity.models import Kind
from make import identity
from make.store import Person


async def owner(app: FastAPI, client: httpx.AsyncClient, kind: Kind = Kind.SUPPLIER) -> Person:
    """The owner of a new organization."""
    return Person(client, await identity.organization(app, kind))


async def colleague(app: FastAPI, of: Person, *roles: str, scope: str = "") -> Person:
    """Somebody else of the same organization, with built-in roles by name and custom ones by id."""
    return Person(of.client, await identity.colleague(app, of.signed, *roles, scope=scope))


async def role(who: Person, *permissions: str, name: str = "检票员") -> dict[str, Any]:
    """A custom role."""
    made: dict[str, Any] = await who.post("/roles", {"name": name, "permissions": list(permissions)})
    return made


async def built_in(who: Person) -> dict[str, str]:
    """The ids of the organization's built-in roles by name."""
    return {row["built_in"]: row["id"] for row in (await who.get("/roles", built_in="true"))["items"]}


async def may(who: Person) -> set[str]:
    """What /me says that the session may do."""
    return set((await who.get("/me"))["permissions"])


async def hire(who: Person, *role_ids: str, username: str = "gate-1", **more: Any) -> dict[str, Any]:
    """Somebody's account, whose one-time password is shown."""
    body = {"username": username, "name": "赵晓舟", "role_ids": list(role_ids), "deliver": "shown"}
    made: dict[str, Any] = await who.post("/users", body | more)
    return made
