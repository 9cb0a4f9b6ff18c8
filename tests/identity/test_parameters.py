"""The platform sets its parameters while everything runs; nobody else does, and nobody rewrites their history."""

import asyncio
import time
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker

from distro_api.app import create_app
from distro_api.core.db import sqlalchemy_engine
from distro_api.core.settings import Settings
from distro_api.identity.service.parameters import Parameters, catalogue
from distro_api.identity.service.parameters.catalogue import CATALOGUE, CaptchaPolicy
from make import identity as make

pytestmark = pytest.mark.capability("X1")
PATH = "/api/v1/parameters"
CAPTCHA = f"{PATH}/captcha_policy"
ALLOWED = f"{PATH}/login_failures_allowed"


async def test_each_tells_what_it_means_what_it_may_be_and_what_it_is(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    listed = (await client.get(PATH, headers=admin.headers)).json()
    assert [item["name"] for item in listed["items"]] == list(CATALOGUE)
    assert listed["next_cursor"] is None
    for item in listed["items"]:
        assert item["title"]["zh"] and item["title"]["en"] and item["description"]["zh"] and item["description"]["en"]
        assert item["allowed"] and item["value"] == item["default"] and item["is_default"] and item["version"] == 0
    one = await client.get(CAPTCHA, headers=admin.headers)
    assert one.json() == listed["items"][0]
    assert one.json()["allowed"]["enum"] == ["always", "adaptive", "off"]
    assert (one.json()["value"], one.headers["ETag"]) == ("adaptive", '"0"')


async def test_a_value_holds_at_once_has_a_history_and_goes_back(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    body = {"value": "always", "reason": "撞库"}
    done = await client.put(CAPTCHA, json=body, headers=admin.headers | {"If-Match": '"0"', "X-Request-Id": "set-1"})
    assert (done.status_code, done.json()["value"], done.json()["is_default"]) == (200, "always", False)
    assert (done.headers["ETag"], done.json()["changed_by"]) == ('"1"', str(admin.user_id))
    assert app.state.parameters.get(catalogue.CAPTCHA_POLICY) is CaptchaPolicy.ALWAYS
    again = await client.put(CAPTCHA, json={"value": "always"}, headers=admin.headers)
    assert again.json()["version"] == 1

    back = await client.post(f"{CAPTCHA}/reset", headers=admin.with_key("reset-1") | {"If-Match": '"1"'})
    assert (back.json()["value"], back.json()["is_default"], back.headers["ETag"]) == ("adaptive", True, '"2"')
    replayed = await client.post(f"{CAPTCHA}/reset", headers=admin.with_key("reset-1"))
    assert (replayed.json(), replayed.headers["Idempotency-Replayed"]) == (back.json(), "true")
    assert app.state.parameters.get(catalogue.CAPTCHA_POLICY) is CaptchaPolicy.ADAPTIVE

    history = (await client.get(f"{CAPTCHA}/history", headers=admin.headers)).json()["items"]
    assert [(row["version"], row["value"], row["reason"]) for row in history] == [
        (2, None, None),
        (1, "always", "撞库"),
    ]
    assert {row["user_id"] for row in history} == {str(admin.user_id)}
    trail = (await client.get("/api/v1/audit?action=identity.set_parameter", headers=admin.headers)).json()["items"]
    assert [(row["request_id"], row["object_id"]) for row in trail] == [("set-1", history[1]["id"])]
    assert trail[0]["detail"] == {"parameter": "captcha_policy", "before": "adaptive", "after": "always"}


async def test_another_process_follows_within_five_seconds(
    client: httpx.AsyncClient, app: FastAPI, settings: Settings
) -> None:
    admin = await make.admin(app)
    other = create_app(settings)
    engine = sqlalchemy_engine(settings.engine_database_url or "", 1)
    try:
        async with other.router.lifespan_context(other), Parameters(async_sessionmaker(engine)) as workers:
            processes: tuple[Parameters, ...] = (other.state.parameters, workers)
            for value in (7, 11):
                assert value not in [process.get(catalogue.LOGIN_FAILURES_ALLOWED) for process in processes]
                assert (await client.put(ALLOWED, json={"value": value}, headers=admin.headers)).status_code == 200
                changed = time.monotonic()
                while {process.get(catalogue.LOGIN_FAILURES_ALLOWED) for process in processes} != {value}:
                    assert time.monotonic() - changed < 5
                    await asyncio.sleep(0.02)
    finally:
        await engine.dispose()


@pytest.mark.capability("I12")
async def test_a_lock_comes_after_as_many_failures_as_are_allowed(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app)
    for name, value in (("login_failures_allowed", 3), ("login_lock_s", 600)):
        await client.put(f"{PATH}/{name}", json={"value": value}, headers=admin.headers)
    body = {"username": supplier.username, "password": "not it"}
    codes = [(await client.post("/api/v1/auth/login", json=body)).json()["code"] for _ in range(4)]
    assert codes == ["bad_credentials"] * 3 + ["account_locked"]
    refused = await client.post("/api/v1/auth/login", json=body)
    assert 590 < int(refused.headers["Retry-After"]) <= 600


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("captcha_policy", "sometimes", "always, adaptive, off"),
        ("captcha_policy", True, "always, adaptive, off"),
        ("captcha_policy", "a\u0000b", "always, adaptive, off"),
        ("login_failures_allowed", 2, "3 … 20"),
        ("login_failures_allowed", 21, "3 … 20"),
        ("login_failures_allowed", -(2**50), "3 … 20"),
        ("login_failures_allowed", "5", "3 … 20"),
        ("login_failures_allowed", True, "3 … 20"),
    ],
)
async def test_what_is_not_allowed_is_told_what_is(
    client: httpx.AsyncClient, app: FastAPI, name: str, value: Any, told: str
) -> None:
    admin = await make.admin(app)
    answer = await client.put(
        f"{PATH}/{name}", json={"value": value}, headers=admin.headers | {"Accept-Language": "en"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "parameter_value_not_allowed")
    assert answer.json()["detail"] == f"Allowed: {told}"
    assert answer.json()["schema"] == CATALOGUE[name].schema
    assert (await client.get(f"{PATH}/{name}", headers=admin.headers)).json()["version"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"value": None},
        {"value": 5.5},
        {"value": [5]},
        {"value": {"a": 1}},
        {"value": 10**30},
        {"value": "x" * 2001},
        {"value": 5, "reason": ""},
        {"value": 5, "version": 7},
        {"value": 5, "user_id": "01890000-0000-7000-8000-000000000000"},
    ],
)
async def test_bad_input(client: httpx.AsyncClient, app: FastAPI, body: dict[str, Any]) -> None:
    admin = await make.admin(app)
    answer = await client.put(ALLOWED, json=body, headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_unknown_parameters_are_not_found(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    for method, path in (("GET", ""), ("PUT", ""), ("POST", "/reset"), ("GET", "/history")):
        body = {"value": 1} if method == "PUT" else None
        answer = await client.request(method, f"{PATH}/no_such{path}", json=body, headers=admin.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_only_the_platform_sees_or_sets_them(client: httpx.AsyncClient, app: FastAPI) -> None:
    for who in (await make.supplier(app), await make.distributor(app), await make.admin(app, scope="me audit:read")):
        for method, path in (("GET", ""), ("PUT", "/captcha_policy"), ("POST", "/captcha_policy/reset")):
            answer = await client.request(method, f"{PATH}{path}", json={"value": "off"}, headers=who.headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert app.state.parameters.get(catalogue.CAPTCHA_POLICY) is CaptchaPolicy.ADAPTIVE


async def test_of_many_at_once_with_the_same_version_one_is_right(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    headers = admin.headers | {"If-Match": '"0"'}
    answers = await asyncio.gather(
        *(client.put(ALLOWED, json={"value": value}, headers=headers) for value in range(6, 14))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    history = (await client.get(f"{ALLOWED}/history", headers=admin.headers)).json()["items"]
    [won] = [answer.json()["value"] for answer in answers if answer.status_code == 200]
    assert [(row["version"], row["value"]) for row in history] == [(1, won)]
    assert app.state.parameters.get(catalogue.LOGIN_FAILURES_ALLOWED) == won


async def test_history_is_paged(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    for value in (6, 7, 8):
        await client.put(ALLOWED, json={"value": value}, headers=admin.headers)
    first = (await client.get(f"{ALLOWED}/history?limit=2&with_total=true", headers=admin.headers)).json()
    assert ([row["value"] for row in first["items"]], first["total"]) == ([8, 7], 3)
    rest = await client.get(f"{ALLOWED}/history?limit=2&cursor={first['next_cursor']}", headers=admin.headers)
    assert [row["value"] for row in rest.json()["items"]] == [6]


async def test_a_stored_value_that_a_release_no_longer_allows_counts_as_not_set(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    admin = await make.admin(app)
    insert = "INSERT INTO parameter_changes VALUES ($1, 1, $2::jsonb, $3, NULL, gen_random_uuid(), now())"
    await owner_connection.execute(insert, "login_failures_allowed", "99", admin.user_id)
    await owner_connection.execute(insert, "of_an_older_release", "1", admin.user_id)
    await app.state.parameters.refresh()
    assert app.state.parameters.get(catalogue.LOGIN_FAILURES_ALLOWED) == 5
