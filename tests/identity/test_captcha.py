"""Captchas at sign-in: when they are asked for, that each serves one attempt, and that nothing but the picture tells."""

import asyncio
import base64
import io
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from distro_api.app import create_app
from distro_api.core import clock
from distro_api.core.settings import Settings
from make import identity as make
from make.parameters import set_parameter

pytestmark = pytest.mark.capability("I2")
LOGIN, CAPTCHA = "/api/v1/auth/login", "/api/v1/auth/captcha"


async def sign_in(
    client: httpx.AsyncClient, who: make.Signed, password: str = make.PASSWORD, **more: Any
) -> httpx.Response:
    return await client.post(LOGIN, json={"username": who.username, "password": password, **more})


async def fail(client: httpx.AsyncClient, who: make.Signed, times: int = 3) -> httpx.Response:
    answers = [await sign_in(client, who, "wrong-Wrong-1") for _ in range(times)]
    assert {answer.json()["code"] for answer in answers} == {"bad_credentials"}
    return answers[-1]


async def solved(client: httpx.AsyncClient, letters: str) -> dict[str, str]:
    answer = await client.post(CAPTCHA)
    assert answer.status_code == 200, answer.text
    return {"captcha_id": answer.json()["captcha_id"], "captcha_code": letters}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_picture_and_nothing_else(
    client: httpx.AsyncClient, readable: str, owner_connection: asyncpg.Connection
) -> None:
    answer = await client.post(CAPTCHA)
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert body.keys() == {"captcha_id", "image", "expires_in"}
    kind, _, data = body["image"].partition(",")
    assert kind == "data:image/png;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (picture.format, picture.size, picture.info) == ("PNG", (160, 60), {})  # no text hides in it
    [row] = await owner_connection.fetch("SELECT * FROM captchas")
    for told in (answer.text, str(answer.headers), str(row), base64.b64decode(data).decode("latin-1")):
        assert readable.lower() not in told.lower()
    assert len(row["code_hash"]) == 32


async def test_letters_are_not_repeated_and_none_looks_like_another(client: httpx.AsyncClient) -> None:
    from distro_api.identity.service import captchas

    codes = {captchas.random_code() for _ in range(200)}
    assert len(codes) > 195
    assert not set("".join(codes)) & set("0O1IBQS25GZ68")


async def test_adaptive_asks_after_three_failures_and_says_so_before(
    client: httpx.AsyncClient, app: FastAPI, readable: str
) -> None:
    supplier = await make.supplier(app)
    first = await sign_in(client, supplier, "wrong-Wrong-1")
    assert first.json()["captcha_required"] is False
    assert (await fail(client, supplier, 2)).json()["captcha_required"] is True
    assert code(await sign_in(client, supplier)) == (401, "captcha_required")  # the right password does not help
    answer = await sign_in(client, supplier, **await solved(client, f" {readable.lower()} "))
    assert answer.status_code == 200, answer.text
    assert (await sign_in(client, supplier)).status_code == 200  # success forgets
    outcomes = await client.get("/api/v1/me/logins", headers=supplier.headers)
    told = [row["outcome"] for row in outcomes.json()["items"]]
    assert told == ["success", "success", "captcha_required", *["wrong_password"] * 3]


async def test_unknown_accounts_are_asked_alike(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    texts = []
    for name in (supplier.username, "nobody-here"):
        sent = {"json": {"username": name, "password": "wrong-Wrong-1"}, "headers": {"X-Request-Id": "same"}}
        texts.append([(await client.post(LOGIN, **sent)).text for _ in range(4)])
    assert texts[0] == texts[1]
    assert "captcha_required" in texts[0][3]


async def test_always_and_off(client: httpx.AsyncClient, app: FastAPI, readable: str) -> None:
    supplier = await make.supplier(app)
    await set_parameter(client, app, "captcha_policy", "always")
    assert code(await sign_in(client, supplier)) == (401, "captcha_required")
    assert (await sign_in(client, supplier, **await solved(client, readable))).status_code == 200
    assert code(await sign_in(client, supplier)) == (401, "captcha_required")  # each time
    await set_parameter(client, app, "captcha_policy", "off")
    assert (await sign_in(client, supplier)).status_code == 200
    assert (await fail(client, supplier, 4)).json()["captcha_required"] is False


async def test_a_captcha_serves_one_attempt_right_or_wrong(
    client: httpx.AsyncClient, app: FastAPI, readable: str
) -> None:
    supplier, other = await make.supplier(app), await make.supplier(app)
    await set_parameter(client, app, "captcha_policy", "always")
    good = await solved(client, readable)
    assert (await sign_in(client, supplier, **good)).status_code == 200
    assert code(await sign_in(client, supplier, **good)) == (401, "captcha_invalid")
    assert code(await sign_in(client, other, **good)) == (401, "captcha_invalid")  # nor for another account
    spent = await solved(client, readable)
    assert code(await sign_in(client, supplier, "wrong-Wrong-1", **spent)) == (401, "bad_credentials")
    assert code(await sign_in(client, supplier, **spent)) == (401, "captcha_invalid")
    missed = await solved(client, readable)
    assert code(await sign_in(client, supplier, **missed | {"captcha_code": "AAAAA"})) == (401, "captcha_invalid")
    assert code(await sign_in(client, supplier, **missed)) == (401, "captcha_invalid")  # no second guess


async def test_one_captcha_in_parallel_serves_once(client: httpx.AsyncClient, app: FastAPI, readable: str) -> None:
    suppliers = [await make.supplier(app) for _ in range(6)]
    await set_parameter(client, app, "captcha_policy", "always")
    good = await solved(client, readable)
    answers = await asyncio.gather(*(sign_in(client, supplier, **good) for supplier in suppliers))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5


async def test_it_expires(client: httpx.AsyncClient, app: FastAPI, readable: str) -> None:
    supplier = await make.supplier(app)
    await set_parameter(client, app, "captcha_policy", "always")
    good = await solved(client, readable)
    with clock.at(clock.now() + timedelta(seconds=301)):
        assert code(await sign_in(client, supplier, **good)) == (401, "captcha_invalid")


@pytest.mark.parametrize(
    "answer",
    [
        {"captcha_id": "1", "captcha_code": "ABCDE"},
        {"captcha_id": "01890000-0000-7000-8000-000000000000", "captcha_code": "ABCDE"},
        {"captcha_id": "' OR 1=1 --", "captcha_code": "ABCDE"},
        {"captcha_id": "01890000-0000-7000-8000-000000000000", "captcha_code": ""},
    ],
)
async def test_made_up_answers(client: httpx.AsyncClient, app: FastAPI, answer: dict[str, str]) -> None:
    supplier = await make.supplier(app)
    await set_parameter(client, app, "captcha_policy", "always")
    assert code(await sign_in(client, supplier, **answer)) == (401, "captcha_invalid")
    outcomes = await client.get("/api/v1/me/logins", headers=supplier.headers)
    assert outcomes.json()["items"][0]["outcome"] == "captcha_invalid"


async def test_guesses_in_parallel_do_not_outrun_it(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    answers = await asyncio.gather(*(sign_in(client, supplier, f"wrong-Wrong-{n}") for n in range(10)))
    codes = [answer.json()["code"] for answer in answers]
    assert codes.count("bad_credentials") == 3
    assert codes.count("captcha_required") == 7


async def test_solved_in_another_process(
    client: httpx.AsyncClient, app: FastAPI, settings: Settings, readable: str
) -> None:
    supplier = await make.supplier(app)
    await set_parameter(client, app, "captcha_policy", "always")
    good = await solved(client, readable)
    second = create_app(settings)
    async with second.router.lifespan_context(second):
        transport = httpx.ASGITransport(second, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://second") as elsewhere:
            assert (await sign_in(elsewhere, supplier, **good)).status_code == 200


async def test_the_form_of_swagger_ui_takes_it(client: httpx.AsyncClient, app: FastAPI, readable: str) -> None:
    supplier = await make.supplier(app)
    form = {"grant_type": "password", "username": supplier.username, "password": make.PASSWORD, "scope": ""}
    assert (await client.post("/api/v1/auth/token", data=form)).status_code == 200  # as Authorize sends it
    await set_parameter(client, app, "captcha_policy", "always")
    assert code(await client.post("/api/v1/auth/token", data=form)) == (401, "captcha_required")
    with_captcha = form | await solved(client, readable)
    assert (await client.post("/api/v1/auth/token", data=with_captcha)).status_code == 200


async def test_an_address_gets_so_many_a_minute(client: httpx.AsyncClient, app: FastAPI) -> None:
    await set_parameter(client, app, "captchas_per_minute", 5)
    now = clock.now()
    with clock.at(now):
        answers = await asyncio.gather(*(client.post(CAPTCHA) for _ in range(12)))
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 7
        refused = await client.post(CAPTCHA)
        assert code(refused) == (429, "too_many_requests")
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
    with clock.at(now + timedelta(seconds=61)):
        assert (await client.post(CAPTCHA)).status_code == 200
