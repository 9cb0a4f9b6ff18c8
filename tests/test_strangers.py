"""Every route of the OpenAPI document, asked by everybody who has no business there.

Generated: a new route is covered when it exists. What the walk saw is counted against the document and against the
application's own routes, so that it cannot pass by seeing nothing.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from distro_api.identity.models import Kind
from distro_api.identity.permissions import PERMISSIONS
from distro_api.identity.service.tokens import Claims
from make import identity
from strangers import BODIES, FOREIGN, OUTSIDE, PERSONAL, PLAIN, PUBLIC, SHARED, World, sample, world

API = "/api/v1"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
KEY = {"Idempotency-Key": "a key is no credential"}
KINDS = (Kind.SUPPLIER, Kind.DISTRIBUTOR, Kind.ADMIN, Kind.CUSTOMER)


@dataclass(frozen=True)
class Operation:
    """One method of one path, as OpenAPI tells it."""

    method: str
    path: str
    spec: dict[str, Any]
    components: dict[str, Any]

    @property
    def permissions(self) -> list[str]:
        return [scope for item in self.spec.get("security", ()) for scopes in item.values() for scope in scopes]

    @property
    def ids(self) -> list[str]:
        """The path parameters that name somebody's object."""
        return [p["name"] for p in self.spec.get("parameters", ()) if p["in"] == "path" and p["name"] not in PLAIN]

    @property
    def kinds(self) -> frozenset[Kind]:
        """Who may call it."""
        return frozenset.intersection(*(PERMISSIONS[name].kinds for name in self.permissions))

    def url(self, values: dict[str, str]) -> str:
        return self.path.format(**PLAIN, **{name: values.get(name, str(uuid4())) for name in self.ids})

    def request(self) -> dict[str, Any]:
        """Query and body that are valid, so that nothing but the caller and the id can be refused."""
        required = [p for p in self.spec.get("parameters", ()) if p["in"] == "query" and p.get("required")]
        arguments: dict[str, Any] = {"params": {p["name"]: sample(p["schema"], self.components) for p in required}}
        content = self.spec.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            schema = content["application/json"]["schema"]
            arguments["json"] = BODIES.get(self.spec["operationId"]) or sample(schema, self.components)
        return arguments

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@pytest.fixture(scope="module")
def operations(app: FastAPI) -> list[Operation]:
    document = app.openapi()
    return [
        Operation(method.upper(), path, spec, document["components"]["schemas"])
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    ]


@pytest.fixture(scope="module")
def guarded(operations: list[Operation]) -> list[Operation]:
    """Every operation that asks who calls."""
    return [operation for operation in operations if (operation.method, operation.path) not in PUBLIC]


def token(
    app: FastAPI, kind: Kind, scope: str = "", *, password_change_required: bool = False, **more: bool
) -> dict[str, str]:
    """Somebody's valid token: whoever lacks a permission is refused before anything is looked up."""
    now = int(time.time())
    who = (uuid4(), uuid4(), kind, ("owner",), uuid4(), 1)
    claims = Claims(*who, scope, password_change_required, now, now + 900, **more)
    return {"Authorization": f"Bearer {app.state.tokens.issue(claims)}"}


def scopes_of(dependant: Dependant) -> Iterator[str]:
    for part in dependant.dependencies:
        yield from part.own_oauth_scopes or ()
        yield from scopes_of(part)


def routes_of(app: FastAPI) -> dict[tuple[str, str], list[str]]:
    """Every route of the API as the application has it, with the permissions it asks for."""
    found: dict[tuple[str, str], list[str]] = {}
    for context in iter_route_contexts(app.routes):
        if not str(context.path).startswith(API):
            assert context.path in OUTSIDE, f"{context.path} is neither in the API nor known to be outside"
            continue
        dependant = getattr(context, "dependant", None)
        assert isinstance(dependant, Dependant), context.path
        for method in (context.methods or set()) - {"HEAD"}:
            found[method, str(context.path)] = sorted(scopes_of(dependant))
    return found


def test_the_document_tells_of_every_route_and_every_route_names_somebody(
    app: FastAPI, operations: list[Operation]
) -> None:
    told = {(operation.method, operation.path): operation for operation in operations}
    there = routes_of(app)
    assert len(there) > 40
    assert there.keys() == told.keys()
    assert told.keys() >= PUBLIC
    for key, operation in told.items():
        assert there[key] == sorted(operation.permissions), operation
        assert (key in PUBLIC) == (not operation.permissions), f"{operation} names nobody who may call it"
        assert set(operation.permissions) <= PERMISSIONS.keys(), operation
        assert operation.method in METHODS
    names = [operation.spec["operationId"] for operation in operations]
    assert len(names) == len(set(names))


async def test_without_a_token(client: httpx.AsyncClient, guarded: list[Operation]) -> None:
    wrong = []
    for operation in guarded:
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
            answer = await client.request(operation.method, operation.url({}), headers=headers | KEY)
            if (answer.status_code, answer.json().get("code")) != (401, "not_authenticated"):
                wrong.append(f"{operation}: {answer.status_code}")
    assert guarded
    assert not wrong


async def test_without_the_permission(client: httpx.AsyncClient, app: FastAPI, guarded: list[Operation]) -> None:
    """Other kinds of organizations, customers, and the right kind with everything but this permission."""
    wrong, asked = [], 0
    for operation in guarded:
        everything_else = " ".join(sorted(PERMISSIONS.keys() - set(operation.permissions)))
        callers = [token(app, kind) for kind in KINDS if kind not in operation.kinds]
        callers += [token(app, kind, everything_else) for kind in operation.kinds]
        assert len(callers) == len(KINDS)
        for headers in callers:
            answer = await client.request(operation.method, operation.url({}), headers=headers | KEY)
            asked += 1
            if (answer.status_code, answer.json().get("code")) != (403, "permission_denied"):
                wrong.append(f"{operation}: {answer.status_code}")
    assert asked == len(guarded) * len(KINDS) > 0
    assert not wrong


@pytest.mark.capability("I4")
async def test_with_an_issued_password_not_yet_changed(
    client: httpx.AsyncClient, app: FastAPI, guarded: list[Operation]
) -> None:
    wrong, let_in = [], 0
    for operation in guarded:
        for kind in operation.kinds:
            headers = token(app, kind, password_change_required=True)
            answer = await client.request(operation.method, operation.url({}), headers=headers | KEY)
            if operation.path == f"{API}/me/password":
                let_in += answer.status_code == 422  # no body was sent
            elif (answer.status_code, answer.json().get("code")) != (403, "password_change_required"):
                wrong.append(f"{operation}: {answer.status_code}")
    assert let_in == 3
    assert not wrong


@pytest.mark.capability("I16")
async def test_without_a_second_factor_that_the_organization_demands(
    client: httpx.AsyncClient, app: FastAPI, guarded: list[Operation]
) -> None:
    wrong, let_in = [], set()
    for operation in guarded:
        for kind in operation.kinds:
            headers = token(app, kind, second_factor_missing=True)
            answer = await client.request(operation.method, operation.url({}), headers=headers | KEY)
            if operation.permissions in (["me:second_factor"], ["me:password"]):
                let_in.add(operation.path)
                assert answer.status_code in (404, 422), operation  # nobody is behind the token
            elif (answer.status_code, answer.json().get("code")) != (403, "second_factor_enrolment_required"):
                wrong.append(f"{operation}: {answer.status_code}")
    assert {path.removeprefix(API) for path in let_in} == {
        "/me/password",
        "/me/second-factor",
        "/me/second-factor/confirm",
        "/me/second-factor/recovery-codes",
        "/me/second-factor/disable",
    }
    assert not wrong


async def test_with_an_id_that_is_nobody_s_or_another_s(
    client: httpx.AsyncClient, app: FastAPI, guarded: list[Operation]
) -> None:
    """Who holds the permission is told 404 for what is not theirs, the same as for what does not exist."""
    known = FOREIGN.keys() | SHARED.keys()
    with_ids = [operation for operation in guarded if operation.ids]
    used = {name for operation in with_ids for name in operation.ids}
    assert used <= known, f"no factory in tests/strangers.py for {sorted(used - known)}"
    assert known <= used, f"nothing uses {sorted(known - used)}"
    assert not FOREIGN.keys() & SHARED.keys()

    owners = await world(app, client)
    theirs = {name: await owners.id(name) for name in FOREIGN}
    strangers = {
        Kind.SUPPLIER: await identity.supplier(app),
        Kind.DISTRIBUTOR: await identity.distributor(app),
        Kind.ADMIN: await identity.admin(app),
    }
    wrong: list[str] = []
    asked: set[str] = set()
    for operation in with_ids:
        for kind in operation.kinds:
            sees_all = kind is Kind.ADMIN and not PERSONAL & set(operation.ids)
            ids = [{}] if sees_all or SHARED.keys() & set(operation.ids) else [{}, theirs]
            for values in ids:
                headers = strangers[kind].headers | {"Idempotency-Key": str(uuid4())}
                answer = await client.request(
                    operation.method, operation.url(values), headers=headers, **operation.request()
                )
                asked.add(str(operation))
                if (answer.status_code, answer.json().get("code")) != (404, "not_found"):
                    whose = "another's" if values else "nobody's"
                    wrong.append(f"{operation} by {kind} for {whose} id: {answer.status_code} {answer.text[:300]}")
    assert len(asked) == len(with_ids) > 0
    assert not wrong, "\n".join(wrong)
    await _the_owners_are_served(owners, with_ids, theirs)


async def _the_owners_are_served(owners: World, with_ids: list[Operation], theirs: dict[str, str]) -> None:
    """Otherwise the factories made nothing, and 404 showed nothing.

    Reads show most ids; for what cannot be read one by one, any answer to its owner but 404 will do.
    """
    whose = {Kind.SUPPLIER: owners.supplier, Kind.DISTRIBUTOR: owners.distributor, Kind.ADMIN: owners.admin}

    async def served(operation: Operation) -> bool:
        statuses = set()
        for kind in operation.kinds:
            headers = whose[kind].headers | {"Idempotency-Key": str(uuid4())}
            answer = await owners.client.request(
                operation.method, operation.url(theirs), headers=headers, **operation.request()
            )
            statuses.add(answer.status_code)
        return 200 in statuses if operation.method == "GET" else bool(statuses - {404})

    private = [operation for operation in with_ids if not SHARED.keys() & set(operation.ids)]
    shown: set[str] = set()
    for operation in private:
        if operation.method == "GET":
            assert await served(operation), f"{operation}: no owner sees {theirs}"
            shown |= set(operation.ids)
    for operation in private:
        if set(operation.ids) - shown:
            assert await served(operation), f"{operation}: no owner finds {theirs}"
            shown |= set(operation.ids)
    assert shown == FOREIGN.keys()


def test_the_walk_sees_a_route_that_names_nobody() -> None:
    """The test of the test: nested, hidden from the document, and open to everybody."""
    bare = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    outer, inner = APIRouter(prefix=API), APIRouter(prefix="/things")

    @inner.get("/open", include_in_schema=False)
    async def everybody() -> None: ...

    outer.include_router(inner)
    bare.include_router(outer)
    assert routes_of(bare) == {("GET", f"{API}/things/open"): []}
