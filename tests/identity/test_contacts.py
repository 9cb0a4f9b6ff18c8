"""My own phone number, e-mail address and language."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from make import identity as make
from make.codes import another, codes, forget_quotas
from make.identity import Signed
from make.jobs import deliver_messages

pytestmark = pytest.mark.capability("I6")
ME, CODES, PHONE, EMAIL = "/api/v1/me", "/api/v1/me/codes", "/api/v1/me/phone", "/api/v1/me/email"
NUMBER, MAIL = "13700137000", "wang@example.com"


async def ask(client: httpx.AsyncClient, who: Signed, to: str) -> httpx.Response:
    return await client.post(CODES, json={"to": to}, headers=who.headers)


async def change_phone(
    client: httpx.AsyncClient, who: Signed, code: str, phone: str = NUMBER, password: str = make.PASSWORD
) -> httpx.Response:
    body = {"phone": phone, "code": code, "password": password}
    return await client.post(PHONE, json=body, headers=who.headers)


async def test_another_phone_by_code_and_password(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    asked = await ask(client, supplier, NUMBER)
    assert (asked.status_code, asked.json()["resend_in"]) == (202, 60)
    [(to, code)] = (await codes(app, owner_connection)).items()
    assert to == "+8613700137000"
    changed = await change_phone(client, supplier, code, "137 0013 7000")
    assert (changed.status_code, changed.json()["phone"]) == (200, "+8613700137000")
    assert changed.headers["ETag"] == f'"{changed.json()["version"]}"'
    [told] = await deliver_messages(app, owner_connection)
    assert (told["to"], told["template"]) == (supplier.phone, "contact_changed")
    assert "+86137****7000" in told["text"]
    assert "13700137000" not in told["text"]
    login = {"username": NUMBER, "password": make.PASSWORD}
    assert (await client.post("/api/v1/auth/login", json=login)).status_code == 200
    old = login | {"username": supplier.phone}
    assert (await client.post("/api/v1/auth/login", json=old)).status_code == 401
    trail = (await client.get("/api/v1/audit?action=identity.change_contact", headers=supplier.headers)).json()
    assert trail["items"][0]["detail"] == {"contact": "phone"}


async def test_an_address_where_there_was_none_is_told_by_phone(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await ask(client, supplier, " Wang@Example.com")
    [(to, code)] = (await codes(app, owner_connection)).items()
    assert to == MAIL
    body = {"email": "WANG@example.com", "code": code, "password": make.PASSWORD}
    changed = await client.post(EMAIL, json=body, headers=supplier.headers)
    assert (changed.status_code, changed.json()["email"]) == (200, MAIL)
    [told] = await deliver_messages(app, owner_connection)
    assert told["to"] == supplier.phone
    assert "w***@example.com" in told["text"]


async def test_a_code_is_for_one_person_target_and_purpose_and_serves_once(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier, thief = await make.supplier(app), await make.supplier(app)
    await ask(client, supplier, NUMBER)
    [code] = (await codes(app, owner_connection)).values()
    assert (await change_phone(client, thief, code)).json()["code"] == "invalid_code"
    assert (await change_phone(client, supplier, code, "13700137001")).json()["code"] == "invalid_code"
    assert (await change_phone(client, supplier, another(code))).json()["code"] == "invalid_code"
    await forget_quotas(owner_connection)
    await client.post("/api/v1/auth/register/codes", json={"to": NUMBER})
    [registration] = (await codes(app, owner_connection)).values()
    if registration != code:
        assert (await change_phone(client, supplier, registration)).json()["code"] == "invalid_code"
    at_once = await asyncio.gather(*(change_phone(client, supplier, code) for _ in range(3)))
    assert sorted(answer.status_code for answer in at_once) == [200, 422, 422]
    assert len(await deliver_messages(app, owner_connection)) == 1


async def test_without_the_password_nothing_changes_and_guesses_are_counted(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await ask(client, supplier, NUMBER)
    [code] = (await codes(app, owner_connection)).values()
    for _ in range(5):
        wrong = await change_phone(client, supplier, code, password="wrong-Wrong-1")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_old_password")
    locked = await change_phone(client, supplier, code)
    assert (locked.status_code, locked.json()["code"]) == (429, "account_locked")
    assert (await client.get(ME, headers=supplier.headers)).json()["phone"] == supplier.phone
    change = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}  # the same count
    assert (await client.post(f"{ME}/password", json=change, headers=supplier.headers)).status_code == 429


async def test_five_guesses_of_the_code(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await ask(client, supplier, NUMBER)
    [code] = (await codes(app, owner_connection)).values()
    guesses = await asyncio.gather(*(change_phone(client, supplier, another(code)) for _ in range(6)))
    assert {guess.json()["code"] for guess in guesses} == {"invalid_code"}
    assert (await change_phone(client, supplier, code)).json()["code"] == "invalid_code"


async def test_another_persons_number_is_told_to_who_has_it_only(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier, other = await make.supplier(app), await make.distributor(app)
    assert (await ask(client, supplier, other.phone)).status_code == 202
    [code] = (await codes(app, owner_connection)).values()
    blind = await change_phone(client, supplier, another(code), other.phone)
    assert blind.json()["code"] == "invalid_code"
    taken = await change_phone(client, supplier, code, other.phone)
    assert (taken.status_code, taken.json()["code"]) == (409, "phone_taken")


async def test_codes_are_limited_by_target(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other = await make.supplier(app), await make.supplier(app)
    assert (await ask(client, supplier, NUMBER)).status_code == 202
    for who in (supplier, other):
        again = await ask(client, who, "+8613700137000")
        assert (again.status_code, again.json()["code"]) == (429, "codes_asked_too_often")


async def test_a_replayed_change_is_one_change(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await ask(client, supplier, NUMBER)
    [code] = (await codes(app, owner_connection)).values()
    body = {"phone": NUMBER, "code": code, "password": make.PASSWORD}
    answers = [await client.post(PHONE, json=body, headers=supplier.with_key("phone-1")) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    kept = str(await owner_connection.fetch("SELECT * FROM idempotency_keys"))
    assert make.PASSWORD not in kept and code not in kept


async def test_the_language_of_messages(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    assert (await client.get(ME, headers=supplier.headers)).json()["language"] == "zh"
    stale = supplier.headers | {"If-Match": '"9"'}
    assert (await client.patch(ME, json={"language": "en"}, headers=stale)).status_code == 412
    changed = await client.patch(ME, json={"language": "en"}, headers=supplier.headers)
    assert (changed.status_code, changed.json()["language"]) == (200, "en")
    await ask(client, supplier, NUMBER)
    [message] = await deliver_messages(app, owner_connection)
    assert "good for 5 minutes" in message["text"]


@pytest.mark.parametrize(
    "body",
    [
        {"language": "fr"},
        {"language": None},
        {"name": None},
        {"phone": NUMBER},
        {"email": MAIL},
        {"status": "active"},
        {"organization_id": "01890000-0000-7000-8000-000000000000"},
        {"username": "root"},
        {"password_change_required": False},
    ],
)
async def test_nothing_else_of_me_is_changed_by_patch(
    client: httpx.AsyncClient, app: FastAPI, body: dict[str, Any]
) -> None:
    supplier = await make.supplier(app)
    assert (await client.patch(ME, json=body, headers=supplier.headers)).status_code == 422


@pytest.mark.parametrize(
    "change",
    [{"code": "1"}, {"phone": "123"}, {"phone": "a\u0000"}, {"password": ""}, {"user_id": "x"}, {"email": MAIL}],
)
async def test_bad_input(client: httpx.AsyncClient, app: FastAPI, change: dict[str, Any]) -> None:
    supplier = await make.supplier(app)
    body = {"phone": NUMBER, "code": "123456", "password": make.PASSWORD} | change
    assert (await client.post(PHONE, json=body, headers=supplier.headers)).status_code == 422
