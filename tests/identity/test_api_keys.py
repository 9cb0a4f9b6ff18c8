"""API keys: what a program may do with one, and everything that ends it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from distro_api.core.crypto import keyed_hash
from distro_api.core.settings import Settings
from distro_api.identity.models import Kind
from distro_api.identity.permissions import PERMISSIONS, for_keys, of_kind
from make.keys import from_address, make_key, program
from make.people import built_in, colleague, role
from make.people import owner as owner_of
from make.processes import another_process, statements
from make.store import OpenStore

pytestmark = pytest.mark.capability("I13")
KEYS = "/api-keys"


def soon(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


async def test_a_program_sells_with_a_key(opens: OpenStore, owner_connection: asyncpg.Connection) -> None:
    store = await opens()
    buyer = store.distributor
    key = await make_key(buyer, "offers:read", "orders:place", "orders:read")
    assert key["secret"].startswith(key["secrets"][0]["prefix"] + "_")
    assert (key["status"], key["user"]["id"]) == ("active", str(buyer.signed.user_id))
    shop = program(buyer, key)
    order = await shop.post("/orders", store.order(), key="order-1")
    assert order["status"] == "paid"
    assert await shop.post("/orders", store.order(), key="order-1") == order
    # keys of idempotency are the organization's, whoever acts for it
    assert await buyer.post("/orders", store.order(), key="order-1") == order
    assert (await shop.get(f"/orders/{order['id']}"))["id"] == order["id"]
    await shop.refused(403, "permission_denied", "POST", f"/orders/{order['id']}/cancel", {"reason": "x"})
    [row] = await owner_connection.fetch("SELECT * FROM audit_log WHERE action = 'orders.place'")
    assert (row["organization_id"], row["user_id"]) == (buyer.signed.organization_id, buyer.signed.user_id)
    assert str(row["api_key_id"]) == key["id"]
    told = (await buyer.get("/audit", api_key_id=key["id"]))["items"]
    assert [item["api_key_id"] for item in told] == [key["id"]]


async def test_the_secret_is_shown_once_and_kept_nowhere(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection, settings: Settings
) -> None:
    owner = await owner_of(app, client)
    body = {"name": "官网商城", "scopes": ["orders:read"]}
    made = await owner.post(KEYS, body, key="key-1")
    assert await owner.post(KEYS, body, key="key-1") == made | {"secret": None}
    secret = made["secret"]
    assert len(secret) == 64 and secret.startswith("dk_live_")
    assert secret not in str(await owner.get(f"{KEYS}/{made['id']}")) + str(await owner.get(KEYS))
    assert secret not in str(await owner.get("/audit", object_id=made["id"]))
    stored = await owner_connection.fetchrow("SELECT * FROM api_key_secrets")
    assert stored["secret_hash"] == keyed_hash(settings.root_key, "api-key", secret)
    tables = await owner_connection.fetch(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    for (table,) in tables:
        text = await owner_connection.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} t") or ""
        assert secret[21:] not in text, table


async def test_a_key_is_found_listed_and_changed(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    made = await make_key(owner, "orders:read", networks=["203.0.113.9/24", "2001:DB8::1"], expires_at=soon(days=1))
    assert made["networks"] == ["203.0.113.0/24", "2001:db8::1/128"]
    path = f"{KEYS}/{made['id']}"
    changed = await owner.do("PATCH", path, {"name": "商城", "scopes": ["tickets:read"], "expires_at": None})
    assert (changed["name"], changed["scopes"], changed["expires_at"]) == ("商城", ["tickets:read"], None)
    assert changed["networks"] == made["networks"]
    await owner.refused(412, "precondition_failed", "PATCH", path, {"name": "x"}, headers={"If-Match": '"1"'})
    await owner.refused(422, "validation_failed", "PATCH", path, {"name": None})
    old = await make_key(owner, "orders:read", name="旧")
    await owner.do("DELETE", f"{KEYS}/{old['id']}")
    short = await make_key(owner, "orders:read", name="短", expires_at=soon(seconds=0.2))
    await asyncio.sleep(0.25)

    async def names(**query: str) -> list[str]:
        return [row["name"] for row in (await owner.get(KEYS, **query))["items"]]

    assert await names() == ["短", "旧", "商城"]
    assert (await names(status="active"), await names(status="revoked"), await names(status="expired")) == (
        ["商城"],
        ["旧"],
        ["短"],
    )
    assert await names(q="商") == ["商城"]
    assert await names(user_id=str(owner.signed.user_id), sort="created_at") == ["商城", "旧", "短"]
    await owner.refused(409, "state_conflict", "DELETE", f"{KEYS}/{old['id']}")
    await owner.refused(409, "state_conflict", "PATCH", f"{KEYS}/{old['id']}", {"name": "x"})
    await owner.refused(409, "state_conflict", "POST", f"{KEYS}/{short['id']}/rotate", {})
    await owner.do("PATCH", f"{KEYS}/{short['id']}", {"expires_at": soon(days=1)})
    assert await names(status="expired") == []


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": []},
        {"scopes": None},
        {"scopes": "orders:read"},
        {"scopes": ["orders:read"] * 501},
        {"scopes": ["ORDERS:read"]},
        {"networks": ["203.0.113.0/33"]},
        {"networks": ["example.com"]},
        {"networks": ["::ffff:203.0.113.1"]},
        {"networks": ["203.0.113.1\u0000"]},
        {"networks": ["203.0.113.1"] * 101},
        {"expires_at": "tomorrow"},
        {"expires_at": "2030-01-01T00:00:00"},
        {"name": ""},
        {"user_id": str(uuid4())},
        {"organization_id": str(uuid4())},
        {"secret": "dk_live_mine"},
        {"kind": "admin"},
        {"role": "owner"},
    ],
)
async def test_bad_keys_and_mass_assignment(client: httpx.AsyncClient, app: FastAPI, change: dict[str, Any]) -> None:
    owner = await owner_of(app, client)
    body = {"name": "官网商城", "scopes": ["orders:read"]} | change
    await owner.refused(422, "validation_failed", "POST", KEYS, body)
    assert (await owner.get(KEYS))["items"] == []


async def test_a_key_gets_no_more_than_its_maker_holds(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    maker = await colleague(app, owner, (await role(owner, "api_keys:manage", "api_keys:read", "orders:read"))["id"])
    body = {"name": "越权", "scopes": ["orders:read", "accounts:manage"]}
    problem = await maker.refused(403, "cannot_grant", "POST", KEYS, body)
    assert problem["permissions"] == ["accounts:manage"]
    strong = await make_key(owner, "accounts:manage")
    await maker.refused(403, "cannot_grant", "POST", f"{KEYS}/{strong['id']}/rotate", {})
    await maker.refused(403, "cannot_grant", "PATCH", f"{KEYS}/{strong['id']}", {"networks": []})
    own = await make_key(maker, "orders:read")
    await maker.refused(403, "cannot_grant", "PATCH", f"{KEYS}/{own['id']}", {"scopes": ["tickets:read"]})
    narrow = await colleague(app, owner, "owner", scope="api_keys:manage orders:read")
    await narrow.refused(403, "cannot_grant", "POST", KEYS, {"name": "x", "scopes": ["tickets:read"]})
    for unknown in ("orders:place", "products:review", "no:such"):
        body = {"name": "x", "scopes": [unknown]}
        await owner.refused(422, "unknown_permission", "POST", KEYS, body)


async def test_a_key_never_decides_who_may_do_what(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    """Such scopes are refused, and would grant nothing if they stood in the database; every such route is asked."""
    admin = await owner_of(app, client, Kind.ADMIN)
    personal = sorted(of_kind(Kind.ADMIN) - for_keys(PERMISSIONS))
    assert {"me", "me:password", "users:manage", "roles:manage", "api_keys:manage", "organizations:manage"} <= set(
        personal
    )
    for name in personal:
        body = {"name": "x", "scopes": ["orders:read", name]}
        await admin.refused(422, "not_for_keys", "POST", KEYS, body)
    key = await make_key(admin, *sorted(for_keys(of_kind(Kind.ADMIN))))
    await owner_connection.execute("UPDATE api_keys SET scopes = scopes || $1::text[]", personal)
    robot = program(admin, key)
    await robot.get("/orders")
    asked = 0
    for context in iter_route_contexts(app.routes):
        path = str(context.path)
        if path.startswith(
            tuple(f"/api/v1{part}" for part in ("/me", "/users", "/roles", "/permissions", "/api-keys"))
        ):
            for method in (context.methods or set()) - {"HEAD"}:
                url = path.removeprefix("/api/v1").format_map(_Ids())
                await robot.refused(403, "permission_denied", method, url)
                asked += 1
    assert asked > 30
    await owner_connection.execute("UPDATE api_keys SET scopes = $1::text[]", personal)
    other = program(admin, await make_key(admin, "orders:read"))
    await owner_connection.execute("UPDATE api_keys SET scopes = ARRAY['me', 'users:manage']")
    await other.refused(401, "not_authenticated", "GET", "/users")


class _Ids(dict[str, str]):
    """Some id for every path parameter."""

    def __missing__(self, name: str) -> str:
        return str(uuid4())


async def test_rotation_leaves_the_old_secret_for_a_while(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    first = await make_key(owner, "orders:read")
    second = await owner.post(f"{KEYS}/{first['id']}/rotate", {"overlap_s": 1}, key="rotate-1")
    assert (await owner.post(f"{KEYS}/{first['id']}/rotate", {"overlap_s": 1}, key="rotate-1"))["secret"] is None
    assert [secret["valid_until"] is None for secret in second["secrets"]] == [True, False]
    for key in (first, second):
        await program(owner, key).get("/orders")
    await asyncio.sleep(1.05)
    await program(owner, first).refused(401, "not_authenticated", "GET", "/orders")
    await program(owner, second).get("/orders")
    third = await owner.post(f"{KEYS}/{first['id']}/rotate", {"overlap_s": 0})
    await program(owner, second).refused(401, "not_authenticated", "GET", "/orders")
    assert len((await owner.get(f"{KEYS}/{first['id']}"))["secrets"]) == 1
    await owner.post(f"{KEYS}/{first['id']}/rotate", {"overlap_s": 3600})
    fourth = await owner.post(f"{KEYS}/{first['id']}/rotate", {"overlap_s": 0})  # what overlapped ends, too
    await program(owner, third).refused(401, "not_authenticated", "GET", "/orders")
    await program(owner, fourth).get("/orders")


async def test_an_expired_key(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    body = {"name": "x", "scopes": ["orders:read"], "expires_at": soon(seconds=-1)}
    await owner.refused(422, "expiry_in_the_past", "POST", KEYS, body)
    shop = program(owner, await make_key(owner, "orders:read", expires_at=soon(seconds=0.6)))
    await shop.get("/orders")
    await asyncio.sleep(0.65)
    await shop.refused(401, "not_authenticated", "GET", "/orders")  # though it is known here


async def test_a_key_serves_only_from_its_addresses(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    key = await make_key(owner, "orders:read", networks=["203.0.113.0/28", "2001:db8:7::/48"])
    free = await make_key(owner, "orders:read")
    expected = {
        "203.0.113.15": 200,
        "203.0.113.16": 403,
        "2001:db8:7:1::9": 200,
        "2001:db8:8::1": 403,
        "::ffff:203.0.113.1": 200,
        "::1": 403,
        "testclient": 403,
    }
    for address, status in expected.items():
        async with from_address(app, address) as there:
            answer = await program(owner, key, there).ask("GET", "/orders")
            assert answer.status_code == status, address
            if status == 403:
                assert answer.json()["code"] == "address_not_allowed"
                forwarded = {"X-Forwarded-For": "203.0.113.1", "X-Real-IP": "203.0.113.1"}
                again = await program(owner, key, there).ask("POST", "/orders/x/cancel", {}, headers=forwarded)
                assert again.status_code == 403
            assert (await program(owner, free, there).ask("GET", "/orders")).status_code == 200


async def test_a_key_loses_what_its_owner_loses(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner, admin = await owner_of(app, client), await owner_of(app, client, Kind.ADMIN)
    custom = await role(owner, "api_keys:manage", "orders:read", "tickets:read")
    maker = await colleague(app, owner, custom["id"])
    key = await make_key(maker, "orders:read", "tickets:read")
    shop = program(maker, key)
    await shop.get("/tickets")
    await owner.do("PATCH", f"/roles/{custom['id']}", {"permissions": ["api_keys:manage", "orders:read"]})
    await shop.refused(403, "permission_denied", "GET", "/tickets")
    await shop.get("/orders")
    assert (await owner.get(f"{KEYS}/{key['id']}"))["effective_scopes"] == ["orders:read"]
    limits = f"/organizations/{owner.signed.organization_id}/permissions"
    await admin.do("PUT", limits, {"withheld": ["orders:read"], "reason": "整改"})
    await shop.refused(403, "permission_denied", "GET", "/orders")
    await admin.do("PUT", limits, {"withheld": [], "reason": "整改完成"})
    await shop.get("/orders")
    viewer = (await built_in(owner))["service"]
    await owner.do("PUT", f"/users/{maker.signed.user_id}/roles", {"role_ids": [viewer]})
    await shop.get("/tickets")  # which customer service sees
    assert (await owner.get(f"{KEYS}/{key['id']}"))["effective_scopes"] == ["orders:read", "tickets:read"]


async def test_whoever_rotates_a_key_takes_it_over(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    maker = await colleague(app, owner, "owner")
    key = await make_key(maker, "orders:read")
    shop = program(maker, key)
    await shop.get("/orders")
    await owner.post(f"/users/{maker.signed.user_id}/disable", {"reason": "离职"})
    await shop.refused(401, "not_authenticated", "GET", "/orders")
    assert (await owner.get(f"{KEYS}/{key['id']}"))["effective_scopes"] == []
    await owner.post(f"/users/{maker.signed.user_id}/enable")
    await shop.get("/orders")
    await owner.do("DELETE", f"/users/{maker.signed.user_id}")
    await shop.refused(401, "not_authenticated", "GET", "/orders")
    taken = await owner.post(f"{KEYS}/{key['id']}/rotate", {"overlap_s": 60})
    assert taken["user"]["id"] == str(owner.signed.user_id)
    await program(owner, taken).get("/orders")
    await shop.get("/orders")  # the partner has the overlap to change to the new secret


async def test_what_ends_a_key_ends_it_on_every_process(
    client: httpx.AsyncClient, app: FastAPI, settings: Settings
) -> None:
    owners = {name: await owner_of(app, client) for name in ("revoked", "suspended", "disabled", "narrowed", "moved")}
    admin = await owner_of(app, client, Kind.ADMIN)
    makers = {name: await colleague(app, owner, "owner") for name, owner in owners.items()}
    keys = {name: await make_key(maker, "orders:read", "tickets:read") for name, maker in makers.items()}
    async with another_process(settings) as there:
        robots = {name: program(makers[name], key, there) for name, key in keys.items()}
        for robot in robots.values():
            await robot.get("/orders")
        await owners["revoked"].do("DELETE", f"{KEYS}/{keys['revoked']['id']}")
        path = f"/organizations/{owners['suspended'].signed.organization_id}/suspend"
        await admin.post(path, {"reason": "资质到期"})
        await owners["disabled"].post(f"/users/{makers['disabled'].signed.user_id}/disable", {"reason": "离职"})
        await owners["narrowed"].do("PATCH", f"{KEYS}/{keys['narrowed']['id']}", {"scopes": ["tickets:read"]})
        await owners["moved"].do("PATCH", f"{KEYS}/{keys['moved']['id']}", {"networks": ["203.0.113.0/24"]})
        changed_at = time.monotonic()
        expected = {"revoked": 401, "suspended": 401, "disabled": 401, "narrowed": 403, "moved": 403}
        here = {name: (await program(makers[name], keys[name]).ask("GET", "/orders")).status_code for name in keys}
        assert here == expected
        waited: dict[str, float] = {}
        while len(waited) < len(expected):
            assert time.monotonic() - changed_at < 3, waited
            for name, status in expected.items():
                if name not in waited and (await robots[name].ask("GET", "/orders")).status_code == status:
                    waited[name] = time.monotonic() - changed_at
        print({name: f"{seconds:.2f} s" for name, seconds in waited.items()})


async def test_a_known_key_costs_no_statement(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client, Kind.DISTRIBUTOR)
    shop = program(owner, await make_key(owner, "orders:place"))
    async with statements(app) as sent:
        assert (await shop.ask("POST", "/orders", {})).status_code == 422
    assert len(sent) == 2  # the key, and its owner's roles: once
    async with statements(app) as sent:
        for _ in range(20):
            assert (await shop.ask("POST", "/orders", {})).status_code == 422
    assert sent == []


async def test_the_last_use_is_written_now_and_then(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    key = await make_key(owner, "orders:read")
    async with from_address(app, "203.0.113.5") as there:
        for _ in range(3):
            await program(owner, key, there).get("/orders")
    assert (await owner.get(f"{KEYS}/{key['id']}"))["last_used_at"] is None
    async with statements(app) as sent:
        await app.state.keyring.flush()
        await app.state.keyring.flush()
    assert len(sent) == 1
    seen = await owner.get(f"{KEYS}/{key['id']}")
    assert seen["last_used_address"] == "203.0.113.5"
    assert datetime.now(UTC) - datetime.fromisoformat(seen["last_used_at"]) < timedelta(seconds=10)
    assert seen["version"] == 1  # nobody has edited it


async def test_what_is_no_key(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    good = (await make_key(owner, "orders:read"))["secret"]
    await program(owner, {"secret": good}).get("/orders")
    for secret in (
        "dk_live_",
        good[:-1],
        good + "A",
        good[:20],
        good[:21] + "A" * 43,
        good.upper(),
        good.swapcase(),
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        "dk_live_" + "x" * 5000,
        "dk_test_" + good[8:],
        "dk_live_" + "é" * 56,
    ):
        headers = {"Authorization": f"Bearer {secret}".encode("latin-1")}
        answer = await client.get("/api/v1/orders", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated"), secret
    assert (await client.get(f"/api/v1/orders?access_token={good}")).status_code == 401
    assert (await client.get("/api/v1/orders", headers={"Authorization": f"Basic {good}"})).status_code == 401


async def test_keys_of_others_do_not_exist(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner, other = await owner_of(app, client), await owner_of(app, client)
    key = await make_key(owner, "orders:read")
    for stranger in (other, await owner_of(app, client, Kind.ADMIN)):
        assert (await stranger.get(KEYS))["items"] == []
        for method, action, body in (
            ("GET", "", None),
            ("PATCH", "", {"name": "x"}),
            ("POST", "/rotate", {}),
            ("DELETE", "", None),
        ):
            await stranger.refused(404, "not_found", method, f"{KEYS}/{key['id']}{action}", body)


async def test_there_are_only_so_many(client: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distro_api.identity.service.api_keys.MOST_KEYS", 2)
    owner = await owner_of(app, client)
    body = {"name": "x", "scopes": ["orders:read"]}
    answers = await asyncio.gather(*(owner.ask("POST", KEYS, body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]
    assert (await owner.refused(409, "too_many_keys", "POST", KEYS, body))["limit"] == 2


async def test_hired_people_without_the_permission_see_no_keys(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    await make_key(owner, "orders:read")
    for name in ("operator", "finance", "service", "viewer"):
        somebody = await colleague(app, owner, name)
        await somebody.refused(403, "permission_denied", "GET", KEYS)


def test_the_document_tells_where_a_key_serves(app: FastAPI) -> None:
    document = app.openapi()
    scheme = document["components"]["securitySchemes"]["ApiKey"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    serves = {
        operation["operationId"]: any("ApiKey" in way for way in operation["security"])
        for path in document["paths"].values()
        for operation in path.values()
        if "security" in operation
    }
    assert serves["place_order"] and serves["list_products"] and serves["list_audit"]
    assert not any(
        serves[name] for name in ("get_me", "change_password", "create_user", "update_role", "create_api_key")
    )
