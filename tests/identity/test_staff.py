"""The accounts of an organization's people: opened, changed, locked, deleted, and never without an owner."""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.identity.models import Kind
from distro_api.identity.permissions import ESSENTIAL
from make import identity
from make.identity import Signed
from make.jobs import deliver_messages
from make.people import built_in, colleague, hire, may, role
from make.people import owner as owner_of
from make.store import Person

pytestmark = pytest.mark.capability("I9")
USERS = "/users"
LOGIN = "/api/v1/auth/login"


async def sign_in(client: httpx.AsyncClient, username: str, password: str) -> httpx.Response:
    return await client.post(LOGIN, json={"username": username, "password": password})


def issued(text: str) -> str:
    """The password in a message."""
    found = re.search("密码：([a-z0-9]{12})", text)
    assert found, text
    return found[1]


async def new_password(client: httpx.AsyncClient, username: str, password: str) -> Person:
    """Whoever has signed in with a one-time password and set one of their own."""
    first = (await sign_in(client, username, password)).json()
    assert first["password_change_required"]
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    early = await client.get("/api/v1/orders", headers=headers)
    assert (early.status_code, early.json()["code"]) == (403, "password_change_required")
    body = {"old_password": password, "new_password": "Of-My-Own-2026"}
    tokens = (await client.post("/api/v1/me/password", json=body, headers=headers)).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    me = (await client.get("/api/v1/me", headers=headers)).json()
    ids = UUID(me["organization"]["id"]), UUID(me["id"])
    pair = tokens["access_token"], tokens["refresh_token"]
    return Person(client, Signed(Kind(me["organization"]["kind"]), *ids, username, me["phone"] or "", *pair))


@pytest.mark.capability("I4")
async def test_somebody_is_hired_and_sets_a_password(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    gate = await role(owner, "tickets:redeem")
    made = await hire(owner, gate["id"], phone="13612341234", email="Gate@Example.com")
    assert (made["username"], made["phone"], made["email"]) == ("gate-1", "+8613612341234", "gate@example.com")
    assert (made["status"], made["password_change_required"]) == ("active", True)
    assert [held["name"] for held in made["roles"]] == ["检票员"]
    somebody = await new_password(client, "13612341234", made["password"])
    assert await may(somebody) == {"tickets:redeem", *ESSENTIAL}
    seen = await owner.get(f"{USERS}/{made['id']}")
    assert not seen["password_change_required"]
    assert "password" not in seen


@pytest.mark.capability("I4")
async def test_the_password_goes_by_sms_and_is_not_shown(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    owner = await owner_of(app, client)
    roles = [(await built_in(owner))["viewer"]]
    made = await hire(owner, *roles, phone="13612341234", deliver="sms")
    assert made["password"] is None
    message = (await deliver_messages(app, owner_connection))[-1]
    assert (message["to"], message["template"]) == ("+8613612341234", "staff_account")
    await new_password(client, "gate-1", issued(message["text"]))
    reset = await owner.post(f"{USERS}/{made['id']}/reset-password", {"deliver": "sms"})
    assert reset["password"] is None
    message = (await deliver_messages(app, owner_connection))[-1]
    assert (message["to"], message["template"]) == ("+8613612341234", "staff_password")
    await new_password(client, "gate-1", issued(message["text"]))
    body = {"username": "gate-2", "name": "无号", "role_ids": roles, "deliver": "sms"}
    await owner.refused(422, "phone_needed", "POST", USERS, body)


async def test_a_secret_is_shown_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    body = {"username": "gate-1", "name": "赵", "role_ids": [(await built_in(owner))["viewer"]], "deliver": "shown"}
    first = await owner.post(USERS, body, key="hire-1")
    again = await owner.post(USERS, body, key="hire-1")
    assert first["password"] and again == first | {"password": None}
    trail = await owner.get("/audit", object_id=first["id"])
    assert first["password"] not in str(trail)


async def test_the_list_is_filtered_searched_sorted_and_paged(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    ours = await built_in(owner)
    for number, (name, held) in enumerate((("赵一", "viewer"), ("钱二", "viewer"), ("孙三", "finance")), 1):
        await hire(owner, ours[held], username=f"person-{number}", name=name, phone=f"1361234000{number}")

    async def names(**query: str) -> list[str]:
        return [row["username"] for row in (await owner.get(USERS, **query))["items"]]

    assert await names(sort="username") == ["person-1", "person-2", "person-3", owner.signed.username]
    assert await names(role_id=ours["viewer"], sort="username") == ["person-1", "person-2"]
    assert await names(q="孙") == await names(q="40003") == ["person-3"]
    assert await names(q="%") == []
    first = await owner.get(USERS, sort="username", limit="2", with_total="true")
    assert (len(first["items"]), first["total"]) == (2, 4)
    rest = await owner.get(USERS, sort="username", limit="2", cursor=first["next_cursor"])
    assert [row["username"] for row in rest["items"]] == ["person-3", owner.signed.username]
    disabled = (await owner.get(USERS, q="孙"))["items"][0]["id"]
    await owner.post(f"{USERS}/{disabled}/disable", {"reason": "休假"})
    assert await names(status="disabled") == ["person-3"]


async def test_an_account_is_changed(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    made = await hire(owner, (await built_in(owner))["viewer"], phone="13612341234")
    path = f"{USERS}/{made['id']}"
    changed = await owner.do("PATCH", path, {"name": "赵小舟", "email": "zhao@example.com"})
    assert (changed["name"], changed["email"], changed["phone"]) == ("赵小舟", "zhao@example.com", "+8613612341234")
    assert (await owner.do("PATCH", path, {"phone": None}))["phone"] is None
    await owner.refused(422, "validation_failed", "PATCH", path, {"name": None})
    await owner.refused(422, "invalid_phone", "PATCH", path, {"phone": "0571-12345678"})
    await owner.refused(409, "phone_taken", "PATCH", path, {"phone": owner.signed.phone})
    await owner.refused(412, "precondition_failed", "PATCH", path, {"name": "x"}, headers={"If-Match": '"1"'})
    await owner.refused(409, "own_account", "PATCH", f"{USERS}/{owner.signed.user_id}", {"name": "x"})
    trail = (await owner.get("/audit", object_id=made["id"], action="identity.update_user"))["items"]
    assert [row["detail"]["fields"] for row in trail] == [["phone"], ["email", "name"]]


@pytest.mark.parametrize(
    "change",
    [
        {"organization_id": str(uuid4())},
        {"role": "owner"},
        {"roles": ["owner"]},
        {"status": "active"},
        {"password": "Chosen-By-Me-1"},
        {"password_change_required": False},
        {"perm_version": 9},
        {"role_ids": []},
        {"role_ids": None},
        {"role_ids": ["owner"]},
        {"role_ids": [str(uuid4())] * 21},
        {"deliver": "mail"},
        {"username": "a b"},
        {"name": "a\u0000b"},
        {"name": ""},
        {"phone": "1" * 40},
        {"email": "nonsense"},
    ],
)
async def test_bad_accounts_and_mass_assignment(
    client: httpx.AsyncClient, app: FastAPI, change: dict[str, Any]
) -> None:
    owner = await owner_of(app, client)
    viewer = (await built_in(owner))["viewer"]
    body = {"username": "gate-1", "name": "赵晓舟", "role_ids": [viewer], "deliver": "shown"}
    await owner.refused(422, "validation_failed", "POST", USERS, body | change)
    assert len((await owner.get(USERS))["items"]) == 1


async def test_roles_of_another_organization_cannot_be_given(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    owner, other = await owner_of(app, client), await owner_of(app, client)
    ours, theirs = await built_in(owner), await built_in(other)
    body = {"username": "gate-1", "name": "赵", "role_ids": [ours["viewer"], theirs["owner"]], "deliver": "shown"}
    problem = await owner.refused(422, "unknown_role", "POST", USERS, body)
    assert problem["role_ids"] == [theirs["owner"]]
    made = await hire(owner, ours["viewer"])
    for role_id in (theirs["viewer"], str(uuid4())):
        path = f"{USERS}/{made['id']}/roles"
        await owner.refused(422, "unknown_role", "PUT", path, {"role_ids": [role_id]})
    with pytest.raises(asyncpg.ForeignKeyViolationError):  # nor by anybody who forgets to ask
        await owner_connection.execute(
            "INSERT INTO user_roles (user_id, role_id, organization_id) VALUES ($1, $2, $3)",
            made["id"],
            theirs["viewer"],
            owner.signed.organization_id,
        )


async def test_other_organizations_people_do_not_exist(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner, admin = await owner_of(app, client), await owner_of(app, client, Kind.ADMIN)
    made = await hire(owner, (await built_in(owner))["viewer"])
    for other in (admin, await owner_of(app, client)):
        assert made["id"] not in [row["id"] for row in (await other.get(USERS))["items"]]
        path = f"{USERS}/{made['id']}"
        viewer = next(iter((await built_in(other)).values()))
        for method, action, body in (
            ("GET", "", None),
            ("PATCH", "", {"name": "x"}),
            ("PUT", "/roles", {"role_ids": [viewer]}),
            ("POST", "/disable", {"reason": "x"}),
            ("POST", "/enable", None),
            ("POST", "/reset-password", {"deliver": "shown"}),
            ("DELETE", "", None),
        ):
            await other.refused(404, "not_found", method, path + action, body)


async def test_the_platform_has_staff_too(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await owner_of(app, client, Kind.ADMIN)
    made = await hire(admin, (await built_in(admin))["reviewer"], username="reviewer-1")
    reviewer = await new_password(client, "reviewer-1", made["password"])
    assert "products:review" in await may(reviewer)
    await reviewer.refused(403, "permission_denied", "POST", "/organizations", {})


async def test_disabled_out_enabled_in(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    clerk = await colleague(app, owner, "finance")
    path = f"{USERS}/{clerk.signed.user_id}"
    assert (await owner.post(f"{path}/disable", {"reason": "离职"}))["status"] == "disabled"
    await clerk.refused(401, "not_authenticated", "GET", "/me")
    renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": clerk.signed.refresh_token})
    assert (renewed.status_code, renewed.json()["code"]) == (401, "invalid_refresh_token")
    out = await sign_in(client, clerk.signed.username, identity.PASSWORD)
    assert (out.status_code, out.json()["code"]) == (401, "bad_credentials")
    await owner.refused(409, "state_conflict", "POST", f"{path}/disable", {"reason": "x"})
    assert (await owner.post(f"{path}/enable"))["status"] == "active"
    await owner.refused(409, "state_conflict", "POST", f"{path}/enable")
    again = await sign_in(client, clerk.signed.username, identity.PASSWORD)
    assert again.status_code == 200
    assert "recharges:approve" in again.json()["scope"]
    trail = (await owner.get("/audit", object_id=clerk.signed.user_id))["items"]
    assert [row["action"] for row in trail] == ["identity.enable_user", "identity.disable_user"]
    assert trail[1]["detail"] == {"reason": "离职"}


async def test_a_reset_password_ends_sessions_and_lifts_a_lock(
    client: httpx.AsyncClient, app: FastAPI, no_captcha: None
) -> None:
    owner = await owner_of(app, client)
    clerk = await colleague(app, owner, "finance")
    for _ in range(5):
        await sign_in(client, clerk.signed.username, "Wrong-Password-1")
    locked = await sign_in(client, clerk.signed.username, identity.PASSWORD)
    assert locked.json()["code"] == "account_locked"
    reset = await owner.post(f"{USERS}/{clerk.signed.user_id}/reset-password", {"deliver": "shown"})
    await clerk.refused(401, "not_authenticated", "GET", "/me")
    assert (await sign_in(client, clerk.signed.username, identity.PASSWORD)).json()["code"] == "bad_credentials"
    await new_password(client, clerk.signed.username, reset["password"])
    await owner.refused(
        409, "own_account", "POST", f"{USERS}/{owner.signed.user_id}/reset-password", {"deliver": "shown"}
    )


OF_THE_PERSON = ("login_records", "user_roles", "user_menus")


async def _rows(owner_connection: asyncpg.Connection, table: str, who: Person) -> int:
    found: int = await owner_connection.fetchval(f"SELECT count(*) FROM {table} WHERE user_id = $1", who.signed.user_id)
    return found


async def test_a_deleted_account_names_nobody_any_more(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    owner = await owner_of(app, client)
    clerk = await colleague(app, owner, "owner")
    made = await hire(clerk, (await built_in(owner))["viewer"])
    await sign_in(client, clerk.signed.username, "Wrong-Password-1")
    await clerk.do("PUT", "/me/quick-links", {"items": [{"menu_key": "/orders", "title": "订单"}]})
    for table in OF_THE_PERSON:
        assert await _rows(owner_connection, table, clerk), table
    await owner.do("DELETE", f"{USERS}/{clerk.signed.user_id}")
    await clerk.refused(401, "not_authenticated", "GET", "/me")
    out = await sign_in(client, clerk.signed.username, identity.PASSWORD)
    assert (out.status_code, out.json()["code"]) == (401, "bad_credentials")
    await owner.refused(404, "not_found", "GET", f"{USERS}/{clerk.signed.user_id}")
    assert str(clerk.signed.user_id) not in str(await owner.get(USERS))
    row = await owner_connection.fetchrow("SELECT * FROM users WHERE id = $1", clerk.signed.user_id)
    assert (row["status"], row["phone"], row["email"]) == ("deleted", None, None)
    assert clerk.signed.username not in str(dict(row)) and clerk.signed.phone not in str(dict(row))
    for table in OF_THE_PERSON:
        assert not await _rows(owner_connection, table, clerk), table
    trail = (await owner.get("/audit", object_id=made["id"]))["items"]
    assert [row["user_id"] for row in trail] == [str(clerk.signed.user_id)]  # who did it stays told
    await hire(owner, (await built_in(owner))["viewer"], username=clerk.signed.username, phone=clerk.signed.phone)


async def test_the_last_owner_stays(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    ours = await built_in(owner)
    mine = f"{USERS}/{owner.signed.user_id}"
    asleep = await colleague(app, owner, "owner")
    await owner.post(f"{USERS}/{asleep.signed.user_id}/disable", {"reason": "休假"})  # may not sign in: does not count
    await owner.refused(409, "last_owner", "PUT", f"{mine}/roles", {"role_ids": [ours["operator"]]})
    await owner.refused(409, "last_owner", "POST", f"{mine}/disable", {"reason": "x"})
    await owner.refused(409, "last_owner", "DELETE", mine)
    await owner.do("PUT", f"{mine}/roles", {"role_ids": [ours["owner"], ours["finance"]]})
    await owner.post(f"{USERS}/{asleep.signed.user_id}/enable")
    await owner.refused(409, "own_account", "POST", f"{mine}/disable", {"reason": "x"})
    await owner.refused(409, "own_account", "DELETE", mine)
    stepped_down = await owner.do("PUT", f"{mine}/roles", {"role_ids": [ours["viewer"]]})
    assert [held["built_in"] for held in stepped_down["roles"]] == ["viewer"]
    await owner.refused(403, "permission_denied", "GET", USERS)
    successor = (await sign_in(client, asleep.signed.username, identity.PASSWORD)).json()
    headers = {"Authorization": f"Bearer {successor['access_token']}"}
    assert (await client.get("/api/v1/users", headers=headers)).status_code == 200


@pytest.mark.parametrize("way", ["demote", "disable", "delete", "step down"])
async def test_two_owners_remove_each_other_at_once(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection, way: str
) -> None:
    one = await owner_of(app, client)
    two = await colleague(app, one, "owner")
    viewer = (await built_in(one))["viewer"]
    calls = {
        "demote": ("PUT", "/roles", {"role_ids": [viewer]}),
        "disable": ("POST", "/disable", {"reason": "内斗"}),
        "delete": ("DELETE", "", None),
        "step down": ("PUT", "/roles", {"role_ids": [viewer]}),
    }
    method, action, body = calls[way]
    pairs = [(one, one), (two, two)] if way == "step down" else [(one, two), (two, one)]
    answers = await asyncio.gather(
        *(who.ask(method, f"{USERS}/{whom.signed.user_id}{action}", body) for who, whom in pairs)
    )
    assert sorted(answer.is_success for answer in answers) == [False, True], [answer.text for answer in answers]
    [lost] = [answer for answer in answers if not answer.is_success]
    assert lost.json()["code"] in {"last_owner", "permission_denied", "not_authenticated"}
    left = await owner_connection.fetchval(
        "SELECT count(*) FROM users u JOIN user_roles h ON h.user_id = u.id JOIN roles r ON r.id = h.role_id "
        "WHERE r.built_in = 'owner' AND u.status = 'active' AND u.organization_id = $1",
        one.signed.organization_id,
    )
    assert left == 1


async def test_a_role_given_and_deleted_at_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    for number in range(4):
        made = await role(owner, "orders:read", name=f"角色 {number}")
        body = {"username": f"person-{number}", "name": "赵", "role_ids": [made["id"]], "deliver": "shown"}
        hired, deleted = await asyncio.gather(
            owner.ask("POST", USERS, body), owner.ask("DELETE", f"/roles/{made['id']}")
        )
        assert {hired.status_code, deleted.status_code} in ({201, 409}, {422, 204})
