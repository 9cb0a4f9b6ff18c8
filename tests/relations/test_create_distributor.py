"""A supplier creates a distributor with just a name and a phone number."""

import asyncio
import re
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.core.settings import Settings
from distro_api.jobs import service as jobs
from distro_api.notifications import service as notifications
from make import identity as make
from make.jobs import deliver_messages

pytestmark = pytest.mark.capability("R1")
PATH = "/api/v1/distributors"


async def test_the_new_distributor_signs_in_and_must_choose_a_password(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app, "西湖景区")
    body = {"name": "远方旅行社", "phone": "137 0013 7000", "contact_name": "王芳"}
    answer = await client.post(PATH, json=body, headers=supplier.headers)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["name"], made["contact_name"], made["phone"]) == ("远方旅行社", "王芳", "+8613700137000")
    assert (made["relation_status"], made["status"]) == ("active", "active")
    opened = await client.get(answer.headers["Location"], headers=supplier.headers)
    assert (opened.json()["id"], opened.json()["distributor"]["id"]) == (made["relation_id"], made["id"])

    [message] = await deliver_messages(app, owner_connection)
    assert (message["channel"], message["to"]) == ("sms", "+8613700137000")
    assert message["template"] == "one_time_password"
    assert all(part in message["text"] for part in ("西湖景区", "远方旅行社", made["username"]))
    found = re.search(r"初始密码：(\w+)", message["text"])
    assert found is not None
    password = found[1]
    assert password not in answer.text

    for account in ("13700137000", made["username"]):
        tokens = await client.post("/api/v1/auth/login", json={"username": account, "password": password})
        assert tokens.json()["password_change_required"] is True
    headers = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
    refused = await client.get("/api/v1/supply-relations", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
    kept = {"old_password": password, "new_password": password}
    assert (await client.post("/api/v1/me/password", json=kept, headers=headers)).status_code == 422
    chosen = {"old_password": password, "new_password": "Far-Away-2026"}
    changed = await client.post("/api/v1/me/password", json=chosen, headers=headers)
    headers = {"Authorization": f"Bearer {changed.json()['access_token']}"}
    [relation] = (await client.get("/api/v1/supply-relations", headers=headers)).json()["items"]
    assert (relation["supplier"]["name"], relation["status"]) == ("西湖景区", "active")


async def test_the_worker_delivers_the_password(client: httpx.AsyncClient, app: FastAPI, settings: Settings) -> None:
    supplier = await make.supplier(app)
    assert settings.engine_database_url is not None
    file = settings.var / notifications.FILE_NAME
    delivery = notifications.entrypoints(settings, app.state.database.sessions)
    working = asyncio.create_task(jobs.run(settings.engine_database_url, delivery))
    try:
        body = {"name": "直达旅行社", "phone": make.phone()}
        assert (await client.post(PATH, json=body, headers=supplier.headers)).status_code == 201
        async with asyncio.timeout(10):
            while not file.exists() or "直达旅行社" not in file.read_text():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        working.cancel()
        await asyncio.wait([working])


async def test_no_secret_is_kept_anywhere(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    body = {"name": "远方旅行社", "phone": "13700137000"}
    answer = await client.post(PATH, json=body, headers=supplier.with_key("r1"))
    again = await client.post(PATH, json=body, headers=supplier.with_key("r1"))
    assert again.json() == answer.json()
    waiting = await owner_connection.fetchval("SELECT count(*) FROM jobs.pgqueuer")
    assert waiting == 1  # the replay sends nothing
    tables = await owner_connection.fetch(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') "
        "AND relnamespace::regnamespace::text IN ('public', 'jobs')"
    )
    stored = {
        table: await owner_connection.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} t") or ""
        for (table,) in tables
    }
    [message] = await deliver_messages(app, owner_connection)
    found = re.search(r"初始密码：(\w+)", message["text"])
    assert found is not None
    assert "远方旅行社" in stored["organizations"]
    for table, rows in stored.items():
        assert found[1] not in rows, table
        assert found[1].encode().hex() not in rows, table  # as bytes are shown


async def test_a_taken_phone_tells_nothing_of_who_has_it(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    """Numbers can be tried through: neither id nor kind nor name of the owner may come out that way."""
    supplier, other = await make.supplier(app), await make.supplier(app)
    there = await make.distributor(app)
    answers = []
    for who in (there, other):
        body = {"name": "重复", "phone": who.phone}
        taken = await client.post(PATH, json=body, headers=supplier.with_key(f"taken-{who.kind}"))
        assert (taken.status_code, taken.json()["code"]) == (409, "phone_taken")
        again = await client.post(PATH, json=body, headers=supplier.with_key(f"taken-{who.kind}"))
        assert again.headers["Idempotency-Replayed"] == "true"
        answers += [taken.json() | {"request_id": ""}, again.json() | {"request_id": ""}]
    assert all(answer == answers[0] for answer in answers)
    assert (await client.get(PATH, headers=supplier.headers)).json()["items"] == []
    assert await owner_connection.fetchval("SELECT count(*) FROM jobs.pgqueuer") == 0  # nobody got a message
    assert await owner_connection.fetchval("SELECT count(*) FROM organizations WHERE name = '重复'") == 0


async def test_the_owner_of_a_taken_phone_is_invited_by_it(client: httpx.AsyncClient, app: FastAPI) -> None:
    first, second = await make.supplier(app, "西湖"), await make.supplier(app)
    body = {"name": "远方旅行社", "phone": "13700137000"}
    made = (await client.post(PATH, json=body, headers=first.headers)).json()
    assert (await client.post(PATH, json=body, headers=second.headers)).status_code == 409
    forced = {"distributor_id": made["id"]}
    assert (await client.post("/api/v1/supply-relations", json=forced, headers=second.headers)).status_code == 422
    asked = await client.post("/api/v1/partner-invitations", json={"phone": "137 0013 7000"}, headers=second.headers)
    assert (asked.status_code, asked.json()["status"]) == (201, "open")
    assert (asked.json()["asked_for"], asked.json()["distributor"]["name"]) == ("+8613700137000", None)


async def test_names_are_no_identities(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Two distributors may be called the same, with one supplier too: each has an account of its own."""
    supplier = await make.supplier(app)
    made = [
        (await client.post(PATH, json={"name": "远方旅行社", "phone": number}, headers=supplier.headers)).json()
        for number in ("13700137001", "13700137002")
    ]
    assert len({one["id"] for one in made}) == len({one["username"] for one in made}) == 2
    listed = (await client.get(f"{PATH}?q=远方", headers=supplier.headers)).json()["items"]
    assert {row["phone"] for row in listed} == {"+8613700137001", "+8613700137002"}
    by_number = (await client.get(f"{PATH}?q=137001370", headers=supplier.headers)).json()["items"]
    assert len(by_number) == 2
    one = (await client.get(f"{PATH}?q=7002", headers=supplier.headers)).json()["items"]
    assert [row["id"] for row in one] == [made[1]["id"]]


async def test_two_at_once_with_one_phone(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    suppliers = [await make.supplier(app) for _ in range(4)]
    body = {"name": "同时", "phone": "13700137000"}
    answers = await asyncio.gather(*(client.post(PATH, json=body, headers=who.headers) for who in suppliers))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert await owner_connection.fetchval("SELECT count(*) FROM jobs.pgqueuer") == 1
    assert await owner_connection.fetchval("SELECT count(*) FROM supply_relations") == 1
    assert await owner_connection.fetchval("SELECT count(*) FROM organizations WHERE name = '同时'") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "123"},
        {"phone": "010-12345678"},
        {"phone": "not a number"},
        {"phone": None},
        {"name": " "},
        {"name": "x" * 101},
        {"password": "Chosen-By-Me-1"},
        {"organization_id": "01890000-0000-7000-8000-000000000000"},
        {"contact_name": None},
    ],
)
async def test_bad_input(client: httpx.AsyncClient, app: FastAPI, change: dict[str, Any]) -> None:
    supplier = await make.supplier(app)
    body = {"name": "远方旅行社", "phone": "13700137000"} | change
    assert (await client.post(PATH, json=body, headers=supplier.headers)).status_code == 422


async def test_only_suppliers_and_only_their_own(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier, other = await make.admin(app), await make.supplier(app), await make.supplier(app)
    distributor = await make.distributor(app)
    body = {"name": "远方旅行社", "phone": "13700137000"}
    for who in (admin, distributor):
        assert (await client.post(PATH, json=body, headers=who.headers)).status_code == 403
        assert (await client.get(PATH, headers=who.headers)).status_code == 403
    await client.post(PATH, json=body, headers=supplier.headers)
    assert len((await client.get(PATH, headers=supplier.headers)).json()["items"]) == 1
    assert (await client.get(PATH, headers=other.headers)).json()["items"] == []
