"""The payment password: six digits apart from the login password, with a limit and a lock of its own."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.core import clock
from distro_api.core.errors import DomainError
from distro_api.identity.models import Kind
from distro_api.identity.principal import Principal
from distro_api.identity.service import payment_password
from make import identity as make
from make.codes import another, codes, forget_quotas
from make.jobs import deliver_messages, work_off
from make.second_factor import enrolled

pytestmark = pytest.mark.capability("I7")
PATH = "/api/v1/me/payment-password"
VALUE, OTHER, WRONG = "730164", "940275", "550912"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def put(client: httpx.AsyncClient, who: make.Signed, value: str = VALUE, **more: Any) -> httpx.Response:
    return await client.post(PATH, json={"value": value, "password": make.PASSWORD} | more, headers=who.headers)


async def change(client: httpx.AsyncClient, who: make.Signed, old: str, value: str = OTHER) -> httpx.Response:
    return await client.post(f"{PATH}/change", json={"old_value": old, "value": value}, headers=who.headers)


async def paying(client: httpx.AsyncClient, app: FastAPI) -> make.Signed:
    """A distributor with a payment password."""
    distributor = await make.distributor(app)
    assert (await put(client, distributor)).status_code == 200
    return distributor


async def test_set_by_the_login_password_and_changed_by_the_old_one(client: httpx.AsyncClient, app: FastAPI) -> None:
    distributor = await make.distributor(app)
    before = await client.get(PATH, headers=distributor.headers)
    assert before.json() == {"is_set": False, "changed_at": None}
    assert code(await change(client, distributor, VALUE)) == (409, "payment_password_not_set")
    assert code(await put(client, distributor, password="wrong-Wrong-1")) == (422, "wrong_password")
    assert (await put(client, distributor)).json()["is_set"] is True
    assert code(await put(client, distributor, OTHER)) == (409, "payment_password_exists")
    assert (await change(client, distributor, VALUE)).status_code == 200
    wrong = await change(client, distributor, VALUE, WRONG)
    assert code(wrong) == (422, "wrong_payment_password")
    assert wrong.json()["attempts_left"] == 4
    assert (await change(client, distributor, OTHER, VALUE)).status_code == 200


async def test_the_login_password_is_another_thing(client: httpx.AsyncClient, app: FastAPI) -> None:
    distributor = await paying(client, app)
    body = {"username": distributor.username, "password": VALUE}
    assert code(await client.post("/api/v1/auth/login", json=body)) == (401, "bad_credentials")
    changed = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    renewed = await client.post("/api/v1/me/password", json=changed, headers=distributor.headers)
    headers = {"Authorization": f"Bearer {renewed.json()['access_token']}"}
    assert (await client.get(PATH, headers=headers)).json()["is_set"] is True


async def test_a_second_factor_is_asked_for(client: httpx.AsyncClient, app: FastAPI) -> None:
    distributor = await make.distributor(app)
    phone = await enrolled(client, distributor)
    for more in ({}, {"otp": "000000"}):
        assert code(await put(client, distributor, **more)) == (422, "second_factor_refused")
    assert (await put(client, distributor, otp=phone.code())).status_code == 200


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("888888", "weak_payment_password"),
        ("123456", "weak_payment_password"),
        ("654321", "weak_payment_password"),
        ("567890", "weak_payment_password"),
        ("121212", "weak_payment_password"),
        ("520520", "weak_payment_password"),
        ("12345", "validation_failed"),
        ("1234567", "validation_failed"),
        ("１２３４５６", "validation_failed"),
        ("12345\u0000", "validation_failed"),
        ("abcdef", "validation_failed"),
        (730164, "validation_failed"),
        (None, "validation_failed"),
    ],
)
async def test_what_is_too_easy_or_no_six_digits(
    client: httpx.AsyncClient, app: FastAPI, value: Any, expected: str
) -> None:
    distributor = await make.distributor(app)
    answer = await put(client, distributor, value)
    assert code(answer) == (422, expected)
    assert str(value) not in answer.text


async def test_none_of_the_phone_number(client: httpx.AsyncClient, app: FastAPI) -> None:
    distributor = await make.distributor(app)
    assert code(await put(client, distributor, distributor.phone[-6:])) == (422, "weak_payment_password")


async def test_it_is_kept_as_a_hash_and_told_nowhere(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    distributor = await make.distributor(app)
    keyed = distributor.with_key("pay-1")
    await client.post(PATH, json={"value": VALUE, "password": make.PASSWORD}, headers=keyed)
    [row] = await owner_connection.fetch("SELECT * FROM payment_passwords")
    assert row["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    tables = ("payment_passwords", "audit_log", "outbox", "idempotency_keys")
    told = [await owner_connection.fetch(f"SELECT t::text FROM {table} t") for table in tables]
    assert VALUE not in str(told) + caplog.text


async def test_guesses_lock_it_and_nothing_else(client: httpx.AsyncClient, app: FastAPI) -> None:
    distributor = await paying(client, app)
    left = [(await change(client, distributor, WRONG)).json()["attempts_left"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    locked = await change(client, distributor, VALUE)  # the right one does not help
    assert code(locked) == (429, "payment_password_locked")
    assert 590 <= int(locked.headers["Retry-After"]) <= 601
    body = {"username": distributor.username, "password": make.PASSWORD}
    assert (await client.post("/api/v1/auth/login", json=body)).status_code == 200
    with clock.at(clock.now() + timedelta(seconds=601)):
        assert code(await change(client, distributor, WRONG)) == (422, "wrong_payment_password")
        again = await change(client, distributor, VALUE)
        assert 1190 <= int(again.headers["Retry-After"]) <= 1201  # twice as long
    with clock.at(clock.now() + timedelta(seconds=2000)):
        assert (await change(client, distributor, VALUE)).status_code == 200


async def test_guesses_in_parallel_are_judged_one_by_one(client: httpx.AsyncClient, app: FastAPI) -> None:
    distributor = await paying(client, app)
    answers = await asyncio.gather(*(change(client, distributor, f"55091{n}") for n in range(10)))
    codes_seen = [answer.json()["code"] for answer in answers]
    assert codes_seen.count("wrong_payment_password") == 5
    assert codes_seen.count("payment_password_locked") == 5


async def test_a_key_does_not_forget_wrong_attempts(client: httpx.AsyncClient, app: FastAPI) -> None:
    """A refusal rolls the request back; the count is no part of it."""
    distributor = await paying(client, app)
    body = {"old_value": WRONG, "value": OTHER}
    for n in range(5):
        answer = await client.post(f"{PATH}/change", json=body, headers=distributor.with_key(f"guess-{n}"))
        assert code(answer) == (422, "wrong_payment_password")
    assert code(await change(client, distributor, VALUE)) == (429, "payment_password_locked")


async def test_reset_by_a_code(client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection) -> None:
    distributor = await paying(client, app)
    for _ in range(5):
        await change(client, distributor, WRONG)
    asked = await client.post(f"{PATH}/codes", headers=distributor.headers)
    assert asked.status_code == 202
    [sent] = (await codes(app, owner_connection)).values()

    async def reset(digits: str, password: str = make.PASSWORD) -> httpx.Response:
        body = {"code": digits, "value": OTHER, "password": password}
        return await client.post(f"{PATH}/reset", json=body, headers=distributor.headers)

    assert code(await reset(sent, "wrong-Wrong-1")) == (422, "wrong_password")
    assert code(await reset(another(sent))) == (422, "invalid_code")
    assert (await reset(sent)).status_code == 200
    assert code(await reset(sent)) == (422, "invalid_code")  # once
    assert (await change(client, distributor, OTHER, VALUE)).status_code == 200  # the lock is lifted


async def test_a_code_of_another_purpose_or_person_resets_nothing(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    distributor, thief = await paying(client, app), await paying(client, app)
    await client.post("/api/v1/auth/password/forgot", json={"account": distributor.phone})
    [for_login] = (await codes(app, owner_connection)).values()
    await forget_quotas(owner_connection)
    await client.post(f"{PATH}/codes", headers=distributor.headers)
    [for_paying] = (await codes(app, owner_connection)).values()
    for who, digits in ((distributor, for_login), (thief, for_paying)):
        body = {"code": digits, "value": OTHER, "password": make.PASSWORD}
        assert code(await client.post(f"{PATH}/reset", json=body, headers=who.headers)) == (422, "invalid_code")


async def test_the_person_is_told(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    from distro_api.subscriptions import subscribers

    distributor = await paying(client, app)
    [told] = [one for one in subscribers(app.state.settings) if one.name == "notifications.passwords"]
    await work_off(app, told)
    [message] = await deliver_messages(app, owner_connection)
    assert (message["to"], message["template"]) == (distributor.phone, "payment_password_changed")
    trail = await client.get("/api/v1/audit?action=identity.set_payment_password", headers=distributor.headers)
    assert len(trail.json()["items"]) == 1


async def test_owners_and_finance_may_have_one(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor, admin = await make.supplier(app), await make.distributor(app), await make.admin(app)
    finance = await make.colleague(app, distributor, "finance")
    viewer = await make.colleague(app, distributor, "viewer")
    for who in (supplier, distributor, finance):
        assert (await put(client, who)).status_code == 200
    for who in (viewer, admin):
        assert code(await put(client, who)) == (403, "permission_denied")


async def test_what_later_rooms_call(client: httpx.AsyncClient, app: FastAPI) -> None:
    """`payment_password.check`: raises what is wrong, and counts it although the caller's transaction rolls back."""
    distributor = await make.distributor(app)
    principal = Principal(
        distributor.user_id, distributor.organization_id, Kind.DISTRIBUTOR, frozenset(), distributor.user_id
    )

    async def check(value: str) -> str:
        try:
            await payment_password.check(app.state.database.sessions, make.issuer(app), principal, value)
        except DomainError as refusal:
            return refusal.code
        return "right"

    assert await check(VALUE) == "payment_password_not_set"
    await put(client, distributor)
    assert [await check(WRONG) for _ in range(4)] == ["wrong_payment_password"] * 4
    assert await check(VALUE) == "right"  # forgets
    assert [await check(WRONG) for _ in range(5)] == ["wrong_payment_password"] * 5
    assert await check(VALUE) == "payment_password_locked"
