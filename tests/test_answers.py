"""What every answer carries, asked of every operation: Location where something was made, ETag where a version shows,
the same again in a replay; and lists that take whatever is searched for, or a cursor of anybody's making.

Generated from the OpenAPI document, with the recipes of tests/trail.py.
"""

import base64
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from jsonschema_rs import validator_for
from structlog.testing import capture_logs

from distro_api.core.admission import ApiRoute
from distro_api.core.lane_route import LaneRoute
from distro_api.identity.models import Kind
from strangers import FOREIGN, World, world
from test_strangers import API, Operation
from test_trail import called, state_changing

pytestmark = [pytest.mark.capability("K4"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def reads(app: FastAPI) -> list[Operation]:
    document = app.openapi()
    return [
        Operation("GET", path, methods["get"], document["components"]["schemas"])
        for path, methods in document["paths"].items()
        if "get" in methods
    ]


def by_lane(app: FastAPI) -> set[str]:
    """Operations whose answers a lane makes."""
    return {
        route.name
        for route in app.routes
        if isinstance(route, LaneRoute) and getattr(route.endpoint, "handles_keys_itself", False)
    }


def has_version(answer: httpx.Response) -> bool:
    return answer.content.startswith(b"{") and isinstance(answer.json().get("version"), int)


async def test_what_is_made_has_a_place_and_what_has_a_version_has_an_etag(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    owners = await world(app, client)
    lanes = by_lane(app)
    wrong: list[str] = []
    seen = {"made": 0, "versions": 0, "replays": 0}
    for operation in state_changing(app):
        name = operation.spec["operationId"]
        for answer in await called(owners, operation, f"answers-{uuid4()}"):
            if not answer.is_success:
                continue
            location, tag = answer.headers.get("Location"), answer.headers.get("ETag")
            if answer.status_code == 201:
                seen["made"] += 1
                if location is None or not await _leads_somewhere(owners, operation, answer.request, location):
                    wrong.append(f"{operation}: 201 with Location {location}")
            if has_version(answer) and name not in lanes:
                seen["versions"] += 1
                if tag is None or not tag.startswith(f'"{answer.json()["version"]}'):
                    wrong.append(f"{operation}: version {answer.json()['version']} with ETag {tag}")
            if operation.method == "POST" and "Idempotency-Key" in answer.request.headers and operation.permissions:
                again = await client.send(answer.request)
                if again.headers.get("Idempotency-Replayed") != "true":
                    continue  # signed out by what was done, or a file whose content was streamed
                seen["replays"] += 1
                if again.content and not _as_told(app, operation, again):
                    wrong.append(f"{operation}: a replay that does not fit its schema, {again.text[:200]}")
                if (again.headers.get("Location"), again.headers.get("ETag")) != (location, tag) and name not in lanes:
                    wrong.append(f"{operation}: replayed with {dict(again.headers)}")
    assert not wrong, "\n".join(wrong)
    assert seen["made"] > 10 and seen["versions"] > 20 and seen["replays"] > 20, seen


def _as_told(app: FastAPI, operation: Operation, answer: httpx.Response) -> bool:
    document = app.openapi()
    told = operation.spec["responses"][str(answer.status_code)]
    if "$ref" in told:
        told = document["components"]["responses"][told["$ref"].rpartition("/")[2]]
    schema = next(iter(told["content"].values()))["schema"]
    return validator_for(schema | {"components": document["components"]}).is_valid(answer.json())


def test_what_is_shown_once_may_be_null(app: FastAPI) -> None:
    document = app.openapi()
    seen = 0
    for route in app.routes:
        for field in getattr(getattr(route, "endpoint", None), "secret_fields", ()):
            assert isinstance(route, ApiRoute)
            told = document["paths"][route.path]["post"]["responses"][str(route.status_code or 200)]
            name = told["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            shown = document["components"]["schemas"][name]["properties"][field]
            assert {"type": "null"} in shown["anyOf"], f"{route.path} {field}"
            seen += 1
    assert seen >= 5
    assert document["components"]["schemas"]["TokensOut"]["properties"]["access_token"]["type"] == "string"


async def _leads_somewhere(owners: World, operation: Operation, request: httpx.Request, location: str) -> bool:
    """To whom it was made by; what anybody may make, to the platform."""
    caller = {"Authorization": request.headers["Authorization"]} if operation.permissions else owners.admin.headers
    return (await owners.client.get(location, headers=caller)).status_code == 200


async def test_every_read_of_a_version_has_its_etag(
    app: FastAPI, client: httpx.AsyncClient, reads: list[Operation]
) -> None:
    owners = await world(app, client)
    ids = {name: await owners.id(name) for name in FOREIGN}
    wrong, seen = [], 0
    for operation in reads:
        for kind in operation.kinds & {Kind.SUPPLIER, Kind.DISTRIBUTOR, Kind.ADMIN} if operation.permissions else ():
            answer = await client.get(operation.url(ids), headers=getattr(owners, kind).headers, **operation.request())
            if answer.is_success and "items" not in answer.text[:10] and has_version(answer):
                seen += 1
                if not answer.headers.get("ETag", "").startswith(f'"{answer.json()["version"]}'):
                    wrong.append(f"{operation}: {answer.headers.get('ETag')}")
    assert not wrong, "\n".join(wrong)
    assert seen > 10


async def test_an_account_s_etag_follows_its_balance_and_its_version_does_not(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    owners = await world(app, client)
    path = f"{API}/accounts/{await owners.id('account_id')}"
    before = await client.get(path, headers=owners.supplier.headers)
    await owners.id("recharge_id")
    after = await client.get(path, headers=owners.supplier.headers)
    assert after.json()["balance_amount"] > before.json()["balance_amount"]
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.json()["version"] == before.json()["version"]
    headers = owners.supplier.headers | {"If-Match": before.headers["ETag"]}
    limited = await client.patch(path, json={"valid_to": "2030-01-01"}, headers=headers)
    assert limited.status_code == 200, "money that came in makes no edit stale"
    stale = await client.patch(path, json={"valid_to": "2031-01-01"}, headers=headers)
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


async def test_if_match_is_looked_at_or_refused(app: FastAPI, client: httpx.AsyncClient) -> None:
    """Never ignored: by every operation that writes."""
    owners = await world(app, client)
    wrong, seen = [], {422: 0, 412: 0}
    ids = {name: await owners.id(name) for name in FOREIGN}
    for operation in state_changing(app):
        if not operation.permissions:
            continue
        declared = any(p["name"] == "If-Match" for p in operation.spec.get("parameters", ()))
        request = operation.request() if declared else {}
        answers = []
        for kind in sorted(operation.kinds & {Kind.SUPPLIER, Kind.DISTRIBUTOR, Kind.ADMIN}):
            headers = getattr(owners, kind).headers | {"If-Match": '"999"', "Idempotency-Key": str(uuid4())}
            answers.append(await client.request(operation.method, operation.url(ids), headers=headers, **request))
        if not declared:
            told = [item["loc"] for answer in answers for item in answer.json().get("errors", ())]
            if {answer.status_code for answer in answers} != {422} or ["header", "If-Match"] not in told:
                wrong.append(f"{operation}: {[answer.text[:100] for answer in answers]}")
            seen[422] += 1
        else:
            statuses = {answer.status_code for answer in answers}
            if statuses & {200, 201, 204}:
                wrong.append(f"{operation}: {statuses}")
            seen[412] += 412 in statuses
    assert not wrong, "\n".join(wrong)
    assert seen[422] > 10 and seen[412] > 10


@pytest.mark.parametrize(
    "if_match, status",
    [
        ('"1"', 200),
        ("1", 200),
        ("*", 200),
        ('"999", "1"', 200),
        ('"1.7"', 200),
        ('W/"1", "1"', 200),
        ('"999"', 412),
        ('W/"1"', 412),
        ('"999", "998"', 412),
        ('"1x"', 412),
        ('"', 412),
        ("", 412),
    ],
)
async def test_if_match_is_a_list_of_etags(app: FastAPI, client: httpx.AsyncClient, if_match: str, status: int) -> None:
    owners = await world(app, client)
    path = f"{API}/accounts/{await owners.id('account_id')}/suspend"
    answer = await client.post(path, headers=owners.supplier.headers | {"If-Match": if_match})
    assert answer.status_code == status, answer.text


def lists(reads: list[Operation]) -> list[tuple[Operation, set[str]]]:
    found = [(read, {p["name"] for p in read.spec.get("parameters", ()) if p["in"] == "query"}) for read in reads]
    return [(read, names) for read, names in found if "cursor" in names]


async def test_a_cursor_of_anybody_s_making_is_taken_or_refused(
    app: FastAPI, client: httpx.AsyncClient, reads: list[Operation]
) -> None:
    owners = await world(app, client)
    ids = {name: await owners.id(name) for name in FOREIGN}
    values = [
        "\ud800",
        "王\udfff",
        "a\x00",
        "",
        1,
        -1,
        10**30,
        1.5,
        None,
        True,
        [],
        {},
        "9999-12-31T23:59:59Z",
        "Infinity",
    ]
    wrong, refused = [], 0
    with capture_logs() as logged:
        for operation, _ in lists(reads):
            sorts = next((p["schema"] for p in operation.spec["parameters"] if p["name"] == "sort"), {})
            for sort in [sorts["const"]] if "const" in sorts else sorts.get("enum", ["created_at"]):
                for value in values:
                    text = json.dumps([sort, value, str(uuid4())]).encode()
                    query = {"sort": sort, "cursor": base64.urlsafe_b64encode(text).decode().rstrip("=")}
                    if not sorts:
                        del query["sort"]
                    kind = sorted(operation.kinds & {Kind.SUPPLIER, Kind.DISTRIBUTOR, Kind.ADMIN})[0]
                    required = operation.request()["params"]
                    answer = await client.get(
                        operation.url(ids), params=query | required, headers=getattr(owners, kind).headers
                    )
                    refused += answer.status_code == 400
                    if answer.status_code not in (200, 400, 404):
                        wrong.append(f"{operation} {sort} {value!r}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert refused > 200
    assert [entry for entry in logged if entry["log_level"] == "error"] == []


async def test_what_is_searched_for_is_no_pattern(
    app: FastAPI, client: httpx.AsyncClient, reads: list[Operation]
) -> None:
    owners = await world(app, client)
    ids = {name: await owners.id(name) for name in FOREIGN}
    wrong, full = [], 0
    searched = [operation for operation, names in lists(reads) if "q" in names]
    assert len(searched) > 5
    for operation in searched:
        kind = sorted(operation.kinds & {Kind.SUPPLIER, Kind.DISTRIBUTOR, Kind.ADMIN})[-1]
        headers, required = getattr(owners, kind).headers, operation.request()["params"]

        async def found(
            operation: Operation = operation, headers: Any = headers, required: Any = required, **query: str
        ) -> int:
            answer = await client.get(operation.url(ids), params=required | query, headers=headers)
            assert answer.status_code == 200, f"{operation} {query} {answer.text}"
            return len(answer.json()["items"])

        full += await found() > 0
        for pattern in ("%", "%%", "_", "\\", "%_%"):
            # the trail holds what was asked: patterns among its requests are no find of a pattern
            if await found(q=pattern) and operation.spec["operationId"] != "list_audit":
                wrong.append(f"{operation} ?q={pattern}")
    assert not wrong, "\n".join(wrong)
    assert full > 3
