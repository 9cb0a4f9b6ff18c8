"""Failures from one address: a limit wide enough for an office, and no way around the limit of the account."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from distro_api.core import clock
from make import identity as make
from make.parameters import set_parameter

pytestmark = pytest.mark.capability("I1")
From = Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def coming_from(app: FastAPI, client: httpx.AsyncClient) -> From:
    """HTTP from an address of the test's choice."""

    @asynccontextmanager
    async def at(address: str) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
            yield made

    return at


async def attempt(client: httpx.AsyncClient, username: str, password: str = "wrong-Wrong-1") -> str:
    answer = await client.post("/api/v1/auth/login", json={"username": username, "password": password})
    return str(answer.json().get("code", "success"))


async def test_guessing_one_password_for_many_accounts_locks_the_address(
    client: httpx.AsyncClient, app: FastAPI, no_captcha: None, coming_from: From
) -> None:
    supplier = await make.supplier(app)
    await set_parameter(client, app, "address_failures_allowed", 20)
    started = clock.now()
    async with coming_from("203.0.113.9") as bad, coming_from("203.0.113.10") as neighbour:
        assert {await attempt(bad, f"guess-{n}") for n in range(20)} == {"bad_credentials"}
        refused = await bad.post("/api/v1/auth/login", json={"username": supplier.username, "password": make.PASSWORD})
        assert (refused.status_code, refused.json()["code"]) == (429, "address_locked")
        assert 25 <= int(refused.headers["Retry-After"]) <= 31
        assert await attempt(neighbour, supplier.username, make.PASSWORD) == "success"
        with clock.at(started + timedelta(seconds=40)):
            assert await attempt(bad, "guess-21") == "bad_credentials"
            again = await bad.post("/api/v1/auth/login", json={"username": "guess-22", "password": "x"})
            assert 55 <= int(again.headers["Retry-After"]) <= 61  # each lock is longer
        with clock.at(started + timedelta(seconds=3700)):  # counted by the hour
            assert await attempt(bad, "guess-23") == "bad_credentials"
            assert await attempt(bad, supplier.username, make.PASSWORD) == "success"


async def test_an_office_of_slips_is_not_locked_out(
    app: FastAPI, client: httpx.AsyncClient, no_captcha: None, coming_from: From
) -> None:
    """Thirty people behind one address who each mistype twice, and then sign in."""
    people = [await make.distributor(app) for _ in range(30)]
    async with coming_from("198.51.100.7") as office:
        for person in people:
            assert [await attempt(office, person.username) for _ in range(2)] == ["bad_credentials"] * 2
            assert await attempt(office, person.username, make.PASSWORD) == "success"


async def test_one_good_account_buys_no_guesses(
    client: httpx.AsyncClient, app: FastAPI, no_captcha: None, coming_from: From
) -> None:
    own = await make.supplier(app)
    await set_parameter(client, app, "address_failures_allowed", 20)
    async with coming_from("203.0.113.9") as bad:
        for n in range(20):
            assert await attempt(bad, f"guess-{n}") == "bad_credentials"
            if n < 19:
                assert await attempt(bad, own.username, make.PASSWORD) == "success"
        assert await attempt(bad, own.username, make.PASSWORD) == "address_locked"


async def test_many_addresses_do_not_get_around_the_account_s_limit(
    app: FastAPI, client: httpx.AsyncClient, no_captcha: None, coming_from: From
) -> None:
    supplier = await make.supplier(app)
    answers = []
    for n in range(7):
        async with coming_from(f"203.0.113.{n + 1}") as bad:
            answers.append(await attempt(bad, supplier.username))
    assert answers == ["bad_credentials"] * 5 + ["account_locked"] * 2


async def test_a_subscriber_s_whole_ipv6_network_counts_as_one(
    client: httpx.AsyncClient, app: FastAPI, no_captcha: None, coming_from: From
) -> None:
    await set_parameter(client, app, "address_failures_allowed", 20)
    for n in range(20):
        async with coming_from(f"2001:db8:1:1::{n:x}") as bad:
            assert await attempt(bad, f"guess-{n}") == "bad_credentials"
    async with coming_from("2001:db8:1:1:ffff::1") as bad, coming_from("2001:db8:1:2::1") as neighbour:
        assert await attempt(bad, "guess-20") == "address_locked"
        assert await attempt(neighbour, "guess-20") == "bad_credentials"


@pytest.mark.capability("I2")
async def test_after_some_failures_the_address_must_solve_captchas(
    app: FastAPI, client: httpx.AsyncClient, coming_from: From
) -> None:
    supplier = await make.supplier(app)
    async with coming_from("203.0.113.9") as bad, coming_from("203.0.113.10") as neighbour:
        for n in range(20):
            assert await attempt(bad, f"guess-{n}") == "bad_credentials"
        assert await attempt(bad, supplier.username, make.PASSWORD) == "captcha_required"
        assert await attempt(neighbour, supplier.username, make.PASSWORD) == "success"


@pytest.mark.parametrize(
    "peer, shown",
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("<script>alert(1)</script>", ""),
        ("fe80::1%<script>", "fe80::1"),
        ("1" * 6000, ""),
        ("unknown", ""),
    ],
)
async def test_only_an_address_is_recorded_as_one(
    client: httpx.AsyncClient, app: FastAPI, peer: str, shown: str
) -> None:
    """Whoever reaches a trusted proxy's place may write anything into X-Forwarded-For."""
    own = await make.supplier(app)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as there:
        body = {"username": own.username, "password": make.PASSWORD}
        assert (await there.post("/api/v1/auth/login", json=body)).status_code == 200
    [login] = (await client.get("/api/v1/me/logins", headers=own.headers)).json()["items"][:1]
    assert login["address"] == shown
