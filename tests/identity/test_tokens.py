"""Access tokens: only what we signed, for as long as it says, for whom it says."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
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


async def test_a_public_key_is_no_secret(client: httpx.AsyncClient, app: FastAPI, key: bytes) -> None:
    """RS256 by a key of the forger's own; and, the other way round, HMAC with what would be a public key."""
    claims = claims_of(await make.admin(app))
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert await answers(client, jwt.encode(claims, private, "RS256", headers={"kid": "1"})) == 401
    for secret in (public, b"", base64.b64encode(key)):
        head, body = part({"alg": "HS256", "typ": "JWT", "kid": "1"}), part(claims)
        mac = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
        assert await answers(client, f"{head}.{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}") == 401
    embedded = {"kid": "1", "jwk": {"kty": "oct", "k": base64.urlsafe_b64encode(b"mine").decode()}, "jku": "http://x"}
    assert await answers(client, jwt.encode(claims, "mine", "HS256", headers=embedded)) == 401


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


async def test_nobody_grants_himself_anything(client: httpx.AsyncClient, app: FastAPI) -> None:
    """What a token says is worth as much as its signature, and what signing in takes is only what it names."""
    distributor = await make.distributor(app)
    for more in (
        {"role": "owner"},
        {"roles": ["owner"]},
        {"kind": "admin"},
        {"organization_id": str(uuid4())},
        {"permissions": ["organizations:manage"]},
        {"second_factor": True},
        {"sid": str(uuid4())},
    ):
        body = {"username": distributor.username, "password": make.PASSWORD} | more
        for path, sent in (("login", {"json": body}), ("token", {"data": body})):
            answer = await client.post(f"/api/v1/auth/{path}", **sent)  # type: ignore[arg-type]
            assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), more
        refreshed = await client.post("/api/v1/auth/refresh", json={"refresh_token": distributor.refresh_token} | more)
        assert refreshed.status_code == 422
    wide = await client.post(
        "/api/v1/auth/login",
        json={"username": distributor.username, "password": make.PASSWORD, "scope": "organizations:manage me"},
    )
    assert wide.json()["scope"] == "me"


async def test_a_session_is_never_the_client_s_choice(client: httpx.AsyncClient, app: FastAPI) -> None:
    """No fixation: signing in with another's or an old session at hand starts a new one, and leaves no way back."""
    thief, victim = await make.supplier(app), await make.supplier(app)
    body = {"username": victim.username, "password": make.PASSWORD}
    planted = {"Cookie": f"session={thief.refresh_token}; sid={claims_of(thief)['sid']}", **thief.headers}
    signed = await client.post("/api/v1/auth/login", json=body, headers=planted)
    token = signed.json()["access_token"]
    mine = jwt.get_unverified_claims(token)
    assert mine["sid"] not in (claims_of(thief)["sid"], claims_of(victim)["sid"])
    assert mine["sub"] == str(victim.user_id)
    assert signed.json()["refresh_token"] not in (thief.refresh_token, victim.refresh_token)
    assert "set-cookie" not in signed.headers
    change = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
    changed = await client.post("/api/v1/me/password", json=change, headers={"Authorization": f"Bearer {token}"})
    after = jwt.get_unverified_claims(changed.json()["access_token"])
    assert after["sid"] != mine["sid"]
    for old in (token, victim.access_token):
        assert await answers(client, old) == 401
    for old in (signed.json()["refresh_token"], victim.refresh_token):
        assert (await client.post("/api/v1/auth/refresh", json={"refresh_token": old})).status_code == 401


@pytest.mark.capability("I9")
async def test_a_disabled_person_s_tokens_are_worth_nothing(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    hired = await make.colleague(app, supplier, "operator")
    assert await answers(client, hired.access_token) == 200
    path = f"/api/v1/users/{hired.user_id}"
    done = await client.post(f"{path}/disable", json={"reason": "离职"}, headers=supplier.headers)
    assert done.status_code == 200, done.text
    assert await answers(client, hired.access_token) == 401
    renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": hired.refresh_token})
    assert renewed.status_code == 401
    signed = await client.post("/api/v1/auth/login", json={"username": hired.username, "password": make.PASSWORD})
    assert (signed.status_code, signed.json()["code"]) == (401, "bad_credentials")
    await client.post(f"{path}/enable", headers=supplier.headers)
    assert await answers(client, hired.access_token) == 401  # what was ended stays so


@pytest.mark.capability("I8")
async def test_a_role_taken_away_is_gone_from_the_token_in_use(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    hired = await make.colleague(app, supplier, "operator")
    assert (await client.get("/api/v1/products", headers=hired.headers)).status_code == 200
    gate = {"name": "闸机", "permissions": ["tickets:redeem"]}
    role = (await client.post("/api/v1/roles", json=gate, headers=supplier.headers)).json()
    path = f"/api/v1/users/{hired.user_id}/roles"
    done = await client.put(path, json={"role_ids": [role["id"]]}, headers=supplier.headers)
    assert done.status_code == 200, done.text
    refused = await client.get("/api/v1/products", headers=hired.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": hired.refresh_token})
    assert "products:read" not in renewed.json()["scope"].split()
