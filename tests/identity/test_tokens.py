"""Access tokens: only what we signed, for as long as it says, for whom it says."""

import asyncio
import base64
import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from jose import jwt

from distro_api.core.crypto import derive
from distro_api.core.settings import Settings
from make import identity as make

pytestmark = pytest.mark.capability("I1")


def claims_of(signed: make.Signed) -> dict[str, Any]:
    return dict(jwt.get_unverified_claims(signed.access_token))


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.fixture
def key(settings: Settings) -> bytes:
    return derive(settings.root_key, "access-token/1")


async def answers(client: httpx.AsyncClient, token: str) -> int:
    answer = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    if answer.status_code == 401:
        assert answer.json()["code"] == "not_authenticated"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    return answer.status_code


async def test_the_same_claims_signed_by_us_are_good(client: httpx.AsyncClient, app: FastAPI, key: bytes) -> None:
    claims = claims_of(await make.supplier(app))
    assert await answers(client, jwt.encode(claims, key, "HS256", headers={"kid": "1"})) == 200


async def test_unsigned(client: httpx.AsyncClient, app: FastAPI) -> None:
    claims = claims_of(await make.admin(app))
    for algorithm in ("none", "None", "NONE", ""):
        head = part({"alg": algorithm, "typ": "JWT", "kid": "1"})
        assert await answers(client, f"{head}.{part(claims)}.") == 401
        assert await answers(client, f"{head}.{part(claims)}.AAAA") == 401


async def test_other_keys_and_algorithms(client: httpx.AsyncClient, app: FastAPI, key: bytes) -> None:
    claims = claims_of(await make.admin(app))
    for secret, algorithm, head in (
        (b"another key of thirty-two bytes!", "HS256", {"kid": "1"}),
        (key, "HS256", {"kid": "2"}),
        (key, "HS256", {"kid": "../1"}),
        (key, "HS256", {}),
        (key, "HS384", {"kid": "1"}),
        (key, "HS512", {"kid": "1"}),
    ):
        assert await answers(client, jwt.encode(claims, secret, algorithm, headers=head)) == 401


@pytest.mark.parametrize(
    "change",
    [
        {"exp": int(time.time()) - 1},
        {"exp": None},
        {"aud": "another"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"sub": None},
        {"sub": "admin"},
        {"org": None},
        {"sid": None},
        {"sid": 7},
        {"kind": None},
    ],
)
async def test_missing_expired_or_foreign_claims(
    client: httpx.AsyncClient, app: FastAPI, key: bytes, change: dict[str, Any]
) -> None:
    claims = {name: value for name, value in (claims_of(await make.admin(app)) | change).items() if value is not None}
    assert await answers(client, jwt.encode(claims, key, "HS256", headers={"kid": "1"})) == 401


async def test_changed_payload(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    head, _, signature = supplier.access_token.split(".")
    forged = part(claims_of(supplier) | {"kind": "admin"})
    assert await answers(client, f"{head}.{forged}.{signature}") == 401


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic YTpi", "Bearer " + "x" * 5000]
)
async def test_malformed_headers(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.get("/api/v1/me", headers={"Authorization": value})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


async def test_a_cached_token_expires_too(client: httpx.AsyncClient, app: FastAPI, key: bytes) -> None:
    claims = claims_of(await make.supplier(app)) | {"exp": int(time.time()) + 1, "sid": str(uuid4())}
    token = jwt.encode(claims, key, "HS256", headers={"kid": "1"})
    assert await answers(client, token) == 200
    await asyncio.sleep(max(0.0, claims["exp"] - time.time()) + 0.01)
    assert await answers(client, token) == 401
