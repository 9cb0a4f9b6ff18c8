"""Every state-changing operation of the OpenAPI document, called with success: each leaves a row in the audit trail.

Generated: a new operation is called when it exists, by the schema's smallest value or by a recipe in tests/trail.py.
"""

from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from make.identity import PASSWORD
from strangers import FOREIGN, PUBLIC, World, world
from test_strangers import Operation
from trail import CALLS, UNTOLD, Call

pytestmark = [pytest.mark.capability("X3"), pytest.mark.timeout(300)]


def state_changing(app: FastAPI) -> list[Operation]:
    document = app.openapi()
    return [
        Operation(method.upper(), path, spec, document["components"]["schemas"])
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
        if method != "get" and spec["operationId"] not in UNTOLD
    ]


async def test_what_is_done_is_told(
    app: FastAPI, client: httpx.AsyncClient, owner_connection: asyncpg.Connection
) -> None:
    owners = await world(app, client)
    operations = state_changing(app)
    names = {operation.spec["operationId"] for operation in operations}
    assert names >= CALLS.keys(), f"no such operation: {sorted(CALLS.keys() - names)}"
    refused, untold = [], []
    for operation in operations:
        request_id = f"trail-{uuid4()}"
        answers = await called(owners, operation, request_id)
        if not any(answer.is_success for answer in answers):
            refused.append(f"{operation}: {[answer.text[:200] for answer in answers]}")
        elif not await owner_connection.fetchval("SELECT count(*) FROM audit_log WHERE request_id = $1", request_id):
            untold.append(str(operation))
    assert not refused, "no call with success, add a recipe to tests/trail.py:\n" + "\n".join(refused)
    assert not untold, f"no row in the trail: {untold}"
    trail = "\n".join(row[0] for row in await owner_connection.fetch("SELECT to_jsonb(a)::text FROM audit_log a"))
    people = [person for who in (owners.supplier, owners.distributor) for person in (who.phone, who.username)]
    assert [
        word
        for word in (PASSWORD, "王芳", "13800138000", "Sample-Pass-2026", "eyJ", "dk_live_", *people)
        if word in trail
    ] == []


async def called(owners: World, operation: Operation, request_id: str) -> list[httpx.Response]:
    """By its recipe, or by each of the three until one is served."""
    headers = {"X-Request-Id": request_id, "Idempotency-Key": request_id}
    if (recipe := CALLS.get(operation.spec["operationId"])) is not None:
        return [await _by_recipe(owners, operation, await recipe(owners), headers)]
    assert (operation.method, operation.path) not in PUBLIC, f"{operation} needs a recipe in tests/trail.py"
    ids = {name: await owners.id(name) for name in operation.ids if name in FOREIGN}
    answers: list[httpx.Response] = []
    for kind in sorted(operation.kinds):
        who = getattr(owners, kind)
        answers.append(
            await owners.client.request(
                operation.method, operation.url(ids), headers=who.headers | headers, **operation.request()
            )
        )
        if answers[-1].is_success:
            break
    return answers


async def _by_recipe(owners: World, operation: Operation, call: Call, headers: dict[str, str]) -> httpx.Response:
    arguments: dict[str, Any] = {}
    if call.files is not None:
        arguments["files"] = call.files
    elif call.form is not None:
        arguments["data"] = call.form
    elif "requestBody" in operation.spec:
        [content] = operation.spec["requestBody"]["content"].values()
        known = _properties(content["schema"], operation.components)
        arguments["json"] = {name: value for name, value in (call.body or {}).items() if name in known}
    path = operation.path.format(**{name: str(value) for name, value in call.path.items()})
    return await owners.client.request(operation.method, path, headers=call.who.headers | headers, **arguments)


def _properties(schema: dict[str, Any], components: dict[str, Any]) -> set[str]:
    if "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[1]]
    return set(schema.get("properties", ())).union(
        *(_properties(option, components) for option in schema.get("anyOf", ()))
    )
