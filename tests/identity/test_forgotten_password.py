"""A forgotten password is replaced by a code, and nobody learns who has an account."""

import asyncio
import statistics
import time
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.identity.models import CodePurpose
from distro_api.identity.service import codes as code_service
from distro_api.identity.service.codes import Subject, network_of
from distro_api.subscriptions import subscribers
from make import identity as make
from make.codes import another, code_in, codes, forget_quotas
from make.jobs import deliver_messages, work_off
from make.parameters import set_parameter

pytestmark = pytest.mark.capability("I3")
FORGOT, RESET, LOGIN = (f"/api/v1/auth/{path}" for path in ("password/forgot", "password/reset", "login"))
NEW = "Another-Horse-8"


async def forgot(client: httpx.AsyncClient, account: str) -> httpx.Response:
    return await client.post(FORGOT, json={"account": account})


async def reset(client: httpx.AsyncClient, account: str, code: str, new_password: str = NEW) -> httpx.Response:
    return await client.post(RESET, json={"account": account, "code": code, "new_password": new_password})


async def sign_in(client: httpx.AsyncClient, account: str, password: str) -> httpx.Response:
    return await client.post(LOGIN, json={"username": account, "password": password})


async def test_a_new_password_by_code(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    asked = await forgot(client, supplier.username)
    assert (asked.status_code, asked.json()) == (202, {"expires_in": 300, "resend_in": 60})
    [message] = await deliver_messages(app, owner_connection)
    assert (message["channel"], message["to"]) == ("sms", supplier.phone)
    assert "5分钟" in message["text"]
    done = await reset(client, supplier.username, code_in(message))
    assert (done.status_code, done.content) == (204, b"")
    assert (await client.get("/api/v1/me", headers=supplier.headers)).status_code == 401
    renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": supplier.refresh_token})
    assert renewed.status_code == 401
    assert (await sign_in(client, supplier.username, make.PASSWORD)).status_code == 401
    signed_in = await sign_in(client, supplier.username, NEW)
    assert signed_in.json()["password_change_required"] is False
    await work_off(app, *(fed for fed in subscribers(app.state.settings) if fed.name == "notifications.passwords"))
    [told] = await deliver_messages(app, owner_connection)
    assert (told["to"], told["template"]) == (supplier.phone, "password_changed")
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    trail = (await client.get("/api/v1/audit?action=identity.reset_password", headers=headers)).json()["items"]
    assert [(row["user_id"], row["address"]) for row in trail] == [(str(supplier.user_id), "127.0.0.1")]


async def test_the_code_goes_where_the_account_was_named(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await owner_connection.execute(
        "UPDATE users SET email = 'wang@example.com', language = 'en' WHERE id = $1", supplier.user_id
    )
    await forgot(client, " WANG@example.com ")
    [mail] = await deliver_messages(app, owner_connection)
    assert (mail["channel"], mail["to"]) == ("mail", "wang@example.com")
    assert "5 minutes" in mail["text"]
    await forgot(client, supplier.phone.removeprefix("+86"))
    [sms] = await deliver_messages(app, owner_connection)
    assert sms["to"] == supplier.phone
    # a code of one name is no code of another
    assert (await reset(client, supplier.phone, code_in(mail))).status_code == 422
    assert (await reset(client, "wang@example.com", code_in(mail))).status_code == 204


async def test_a_locked_account_is_open_again(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    await set_parameter(client, app, "captcha_policy", "off")
    supplier = await make.supplier(app)
    for _ in range(5):
        await sign_in(client, supplier.username, "wrong-Wrong-1")
    assert (await sign_in(client, supplier.username, make.PASSWORD)).status_code == 429
    await forgot(client, supplier.username)
    [code] = (await codes(app, owner_connection)).values()
    assert (await reset(client, supplier.username, code)).status_code == 204
    assert (await sign_in(client, supplier.username, NEW)).status_code == 200


async def test_a_code_serves_once(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await forgot(client, supplier.username)
    [code] = (await codes(app, owner_connection)).values()
    answers = await asyncio.gather(*(reset(client, supplier.username, code, f"Horse-Number-{n}") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 422, 422, 422]
    assert (await reset(client, supplier.username, code, "Yet-Another-9")).json()["code"] == "invalid_code"


async def test_five_tries_and_no_more_though_they_come_at_once(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await forgot(client, supplier.username)
    [code] = (await codes(app, owner_connection)).values()
    wrong = another(code)
    guesses = await asyncio.gather(*(reset(client, supplier.username, wrong) for _ in range(8)))
    assert {guess.status_code for guess in guesses} == {422}
    assert await owner_connection.fetchval("SELECT attempts FROM confirmation_codes") == 5
    late = await reset(client, supplier.username, code)
    assert (late.status_code, late.json()["code"]) == (422, "invalid_code")
    assert (await sign_in(client, supplier.username, make.PASSWORD)).status_code == 200


async def test_the_fifth_try_still_counts(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await forgot(client, supplier.username)
    [code] = (await codes(app, owner_connection)).values()
    for _ in range(4):
        assert (await reset(client, supplier.username, another(code))).status_code == 422
    assert (await reset(client, supplier.username, code)).status_code == 204


async def test_a_code_grows_old_and_is_replaced_by_the_next(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await forgot(client, supplier.username)
    [first] = (await codes(app, owner_connection)).values()
    await forget_quotas(owner_connection)
    await forgot(client, supplier.username)
    [second] = (await codes(app, owner_connection)).values()
    if first != second:
        assert (await reset(client, supplier.username, first)).status_code == 422
    life = await owner_connection.fetchval("SELECT expires_at - created_at FROM confirmation_codes")
    assert life == timedelta(minutes=5)
    await owner_connection.execute("UPDATE confirmation_codes SET expires_at = now() - interval '1 second'")
    assert (await reset(client, supplier.username, second)).json()["code"] == "invalid_code"


async def test_the_limits_hold_silently_and_at_once(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    answers = await asyncio.gather(*(forgot(client, supplier.username) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(await deliver_messages(app, owner_connection)) == 1
    for _ in range(12):  # a minute later each time
        await owner_connection.execute("UPDATE code_quotas SET last_at = last_at - interval '61 seconds'")
        assert (await forgot(client, supplier.username)).status_code == 202
    assert len(await deliver_messages(app, owner_connection)) == 9  # ten a day
    await owner_connection.execute(
        "UPDATE code_quotas SET since = since - interval '24 hours', last_at = last_at - interval '24 hours'"
    )
    await forgot(client, supplier.username)
    assert len(await deliver_messages(app, owner_connection)) == 1


async def test_who_does_not_exist_is_answered_the_same(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    disabled = await make.supplier(app)
    await owner_connection.execute("UPDATE users SET status = 'disabled' WHERE id = $1", disabled.user_id)
    told: list[tuple[Any, ...]] = []
    for account in (
        supplier.username,
        "nobody",
        "+8613700000009",
        "nobody@example.com",
        disabled.username,
        "中文 账号",
    ):
        asked = await forgot(client, account)
        tried = await reset(client, account, "000000")
        body = {k: v for k, v in tried.json().items() if k != "request_id"}
        told.append((asked.status_code, asked.json(), tried.status_code, body))
    assert all(answer == told[0] for answer in told)
    assert told[0][2] == 422
    rows = await owner_connection.fetch("SELECT attempts FROM confirmation_codes")
    assert [row[0] for row in rows] == [1] * 6  # the same rows are written for everybody
    [message] = await deliver_messages(app, owner_connection)
    assert message["to"] == supplier.phone


async def test_nor_by_the_time_it_takes(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    """Medians, alternating, of the same work: a look-up more or a message more would show."""
    known = [await make.supplier(app) for _ in range(12)]
    took: dict[bool, list[float]] = {True: [], False: []}
    for number, supplier in enumerate(known):
        for exists, account in ((True, supplier.username), (False, f"nobody-{number}")):
            started = time.perf_counter()
            await forgot(client, account)
            await reset(client, account, "000000")
            took[exists].append(time.perf_counter() - started)
            await forget_quotas(owner_connection)
    ratio = statistics.median(took[True]) / statistics.median(took[False])
    assert 0.6 < ratio < 1.67, ratio


async def test_a_weak_password_is_refused_and_the_code_stays_good(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await forgot(client, supplier.phone)
    [code] = (await codes(app, owner_connection)).values()
    for weak in ("password123", supplier.username.upper(), "88888888"):
        answer = await reset(client, supplier.phone, code, weak)
        assert (answer.status_code, answer.json()["code"]) == (422, "weak_password")
    assert (await reset(client, supplier.phone, code)).status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"account": ""},
        {"account": "a\u0000b"},
        {"account": "x" * 255},
        {"account": ["a"]},
        {"account": "a", "to": "13900000000"},
    ],
)
async def test_bad_input_to_forgot(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post(FORGOT, json=body)).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        {"code": "12345"},
        {"code": "1234567"},
        {"code": "１２３４５６"},
        {"code": "12345\u0000"},
        {"code": 123456},
        {"code": "1" * 10_000},
        {"new_password": "short"},
        {"new_password": "x" * 129},
        {"user_id": "01890000-0000-7000-8000-000000000000"},
        {"account": "\u202e" * 300},
    ],
)
async def test_bad_input_to_reset(client: httpx.AsyncClient, change: dict[str, Any]) -> None:
    body = {"account": "a", "code": "123456", "new_password": NEW} | change
    assert (await client.post(RESET, json=body)).status_code == 422


async def test_what_is_stored_tells_neither_code_nor_target(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await forgot(client, supplier.phone)
    waiting = str(await owner_connection.fetch("SELECT convert_from(payload, 'UTF8') FROM jobs.pgqueuer"))
    stored = str(await owner_connection.fetch("SELECT * FROM confirmation_codes, code_quotas"))
    [(to, code)] = (await codes(app, owner_connection)).items()
    for text in (waiting, stored):
        assert code not in text
        assert to.removeprefix("+86") not in text
        assert code.encode().hex() not in text
    one, other = (Subject(CodePurpose.PASSWORD_RESET, to), Subject(CodePurpose.NEW_CONTACT, to))
    assert one.hash(b"k") != other.hash(b"k")


async def test_old_codes_and_quotas_are_thrown_away(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    await forgot(client, "somebody")
    await forgot(client, "somebody else")
    await owner_connection.execute(
        "UPDATE confirmation_codes SET expires_at = now() - interval '1 hour' WHERE ctid = "
        "(SELECT ctid FROM confirmation_codes LIMIT 1)"
    )
    async with app.state.database.sessions.begin() as session:
        await code_service.purge(session)
    assert await owner_connection.fetchval("SELECT count(*) FROM confirmation_codes") == 1
    assert await owner_connection.fetchval("SELECT count(*) FROM code_quotas") == 3


def test_an_ipv6_customer_is_one_address() -> None:
    assert network_of("2001:db8:1:2:a::1") == network_of("2001:db8:1:2:b::9") != network_of("2001:db8:1:3::1")
    assert network_of("192.0.2.1") == "192.0.2.1"
