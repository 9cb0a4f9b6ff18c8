"""What no route lets in, asked of every route: unknown parameters, bodies of another kind, too large, too many, cut off.

Generated from the OpenAPI document: a new route is covered when it exists.
"""

import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from distro_api.core.admission import MAX_BODY_BYTES, MAX_SMALL_BODY_BYTES, MAX_VALUES, ApiRoute
from distro_api.core.http import MAX_ERRORS_TOLD
from distro_api.identity.models import Kind
from make import identity
from strangers import BODIES, sample
from test_strangers import API, Operation

pytestmark = pytest.mark.capability("K4")
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Callers = dict[Kind, identity.Signed]


@pytest.fixture
async def callers(app: FastAPI, client: httpx.AsyncClient) -> Callers:
    return {
        Kind.SUPPLIER: await identity.supplier(app),
        Kind.DISTRIBUTOR: await identity.distributor(app),
        Kind.ADMIN: await identity.admin(app),
    }


@pytest.fixture(scope="module")
def operations(app: FastAPI) -> list[Operation]:
    document = app.openapi()
    found = [
        Operation(method.upper(), path, spec, document["components"]["schemas"])
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    ]
    assert len(found) > 90
    return found


@pytest.fixture(scope="module")
def writing(operations: list[Operation]) -> list[Operation]:
    return [operation for operation in operations if operation.method != "GET"]


def headers_for(operation: Operation, callers: Callers) -> dict[str, str]:
    """Of somebody who may call it."""
    if not operation.permissions:
        return {}
    kind = min(operation.kinds & callers.keys())
    return callers[kind].headers | ({"Idempotency-Key": str(uuid4())} if operation.method == "POST" else {})


def content(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = operation.spec.get("requestBody", {}).get("content", {})
    return found


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_every_route_is_of_the_class_that_admits(app: FastAPI, operations: list[Operation]) -> None:
    admitting = {
        (method, route.path) for route in app.routes if isinstance(route, ApiRoute) for method in route.methods or ()
    }
    assert admitting == {(operation.method, operation.path) for operation in operations}


async def test_a_parameter_that_is_unknown_or_repeated_is_named(
    client: httpx.AsyncClient, callers: Callers, operations: list[Operation]
) -> None:
    wrong, repeated = [], 0
    for operation in operations:
        single = [
            p["name"]
            for p in operation.spec.get("parameters", ())
            if p["in"] == "query" and "items" not in str(p["schema"])
        ]
        for name, query in [("staus", {"staus": "closed"}), *((name, {name: ["1", "1"]}) for name in single)]:
            answer = await client.request(
                operation.method, operation.url({}), params=query, headers=headers_for(operation, callers)
            )
            told = [(item["loc"], item["code"]) for item in answer.json().get("errors", ())]
            expected = "extra_forbidden" if name == "staus" else "repeated"
            repeated += expected == "repeated"
            if answer.status_code != 422 or (["query", name], expected) not in told:
                wrong.append(f"{operation} ?{query}: {answer.text[:200]}")
            stranger = await client.request(operation.method, operation.url({}), params=query)
            assert (stranger.status_code == 401) == bool(operation.permissions), operation
    assert not wrong, "\n".join(wrong)
    assert repeated > 100


async def test_a_body_is_json_or_nothing(client: httpx.AsyncClient, callers: Callers, writing: list[Operation]) -> None:
    """One rule for all: the content type is told, what is no JSON is not taken, and no field is ignored."""
    wrong: list[str] = []
    seen = {"json": 0, "none": 0, "form": 0}

    async def expect(operation: Operation, body: bytes, headers: dict[str, str], *expected: tuple[int, str]) -> None:
        answer = await client.request(
            operation.method, operation.url({}), content=body, headers=headers_for(operation, callers) | headers
        )
        if code_of(answer) not in expected:
            wrong.append(f"{operation} {body[:40]!r} {headers}: {answer.status_code} {answer.text[:200]}")

    another, malformed, unfit = (415, "unsupported_media_type"), (400, "malformed_json"), (422, "validation_failed")
    for operation in writing:
        kinds = content(operation).keys()
        if "multipart/form-data" in kinds:
            continue  # the files' own tests
        await expect(operation, b"{}", {"Content-Type": "text/plain"}, another)
        await expect(operation, b"{}", {}, another)
        if "application/json" in kinds or not kinds:
            seen["json" if kinds else "none"] += 1
            await expect(operation, b"{bad", JSON, malformed)
            await expect(operation, b"\xff\xfe", JSON, malformed, unfit)
            await expect(operation, b"[" * 10_000, JSON, malformed)
            await expect(operation, b'{"no_such_field": 1}', JSON, unfit)
            await expect(operation, b"[1]", JSON, unfit)
            if "required" in operation.spec.get("requestBody", {}):
                await expect(operation, b"", {}, unfit)
        else:
            seen["form"] += 1
            await expect(operation, b"{}", JSON, another)
            await expect(operation, b"--x\r\nbroken", {"Content-Type": "multipart/form-data; boundary=x"}, another)
            await expect(operation, b"&".join(b"a%d=1" % n for n in range(1500)), FORM, unfit)
    assert not wrong, "\n".join(wrong)
    assert seen["json"] > 30 and seen["none"] > 10 and seen["form"] == 1


async def test_an_empty_object_is_no_body(client: httpx.AsyncClient, callers: Callers) -> None:
    for body in (b"{}", b" ", b""):
        answer = await client.delete(f"{API}/me/sessions", headers=callers[Kind.ADMIN].headers | JSON)
        assert answer.status_code in (204, 401), body


async def test_a_body_that_is_too_large_is_413_and_told(
    app: FastAPI, client: httpx.AsyncClient, callers: Callers, writing: list[Operation]
) -> None:
    """Its length told beforehand or not, with a key or without."""
    wrong = []
    document = app.openapi()
    for operation in writing:
        if "multipart/form-data" in content(operation):
            continue
        form = "application/x-www-form-urlencoded" in content(operation)
        large = content(operation) and operation.permissions
        size = (MAX_BODY_BYTES if large else MAX_SMALL_BODY_BYTES) + 1

        async def pieces(size: int = size) -> AsyncIterator[bytes]:
            for start in range(0, size, 65536):
                yield b"a" * min(65536, size - start)

        told = operation.spec["responses"]["413"]
        assert told == {"$ref": "#/components/responses/BodyTooLarge"}, operation
        for body in (b"a" * size, pieces()):
            for key in ({}, {"Idempotency-Key": str(uuid4())}):
                headers = headers_for(operation, callers) | (FORM if form else JSON)
                headers.pop("Idempotency-Key", None)
                answer = await client.request(operation.method, operation.url({}), content=body, headers=headers | key)
                if code_of(answer) != (413, "body_too_large"):
                    wrong.append(f"{operation} {key}: {answer.status_code} {answer.text[:200]}")
                if not isinstance(body, bytes):
                    body = pieces()
    assert "BodyTooLarge" in document["components"]["responses"]
    assert not wrong, "\n".join(wrong)


async def test_a_read_reads_no_body(client: httpx.AsyncClient, callers: Callers) -> None:
    answer = await client.request(
        "GET", f"{API}/me", content=b"a" * (MAX_BODY_BYTES + 1), headers=callers[Kind.SUPPLIER].headers
    )
    assert answer.status_code == 200


async def test_whoever_is_not_signed_in_cannot_make_work(client: httpx.AsyncClient) -> None:
    """150,000 unknown fields took six seconds to be told one by one."""
    many = json.dumps({f"a{n}": 1 for n in range(150_000)}).encode()
    before = time.process_time()
    answer = await client.post(f"{API}/auth/login", content=many, headers=JSON)
    assert code_of(answer) == (413, "body_too_large")
    most = json.dumps({f"a{n}": 1 for n in range(1200)}).encode()
    answer = await client.post(f"{API}/auth/login", content=most, headers=JSON)
    assert answer.status_code == 422
    assert time.process_time() - before < 1
    told = answer.json()
    assert len(told["errors"]) == MAX_ERRORS_TOLD
    assert told["errors_left_out"] == 1200 + 2 - MAX_ERRORS_TOLD  # username and password are missing
    assert len(answer.content) < 10_000


async def test_errors_are_told_within_bounds(client: httpx.AsyncClient, callers: Callers) -> None:
    headers = callers[Kind.SUPPLIER].headers | JSON
    too_many = json.dumps({f"a{n}": 1 for n in range(MAX_VALUES + 1)}).encode()
    for path in ("/products", "/orders"):
        who = callers[Kind.DISTRIBUTOR].headers | JSON | {"Idempotency-Key": "many"} if path == "/orders" else headers
        answer = await client.post(f"{API}{path}", content=too_many, headers=who)
        assert [item["code"] for item in answer.json()["errors"]] == ["too_many_values"]
        long_name = await client.post(f"{API}{path}", json={"a" * 1_000_000: 1}, headers=who)
        assert long_name.status_code == 422 and len(long_name.content) < 10_000
    few = await client.post(f"{API}/products", json={"a": 1}, headers=headers)
    assert "errors_left_out" not in few.json()


def strings(schema: dict[str, Any], components: dict[str, Any], depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The path of every string in a body, lists as `0`."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    if depth > 6:
        return
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from strings(option, components, depth + 1)
    if schema.get("type") == "string":
        yield ()
    if schema.get("type") == "array":
        yield from (("0", *rest) for rest in strings(schema["items"], components, depth + 1))
    for name, part in schema.get("properties", {}).items():
        yield from ((name, *rest) for rest in strings(part, components, depth + 1))
    if isinstance(extra := schema.get("additionalProperties"), dict):
        yield from (("a", *rest) for rest in strings(extra, components, depth + 1))


def put(body: Any, path: tuple[str, ...], value: str) -> Any:
    """`body` with `value` at `path`; what is missing on the way is made."""
    if not path:
        return value
    name, rest = path[0], path[1:]
    if name == "0":
        first = body[0] if isinstance(body, list) and body else None
        return [put(first, rest, value)]
    there = body if isinstance(body, dict) else {}
    return there | {name: put(there.get(name), rest, value)}


@pytest.mark.parametrize("text", ["\ud800", "a\udfffbcdefgh-1", "\x00", "Abc-12345\x00"])
async def test_half_a_character_and_the_null_byte_are_refused_in_every_text(
    client: httpx.AsyncClient, callers: Callers, writing: list[Operation], text: str
) -> None:
    wrong, asked, secrets = [], 0, 0
    for operation in writing:
        for kind, form in content(operation).items():
            if kind == "multipart/form-data":
                continue
            schema = form["schema"]
            try:
                whole = BODIES.get(operation.spec["operationId"]) or sample(schema, operation.components)
            except LookupError:
                whole = {}
            for path in dict.fromkeys(strings(schema, operation.components)):
                body = put(whole, path, text)
                asked += 1
                headers = headers_for(operation, callers)
                if kind == "application/json":
                    sent = {"content": json.dumps(body).encode(), "headers": headers | JSON}
                else:
                    sent = {
                        "data": {k: v.encode("utf-8", "surrogatepass") for k, v in body.items()},
                        "headers": headers,
                    }
                answer = await client.request(operation.method, operation.url({}), **sent)
                secrets += "password" in path[-1] or "token" in path[-1]
                half = "\x00" not in text and kind == "application/json"
                if answer.status_code >= 500 or (half and answer.status_code not in (400, 422)):
                    wrong.append(f"{operation} {path}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert asked > 100 and secrets > 6


@pytest.mark.parametrize(
    "path, headers",
    [
        ("/orders", {"Idempotency-Key": "cut"}),
        ("/quotes", {}),
        ("/quotes", {"Idempotency-Key": "cut"}),
        ("/auth/token", FORM),
        ("/auth/login", {}),
    ],
)
async def test_a_client_that_leaves_is_no_error_of_ours(
    app: FastAPI, callers: Callers, path: str, headers: dict[str, str]
) -> None:
    arrived = iter([{"type": "http.request", "body": b'{"a', "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(arrived)

    async def send(message: Any) -> None: ...

    sent = callers[Kind.DISTRIBUTOR].headers | JSON | headers | {"Content-Length": "100"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{API}{path}",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
    }
    with capture_logs() as logged:
        await app(scope, receive, send)
    assert [entry for entry in logged if entry["log_level"] not in ("debug", "info")] == []
    assert not any("exc_info" in entry for entry in logged)


async def test_a_method_that_a_path_does_not_take(client: httpx.AsyncClient, operations: list[Operation]) -> None:
    by_path: dict[str, set[str]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, set()).add(operation.method)
    for path, methods in by_path.items():
        url = next(o for o in operations if o.path == path).url({})
        answer = await client.request("TRACE", url)
        assert code_of(answer) == (405, "method_not_allowed")
        assert set(answer.headers["Allow"].split(", ")) >= methods, path
    answer = await client.request("PUT", f"{API}/orders")
    assert answer.headers["Allow"] == "GET, POST"


async def test_a_slash_too_many_is_another_path(client: httpx.AsyncClient, callers: Callers) -> None:
    """A redirect would lead to whatever host the request names."""
    for path in ("/orders/", "/me/", "/auth/login/"):
        answer = await client.get(f"{API}{path}", headers=callers[Kind.SUPPLIER].headers | {"Host": "evil.example"})
        assert code_of(answer) == (404, "route_not_found")
