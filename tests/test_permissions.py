"""`docs/permissions.md` is what happens: every route, called as every built-in role of every kind of organization."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from distro_api.core import clock
from distro_api.identity.models import BuiltIn, Kind
from distro_api.identity.permissions import BUILT_IN, PERMISSIONS, TITLES, for_keys, of_kind
from distro_api.identity.service.tokens import Claims
from distro_api.openapi.matrix import permissions_text
from make import identity
from make.keys import make_key, program
from make.store import Person
from strangers import PLAIN

pytestmark = [pytest.mark.capability("I8"), pytest.mark.timeout(300)]
DOCUMENT = Path(__file__).parents[1] / "docs/permissions.md"
KINDS = (Kind.SUPPLIER, Kind.DISTRIBUTOR, Kind.ADMIN)


@dataclass(frozen=True)
class Route:
    """A line of the document."""

    method: str
    path: str
    permission: str
    callers: dict[Kind, set[str]]
    keyed: bool

    @property
    def url(self) -> str:
        return self.path.format_map(_Values(PLAIN))


class _Values(dict[str, str]):
    """Some id for every path parameter that is one."""

    def __missing__(self, name: str) -> str:
        return str(uuid4())


def cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


def routes() -> Iterator[Route]:
    for line in DOCUMENT.read_text().partition("\n## Routes\n")[2].strip().splitlines()[2:]:
        route, permission, *callers, keyed = cells(line)
        method, path = route.split()
        told = {kind: set(names.split(", ")) - {""} for kind, names in zip(KINDS, callers, strict=True)}
        yield Route(method, path, permission, told, bool(keyed))


def test_the_document_is_the_applications(app: FastAPI) -> None:
    assert DOCUMENT.read_text() == permissions_text(app.openapi()), "run `make openapi`"


def test_every_route_is_told(app: FastAPI) -> None:
    told = [(route.method.lower(), route.path) for route in routes()]
    there = [(method, path) for path, methods in app.openapi()["paths"].items() for method in methods]
    assert len(told) == len(set(told)) > 100
    assert set(told) == set(there)


def token(app: FastAPI, kind: Kind, role: str) -> dict[str, str]:
    """Somebody with one built-in role, of an organization that nobody knows."""
    now = int(time.time())
    claims = Claims(clock.new_id(), clock.new_id(), kind, (role,), clock.new_id(), 1, "", False, now, now + 900)
    return {"Authorization": f"Bearer {app.state.tokens.issue(claims)}"}


async def test_every_route_lets_in_whom_the_document_says(client: httpx.AsyncClient, app: FastAPI) -> None:
    wrong, asked = [], 0
    guarded = [route for route in routes() if route.permission != "everybody"]
    for kind in KINDS:
        for role in BUILT_IN[kind]:
            headers = token(app, kind, role)
            for route in guarded:
                answer = await client.request(route.method, route.url, headers=headers)
                refused = answer.status_code == 403 and answer.json()["code"] == "permission_denied"
                asked += 1
                if refused == (role in route.callers[kind]) or answer.status_code == 401:
                    wrong.append(f"{route.method} {route.path} as {kind} {role}: {answer.status_code}")
    assert asked == len(guarded) * sum(len(BUILT_IN[kind]) for kind in KINDS)
    assert not wrong, "\n".join(wrong)


@pytest.mark.capability("I13")
async def test_every_route_takes_api_keys_where_the_document_says(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Keys with every scope that a key may have."""
    wrong = []
    for kind in KINDS:
        owner = Person(client, await identity.organization(app, kind))
        robot = program(owner, await make_key(owner, *sorted(for_keys(of_kind(kind)))))
        for route in routes():
            if route.permission != "everybody":
                answer = await client.request(route.method, route.url, headers=robot.signed.headers)
                refused = answer.status_code == 403 and answer.json()["code"] == "permission_denied"
                if refused == (route.keyed and kind in PERMISSIONS[route.permission].kinds):
                    wrong.append(f"{route.method} {route.path} by a key of {kind}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_every_table_of_a_kind_says_what_its_roles_hold() -> None:
    text = DOCUMENT.read_text()
    for kind, title in zip(KINDS, ("Suppliers", "Distributors", "The platform"), strict=True):
        head, _, *rows = text.partition(f"\n## {title}\n\n")[2].partition("\n\n")[0].splitlines()
        roles = [BuiltIn(cell.split()[0]) for cell in cells(head)[3:-1]]
        assert roles == list(BUILT_IN[kind])
        assert [cells(row)[0] for row in rows] == [name for name in PERMISSIONS if name in of_kind(kind)]
        for row in rows:
            name, _, _, *held, keyed = cells(row)
            assert [bool(mark) for mark in held] == [name in BUILT_IN[kind][role] for role in roles], name
            assert bool(keyed) == (name in for_keys([name])), name


def test_built_in_roles_are_sound() -> None:
    for kind in KINDS:
        assert BUILT_IN[kind][BuiltIn.OWNER] == of_kind(kind)
        for role, names in BUILT_IN[kind].items():
            assert names <= of_kind(kind), f"{kind} {role}"
            if role is not BuiltIn.OWNER:
                assert names < of_kind(kind)
                assert not names & {"users:manage", "roles:manage", "api_keys:manage", "organizations:manage"}
    assert all(
        name in {"me", "me:password", "me:second_factor", "files:use"} or name.endswith(":read")
        for kind in (Kind.SUPPLIER, Kind.DISTRIBUTOR)
        for name in BUILT_IN[kind][BuiltIn.VIEWER]
    )
    assert TITLES.keys() == set(BuiltIn)
    assert not BUILT_IN[Kind.CUSTOMER]
