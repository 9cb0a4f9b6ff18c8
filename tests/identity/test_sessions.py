"""Sessions: refresh rotation, reuse, logout, lists, password change, and refusal in every process."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.app import create_app
from distro_api.core import clock
from distro_api.core.settings import Settings
from distro_api.identity.service import sessions
from make import identity as make
from make.second_factor import enrolled

pytestmark = pytest.mark.capability("I15")
ME = "/api/v1/me"


def bearer(tokens: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.json()['access_token']}"}


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})


async def log_in(client: httpx.AsyncClient, who: make.Signed, password: str = make.PASSWORD) -> httpx.Response:
    answer = await client.post("/api/v1/auth/login", json={"username": who.username, "password": password})
    assert answer.status_code == 200, answer.text
    return answer


async def test_refresh_gives_a_new_pair_each_time(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    token, seen = supplier.refresh_token, set()
    for _ in range(3):
        answer = await refresh(client, token)
        assert answer.status_code == 200
        token = answer.json()["refresh_token"]
        seen.add(token)
        assert (await client.get(ME, headers=bearer(answer))).status_code == 200
    assert len(seen | {supplier.refresh_token}) == 4
    assert all(len(one) >= 43 for one in seen)  # 256 bits


async def test_a_used_token_ends_the_session(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    second = await refresh(client, supplier.refresh_token)
    stolen = await refresh(client, supplier.refresh_token)
    assert (stolen.status_code, stolen.json()["code"]) == (401, "invalid_refresh_token")
    assert (await refresh(client, second.json()["refresh_token"])).status_code == 401
    for headers in (supplier.headers, bearer(second)):
        assert (await client.get(ME, headers=headers)).status_code == 401
    again = await log_in(client, supplier)  # only that session is over
    trail = await client.get("/api/v1/audit?action=identity.end_session", headers=bearer(again))
    assert [row["detail"] for row in trail.json()["items"]] == [{"by": "token_reuse"}]


async def test_one_token_in_parallel_serves_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    answers = await asyncio.gather(*(refresh(client, supplier.refresh_token) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    [winner] = [answer for answer in answers if answer.status_code == 200]
    assert (await refresh(client, winner.json()["refresh_token"])).status_code == 401  # the copies ended the session


async def test_tokens_are_not_stored(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    stored = await owner_connection.fetchval("SELECT token_hash FROM refresh_tokens")
    assert len(stored) == 32
    assert supplier.refresh_token.encode() not in stored


async def test_refresh_tokens_expire(client: httpx.AsyncClient, app: FastAPI, settings: Settings) -> None:
    supplier = await make.supplier(app)
    later = clock.now() + timedelta(seconds=settings.refresh_token_s + 1)
    with clock.at(later):
        assert (await refresh(client, supplier.refresh_token)).status_code == 401


@pytest.mark.parametrize("token", ["nonsense", "x" * 200, "密"])
async def test_unknown_refresh_token(client: httpx.AsyncClient, token: str) -> None:
    assert (await refresh(client, token)).json()["code"] == "invalid_refresh_token"
    assert (await client.post("/api/v1/auth/logout", json={"refresh_token": token})).status_code == 204


async def test_logout(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    for _ in range(2):  # twice is no error
        answer = await client.post("/api/v1/auth/logout", json={"refresh_token": supplier.refresh_token})
        assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(ME, headers=supplier.headers)).status_code == 401
    assert (await refresh(client, supplier.refresh_token)).status_code == 401


async def test_list_and_end_my_sessions(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other = await make.supplier(app), await make.supplier(app)
    phone = await client.post(
        "/api/v1/auth/login",
        json={"username": supplier.username, "password": make.PASSWORD},
        headers={"User-Agent": "Phone/1.0"},
    )
    listed = (await client.get(f"{ME}/sessions", headers=supplier.headers)).json()["items"]
    assert [(row["client"], row["current"]) for row in listed] == [("Phone/1.0", False), ("tests", True)]
    path = f"{ME}/sessions/{listed[0]['id']}"
    assert (await client.delete(path, headers=other.headers)).status_code == 404
    assert (await client.get(ME, headers=bearer(phone))).status_code == 200
    assert (await client.delete(path, headers=supplier.headers)).status_code == 204
    assert (await client.get(ME, headers=bearer(phone))).status_code == 401
    assert (await client.delete(path, headers=supplier.headers)).status_code == 404
    assert (await client.get(ME, headers=supplier.headers)).status_code == 200


async def test_end_all_my_sessions(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other = await make.supplier(app), await make.supplier(app)
    phone = await log_in(client, supplier)
    assert (await client.delete(f"{ME}/sessions", headers=supplier.headers)).status_code == 204
    for headers in (supplier.headers, bearer(phone)):
        assert (await client.get(ME, headers=headers)).status_code == 401
    assert (await client.get(ME, headers=other.headers)).status_code == 200


async def test_login_history(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    await client.post("/api/v1/auth/login", json={"username": supplier.phone, "password": "wrong-Wrong-1"})
    await log_in(client, supplier)
    first = (await client.get(f"{ME}/logins?limit=1&with_total=true", headers=supplier.headers)).json()
    assert (first["items"][0]["outcome"], first["total"]) == ("success", 2)
    rest = await client.get(f"{ME}/logins?limit=1&cursor={first['next_cursor']}", headers=supplier.headers)
    assert rest.json()["items"][0]["outcome"] == "wrong_password"
    assert rest.json()["items"][0]["account"] == supplier.phone
    assert rest.json()["next_cursor"] is None


async def test_password_change_ends_every_session_but_the_new_one(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    phone = await log_in(client, supplier)
    body = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    changed = await client.post(f"{ME}/password", json=body, headers=supplier.headers)
    assert changed.status_code == 200
    assert (await client.get(ME, headers=bearer(changed))).status_code == 200  # in the very same second
    assert (await refresh(client, changed.json()["refresh_token"])).status_code == 200
    for headers in (supplier.headers, bearer(phone)):
        assert (await client.get(ME, headers=headers)).status_code == 401
    for token in (supplier.refresh_token, phone.json()["refresh_token"]):
        assert (await refresh(client, token)).status_code == 401
    wrong = await client.post("/api/v1/auth/login", json={"username": supplier.username, "password": make.PASSWORD})
    assert wrong.status_code == 401
    await log_in(client, supplier, "Another-Horse-8")


async def test_password_change_keeps_the_scope(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app, scope="me me:password")
    body = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    changed = await client.post(f"{ME}/password", json=body, headers=supplier.headers)
    assert changed.json()["scope"] == "me me:password"


@pytest.mark.capability("I6")
async def test_wrong_old_password_is_counted(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    wrong = {"old_password": "wrong-Wrong-1", "new_password": "Another-Horse-8"}
    for _ in range(5):
        answer = await client.post(f"{ME}/password", json=wrong, headers=supplier.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_old_password")
    locked = await client.post(f"{ME}/password", json=wrong, headers=supplier.headers)
    assert (locked.status_code, locked.json()["code"]) == (429, "account_locked")
    await log_in(client, supplier)  # a thief of the token locks nobody out


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short-1", "validation_failed"),
        ("x" * 129, "validation_failed"),
        ("88888888", "weak_password"),
        ("Password123", "weak_password"),
        ("zzzzzzzzzz", "weak_password"),
        ("username", "weak_password"),
        ("phone", "weak_password"),
        (make.PASSWORD, "weak_password"),
    ],
)
async def test_weak_passwords(client: httpx.AsyncClient, app: FastAPI, password: str, code: str) -> None:
    supplier = await make.supplier(app)
    chosen = {"username": supplier.username.upper(), "phone": supplier.phone.removeprefix("+86")}.get(
        password, password
    )
    body = {"old_password": make.PASSWORD, "new_password": chosen}
    answer = await client.post(f"{ME}/password", json=body, headers=supplier.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert chosen not in answer.text
    assert (await client.get(ME, headers=supplier.headers)).status_code == 200


async def test_replay_of_a_password_change_holds_no_secret(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    body = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    changed = await client.post(f"{ME}/password", json=body, headers=supplier.with_key("change-1"))
    assert changed.json()["access_token"]
    headers = bearer(changed) | {"Idempotency-Key": "change-1"}
    replayed = await client.post(f"{ME}/password", json=body, headers=headers)
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert replayed.json() == changed.json() | {"access_token": None, "refresh_token": None}


@pytest.mark.capability("I4")
async def test_issued_password_must_be_changed_first(client: httpx.AsyncClient, app: FastAPI) -> None:
    new = await make.organization(app, make.Kind.DISTRIBUTOR, password_change_required=True)
    tokens = await log_in(client, new)
    assert tokens.json()["password_change_required"] is True
    for method, path in (("GET", ME), ("GET", f"{ME}/sessions"), ("GET", "/api/v1/organizations"), ("PATCH", ME)):
        refused = await client.request(method, path, headers=bearer(tokens), json={} if method == "PATCH" else None)
        assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
    renewed = await refresh(client, tokens.json()["refresh_token"])
    assert renewed.json()["password_change_required"] is True
    body = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    changed = await client.post(f"{ME}/password", json=body, headers=bearer(renewed))
    assert changed.json()["password_change_required"] is False
    assert (await client.get(ME, headers=bearer(changed))).status_code == 200
    assert (await client.get(ME, headers=bearer(tokens))).status_code == 401


async def test_revoked_in_a_second_process_within_two_seconds(
    client: httpx.AsyncClient, app: FastAPI, settings: Settings
) -> None:
    supplier, staying = await make.supplier(app), await make.supplier(app)
    second = create_app(settings)
    async with second.router.lifespan_context(second):
        transport = httpx.ASGITransport(second, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://second") as elsewhere:
            assert (await elsewhere.get(ME, headers=supplier.headers)).status_code == 200
            await client.delete(f"{ME}/sessions", headers=supplier.headers)
            assert (await client.get(ME, headers=supplier.headers)).status_code == 401  # here at once
            deadline, status = time.monotonic() + 2, 200
            while status != 401 and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
                status = (await elsewhere.get(ME, headers=supplier.headers)).status_code
            assert status == 401
            assert (await elsewhere.get(ME, headers=staying.headers)).status_code == 200


async def test_what_nobody_can_use_any_more_is_deleted(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await enrolled(client, supplier)
    await client.post("/api/v1/auth/captcha")
    body = {"username": supplier.username, "password": make.PASSWORD}
    assert (await client.post("/api/v1/auth/login", json=body)).json()["code"] == "second_factor_required"
    await client.post("/api/v1/auth/login", json=body | {"password": "wrong-Wrong-1"})
    tables = ("captchas", "login_challenges", "attempt_counters")

    async def left() -> list[int]:
        return [await owner_connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]

    async def purge() -> None:
        async with app.state.database.sessions.begin() as session:
            await sessions.purge(session)

    await purge()
    assert all(await left())
    with clock.at(clock.now() + timedelta(hours=25)):
        await purge()
    assert await left() == [0, 0, 0]


async def test_a_device_has_a_name_and_keeps_it(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    body = {"username": supplier.username, "password": make.PASSWORD, "device_name": " 王芳的手机 "}
    signed = await client.post("/api/v1/auth/login", json=body)

    async def current(headers: dict[str, str]) -> dict[str, Any]:
        listed = (await client.get(f"{ME}/sessions", headers=headers)).json()["items"]
        [row] = [row for row in listed if row["current"]]
        return dict(row)

    before = await current(bearer(signed))
    assert (before["device_name"], before["second_factor"]) == ("王芳的手机", False)
    change = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    changed = await client.post(f"{ME}/password", json=change, headers=bearer(signed))
    after = await current(bearer(changed))
    assert (after["device_name"], after["id"] == before["id"]) == ("王芳的手机", False)
