"""The platform opens and suspends organizations; everybody sees their own."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.identity.service import organizations, passwords, sessions
from make import identity as make

pytestmark = pytest.mark.capability("I1")
PATH = "/api/v1/organizations"


def new(username: str = "west-lake", **more: Any) -> dict[str, Any]:
    owner = {"username": username, "password": make.PASSWORD}
    return {"kind": "supplier", "name": "西湖景区", "owner": owner} | more


async def test_a_supplier_is_opened_with_owner_and_house(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    answer = await client.post(PATH, json=new(), headers=admin.headers)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["kind"], made["status"], made["version"]) == ("supplier", "active", 1)
    assert made["owner"]["username"] == "west-lake"
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert "assword" not in answer.text.replace("password_change_required", "")
    house = (await client.get(f"{PATH}/{made['house_distributor_id']}", headers=admin.headers)).json()
    assert (house["kind"], house["house_of"], house["owner"]) == ("distributor", made["id"], None)
    trail = await client.get(f"/api/v1/audit?object_id={made['id']}", headers=admin.headers)
    [row] = trail.json()["items"]
    assert (row["action"], row["user_id"]) == ("identity.create_organization", str(admin.user_id))


async def test_a_distributor_has_no_house(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    made = await client.post(PATH, json=new(kind="distributor"), headers=admin.headers)
    assert made.json()["house_distributor_id"] is None


async def test_a_lost_answer_is_replayed(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    first = await client.post(PATH, json=new(), headers=admin.with_key("open-1"))
    again = await client.post(PATH, json=new(), headers=admin.with_key("open-1"))
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    other = await client.post(PATH, json=new("other"), headers=admin.with_key("open-1"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    listed = await client.get(f"{PATH}?kind=supplier", headers=admin.headers)
    assert len(listed.json()["items"]) == 1


async def test_a_refusal_is_replayed_too(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    taken = await make.supplier(app)
    for _ in range(2):
        answer = await client.post(PATH, json=new(taken.username), headers=admin.with_key("open-2"))
        assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")
    assert answer.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["username", "phone", "email"])
async def test_names_are_taken_once_even_at_once(client: httpx.AsyncClient, app: FastAPI, key: str) -> None:
    admin = await make.admin(app)
    bodies = []
    for number in range(4):
        body = new(f"owner-{number}")
        body["owner"][key] = {"username": "Same.Name", "phone": "13700137000", "email": "Same@Example.com"}[key]
        bodies.append(body)
    answers = await asyncio.gather(*(client.post(PATH, json=body, headers=admin.headers) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers if answer.status_code == 409} == {f"{key}_taken"}
    listed = await client.get(f"{PATH}?with_total=true", headers=admin.headers)
    assert listed.json()["total"] == 3  # the platform, one supplier, its house: nothing half


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "admin"},
        {"kind": "customer"},
        {"status": "pending"},
        {"house_of": "01890000-0000-7000-8000-000000000000"},
        {"id": "01890000-0000-7000-8000-000000000000"},
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\u0000b"},
        {"owner": {"username": "1abc", "password": make.PASSWORD}},
        {"owner": {"username": "a@b.c", "password": make.PASSWORD}},
        {"owner": {"username": "west-lake", "password": make.PASSWORD, "role": "admin"}},
        {"owner": {"username": "west-lake", "password": make.PASSWORD, "organization_id": "x"}},
        {"owner": {"username": "west-lake", "password": make.PASSWORD, "email": "nonsense"}},
        {"owner": {"username": "west-lake", "password": make.PASSWORD, "phone": "0571-12345678"}},
        {"owner": {"username": "west-lake", "password": make.PASSWORD, "phone": None}},
        {"owner": {"username": "west-lake", "password": "west-LAKE"}},
        {"owner": {"username": "west-lake"}},
    ],
)
async def test_bad_input_and_mass_assignment(client: httpx.AsyncClient, app: FastAPI, change: dict[str, Any]) -> None:
    admin = await make.admin(app)
    answer = await client.post(PATH, json=new() | change, headers=admin.headers)
    assert answer.status_code == 422
    listed = await client.get(PATH, headers=admin.headers)
    assert len(listed.json()["items"]) == 1


async def test_everybody_sees_only_themselves(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier, distributor = await make.admin(app), await make.supplier(app), await make.distributor(app)
    for who, other in ((supplier, distributor), (distributor, supplier)):
        listed = (await client.get(PATH, headers=who.headers)).json()["items"]
        assert [row["id"] for row in listed] == [str(who.organization_id)]
        assert (await client.get(f"{PATH}/{who.organization_id}", headers=who.headers)).status_code == 200
        assert (await client.get(f"{PATH}/{other.organization_id}", headers=who.headers)).status_code == 404
        assert (await client.get(f"{PATH}/{admin.organization_id}", headers=who.headers)).status_code == 404
        for verb in ("suspend", "resume"):
            path = f"{PATH}/{who.organization_id}/{verb}"
            assert (await client.post(path, json={"reason": "x"}, headers=who.headers)).status_code == 403
        assert (await client.post(PATH, json=new(), headers=who.headers)).status_code == 403


async def test_filters_and_pages(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    for name in ("甲_园", "乙%园", "丙园"):
        await make.supplier(app, name)

    async def names(query: str) -> list[str]:
        answer = await client.get(f"{PATH}?{query}", headers=admin.headers)
        assert answer.status_code == 200, answer.text
        return [row["name"] for row in answer.json()["items"]]

    assert await names("kind=supplier&sort=created_at") == ["甲_园", "乙%园", "丙园"]
    assert await names("kind=supplier&q=%25") == ["乙%园"]
    assert await names("kind=supplier&q=_") == ["甲_园"]
    assert await names("status=suspended") == []
    seen: list[str] = []
    cursor = ""
    for _ in range(4):
        body = (await client.get(f"{PATH}?sort=name&limit=2{cursor}", headers=admin.headers)).json()
        seen += [row["id"] for row in body["items"]]
        cursor = f"&cursor={body['next_cursor']}"
        if body["next_cursor"] is None:
            break
    assert len(seen) == len(set(seen)) == 7
    for bad in ("sort=kind", "limit=0", "limit=201", "kind=everything", "cursor=nonsense"):
        assert (await client.get(f"{PATH}?{bad}", headers=admin.headers)).status_code in (400, 422), bad


@pytest.mark.capability("I15")
async def test_suspending_locks_everybody_out(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier, other = await make.admin(app), await make.supplier(app), await make.supplier(app)
    path = f"{PATH}/{supplier.organization_id}"
    login = {"username": supplier.username, "password": make.PASSWORD}
    stale = admin.headers | {"If-Match": '"7"'}
    assert (await client.post(f"{path}/suspend", json={"reason": "x"}, headers=stale)).status_code == 412
    suspended = await client.post(f"{path}/suspend", json={"reason": "欠费"}, headers=admin.headers)
    assert (suspended.status_code, suspended.json()["status"]) == (200, "suspended")
    assert suspended.headers["ETag"] == '"2"'
    assert (await client.get("/api/v1/me", headers=supplier.headers)).status_code == 401
    renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": supplier.refresh_token})
    assert renewed.status_code == 401
    refused = await client.post("/api/v1/auth/login", json=login)
    assert (refused.status_code, refused.json()["code"]) == (403, "organization_not_active")
    wrong = await client.post("/api/v1/auth/login", json=login | {"password": "wrong-Wrong-1"})
    assert wrong.json()["code"] == "bad_credentials"  # who does not know the password learns nothing
    assert (await client.get("/api/v1/me", headers=other.headers)).status_code == 200
    twice = await client.post(f"{path}/suspend", json={"reason": "x"}, headers=admin.headers)
    assert (twice.status_code, twice.json()["code"]) == (409, "state_conflict")
    resumed = await client.post(f"{path}/resume", json={"reason": "已缴"}, headers=admin.headers)
    assert resumed.json()["status"] == "active"
    assert (await client.post("/api/v1/auth/login", json=login)).status_code == 200
    trail = await client.get(f"/api/v1/audit?object_id={supplier.organization_id}", headers=admin.headers)
    assert [row["action"] for row in trail.json()["items"]][:2] == [
        "identity.resume_organization",
        "identity.suspend_organization",
    ]


async def test_the_platform_is_not_suspended(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await make.admin(app)
    path = f"{PATH}/{admin.organization_id}/suspend"
    assert (await client.post(path, json={"reason": "x"}, headers=admin.headers)).status_code == 409


@pytest.mark.capability("I15")
async def test_signing_in_while_being_suspended_leaves_no_session(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app)
    start = sessions.start

    async def slow_start(*args: Any, **how: Any) -> Any:
        """The organization has been seen active; the suspension comes now."""
        suspending = asyncio.create_task(
            client.post(f"{PATH}/{supplier.organization_id}/suspend", json={"reason": "x"}, headers=admin.headers)
        )
        await asyncio.wait([suspending], timeout=0.3)
        suspended.append(suspending)
        return await start(*args, **how)

    suspended: list[asyncio.Task[httpx.Response]] = []
    monkeypatch.setattr(sessions, "start", slow_start)
    login = {"username": supplier.username, "password": make.PASSWORD}
    signed_in = await client.post("/api/v1/auth/login", json=login)
    assert (signed_in.status_code, (await suspended[0]).status_code) == (200, 200)
    live = "SELECT count(*) FROM user_sessions WHERE organization_id = $1 AND ended_at IS NULL"
    assert await owner_connection.fetchval(live, supplier.organization_id) == 0


@pytest.mark.capability("I15")
async def test_signing_in_with_the_old_password_while_it_changes(
    client: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    supplier = await make.supplier(app)
    verify = passwords.verify
    changed: list[int] = []

    async def verify_then_change(password: str, stored: str | None) -> bool:
        right = await verify(password, stored)
        monkeypatch.undo()
        body = {"old_password": make.PASSWORD, "new_password": "Another-Horse-8"}
        changed.append((await client.post("/api/v1/me/password", json=body, headers=supplier.headers)).status_code)
        return right

    monkeypatch.setattr(passwords, "verify", verify_then_change)
    login = {"username": supplier.username, "password": make.PASSWORD}
    late = await client.post("/api/v1/auth/login", json=login)
    assert (changed, late.status_code, late.json()["code"]) == ([200], 401, "bad_credentials")


async def test_first_and_second_administrator_share_the_platform(client: httpx.AsyncClient, app: FastAPI) -> None:
    transactions = app.state.database.sessions
    async with transactions.begin() as session:
        generated = await organizations.create_admin(session, "Root.Admin")
    async with transactions.begin() as session:
        assert await organizations.create_admin(session, "second", make.PASSWORD) == make.PASSWORD
    assert len(generated) >= 12
    seen: set[UUID] = set()
    for username, password in (("root.admin", generated), ("second", make.PASSWORD)):
        tokens = await client.post("/api/v1/auth/login", json={"username": username, "password": password})
        headers = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
        seen.add((await client.get("/api/v1/me", headers=headers)).json()["organization"]["id"])
    assert len(seen) == 1
