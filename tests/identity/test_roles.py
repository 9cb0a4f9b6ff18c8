"""Roles: built-in ones, custom ones made of permissions, and that nobody gives what he does not hold."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from distro_api.identity.models import BuiltIn, Kind
from distro_api.identity.permissions import BUILT_IN, ESSENTIAL, of_kind
from make.people import built_in, colleague, may, role
from make.people import owner as owner_of

pytestmark = pytest.mark.capability("I8")
ROLES, USERS = "/roles", "/users"


@pytest.mark.parametrize("kind", [Kind.SUPPLIER, Kind.DISTRIBUTOR, Kind.ADMIN])
async def test_an_organization_comes_with_the_roles_of_its_kind(
    client: httpx.AsyncClient, app: FastAPI, kind: Kind
) -> None:
    owner = await owner_of(app, client, kind)
    listed = await owner.get(ROLES, with_total="true")
    assert listed["total"] == len(listed["items"])
    assert {row["built_in"] for row in listed["items"]} == set(BUILT_IN[kind])
    for row in listed["items"]:
        assert set(row["permissions"]) == BUILT_IN[kind][row["built_in"]]
        assert row["users"] == (1 if row["built_in"] == "owner" else 0)
    assert await may(owner) == of_kind(kind)


async def test_a_custom_role_is_made_changed_and_deleted(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    made = await role(owner, "tickets:redeem", "orders:read")
    assert (made["built_in"], made["users"], made["version"]) == (None, 0, 1)
    assert set(made["permissions"]) == {"tickets:redeem", "orders:read"} | ESSENTIAL
    path = f"{ROLES}/{made['id']}"
    answer = await client.patch(
        "/api/v1" + path,
        json={"name": "闸机", "description": "入口"},
        headers=owner.signed.headers | {"If-Match": '"1"'},
    )
    assert (answer.json()["name"], answer.json()["description"], answer.headers["ETag"]) == ("闸机", "入口", '"2"')
    assert answer.json()["permissions"] == made["permissions"]
    stale = await client.patch("/api/v1" + path, json={"name": "x"}, headers=owner.signed.headers | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await owner.get(path)) == answer.json()
    found = (await owner.get(ROLES, built_in="false", q="闸"))["items"]
    assert [row["id"] for row in found] == [made["id"]]
    assert (await owner.ask("DELETE", path)).status_code == 204
    await owner.refused(404, "not_found", "GET", path)
    trail = (await owner.get("/audit", object_id=made["id"]))["items"]
    assert [row["action"] for row in trail] == ["identity.delete_role", "identity.update_role", "identity.create_role"]


async def test_several_roles_add_up(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    gate = await role(owner, "tickets:redeem")
    both = await colleague(app, owner, gate["id"], "finance")
    assert await may(both) == {"tickets:redeem"} | BUILT_IN[Kind.SUPPLIER][BuiltIn.FINANCE]
    assert (await owner.get(f"{ROLES}/{gate['id']}"))["users"] == 1


async def test_a_role_in_use_stays(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    made = await role(owner, "orders:read")
    await colleague(app, owner, made["id"])
    problem = await owner.refused(409, "role_in_use", "DELETE", f"{ROLES}/{made['id']}")
    assert problem["users"] == 1


async def test_names_are_unique_and_built_in_ones_reserved(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner, other = await owner_of(app, client), await owner_of(app, client)
    made = await role(owner, "orders:read", name="Gate")
    for name in ("gate", "GATE", "owner", " Owner ", "ＯＷＮＥＲ", "所有者", "Viewer", "reviewer"):
        body = {"name": name, "permissions": ["orders:read"]}
        await owner.refused(409, "role_name_taken", "POST", ROLES, body)
    await owner.refused(409, "role_name_taken", "PATCH", f"{ROLES}/{made['id']}", {"name": "Owner"})
    await role(other, "orders:read", name="Gate")


async def test_a_role_that_sounds_like_the_owner_grants_what_it_grants(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    for name in ("0wner", "owner (all rights)", "admin", "平台管理员"):
        made = await role(owner, "orders:read", name=name)
        assert await may(await colleague(app, owner, made["id"])) == {"orders:read"} | ESSENTIAL


async def test_built_in_roles_cannot_be_changed(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client, Kind.DISTRIBUTOR)
    for row in (await owner.get(ROLES))["items"]:
        path = f"{ROLES}/{row['id']}"
        for body in ({"name": "x"}, {"permissions": ["orders:place"]}):
            await owner.refused(409, "built_in_role", "PATCH", path, body)
        await owner.refused(409, "built_in_role", "DELETE", path)


async def test_a_role_grants_no_more_than_the_kind_of_organization_allows(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    owner = await owner_of(app, client, Kind.DISTRIBUTOR)
    for name in ("products:edit", "organizations:manage", "parameters:manage", "no:such", "orders"):
        body = {"name": "更多", "permissions": ["orders:read", name]}
        problem = await owner.refused(422, "unknown_permission", "POST", ROLES, body)
        assert problem["permissions"] == [name]
    made = await role(owner, "orders:read")
    body = {"permissions": ["products:review"]}
    await owner.refused(422, "unknown_permission", "PATCH", f"{ROLES}/{made['id']}", body)


async def test_what_can_be_granted_is_listed(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    listed = (await client.get("/api/v1/permissions", headers=owner.signed.headers | {"Accept-Language": "en"})).json()[
        "items"
    ]
    assert {row["name"] for row in listed} == of_kind(Kind.SUPPLIER)
    assert all(row["held"] for row in listed)
    by_name = {row["name"]: row for row in listed}
    assert by_name["orders:fulfil"]["title"] == "fulfil orders"
    assert not any(by_name[name]["for_api_keys"] for name in ("me", "users:manage", "roles:manage", "api_keys:manage"))
    assert by_name["orders:fulfil"]["for_api_keys"]


async def test_nobody_grants_what_he_lacks(client: httpx.AsyncClient, app: FastAPI) -> None:
    """A manager of roles and staff, who sees orders: every way to more than that."""
    owner = await owner_of(app, client)
    manages = await role(owner, "roles:manage", "roles:read", "users:manage", "orders:read", name="人事")
    strong = await role(owner, "orders:read", "accounts:manage", name="账务")
    manager = await colleague(app, owner, manages["id"])
    clerk = await colleague(app, owner, "viewer")
    ours = await built_in(owner)
    own = await role(manager, "orders:read", name="看单")

    lacking = {"name": "自封", "permissions": ["orders:read", "accounts:manage"]}
    problem = await manager.refused(403, "cannot_grant", "POST", ROLES, lacking)
    assert problem["permissions"] == ["accounts:manage"]
    for target in (own["id"], manages["id"]):  # his own role among them
        body = {"permissions": ["orders:read", "recharges:approve"]}
        await manager.refused(403, "cannot_grant", "PATCH", f"{ROLES}/{target}", body)
    for body in ({"permissions": ["orders:read"]}, {"name": "改名"}):  # taking from the stronger is no better
        await manager.refused(403, "cannot_grant", "PATCH", f"{ROLES}/{strong['id']}", body)
    await manager.refused(403, "cannot_grant", "DELETE", f"{ROLES}/{strong['id']}")

    for stronger in (strong["id"], ours["owner"], ours["operator"]):
        new = {"username": "puppet", "name": "傀儡", "role_ids": [own["id"], stronger], "deliver": "shown"}
        await manager.refused(403, "cannot_grant", "POST", USERS, new)
        for somebody in (manager, clerk):
            path = f"{USERS}/{somebody.signed.user_id}/roles"
            await manager.refused(403, "cannot_grant", "PUT", path, {"role_ids": [stronger]})
    assert "accounts:manage" not in await may(manager)


async def test_nobody_manages_whoever_may_do_more(client: httpx.AsyncClient, app: FastAPI) -> None:
    """To set somebody's password or number would be to become him."""
    owner = await owner_of(app, client)
    manages = await role(owner, "users:manage", "users:read", "orders:read", name="人事")
    manager = await colleague(app, owner, manages["id"])
    viewer = (await built_in(owner))["viewer"]
    for target in (owner, await colleague(app, owner, "finance")):
        path = f"{USERS}/{target.signed.user_id}"
        for method, action, body in (
            ("POST", "/reset-password", {"deliver": "shown"}),
            ("PATCH", "", {"phone": "13611112222"}),
            ("PATCH", "", {"email": "mine@example.com"}),
            ("POST", "/disable", {"reason": "夺权"}),
            ("PUT", "/roles", {"role_ids": [viewer]}),
            ("DELETE", "", None),
        ):
            await manager.refused(403, "cannot_grant", method, path + action, body)
    assert (await owner.ask("GET", "/me")).status_code == 200


async def test_all_permissions_do_not_make_an_owner(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    everything = await role(owner, *of_kind(Kind.SUPPLIER), name="副手")
    deputy = await colleague(app, owner, everything["id"])
    owns = (await built_in(owner))["owner"]
    assert await may(deputy) == await may(owner)
    new = {"username": "second", "name": "第二", "role_ids": [owns], "deliver": "shown"}
    await deputy.refused(403, "cannot_grant", "POST", USERS, new)
    path = f"{USERS}/{owner.signed.user_id}"
    await deputy.refused(403, "cannot_grant", "POST", f"{path}/disable", {"reason": "夺权"})
    await deputy.refused(403, "cannot_grant", "DELETE", path)


async def test_a_narrowed_session_grants_no_more_than_it_holds(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    narrow = await colleague(app, owner, "owner", scope="roles:manage roles:read orders:read")
    body = {"name": "越权", "permissions": ["orders:cancel"]}
    await narrow.refused(403, "cannot_grant", "POST", ROLES, body)
    await role(narrow, "orders:read")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "x", "permissions": []},
        {"name": "", "permissions": ["orders:read"]},
        {"name": "x" * 101, "permissions": ["orders:read"]},
        {"name": "a\u0000b", "permissions": ["orders:read"]},
        {"name": "x", "permissions": ["orders:read"] * 501},
        {"name": "x", "permissions": ["Orders:Read"]},
        {"name": "x", "permissions": ["orders:read; DROP"]},
        {"name": "x", "permissions": "orders:read"},
        {"name": "x", "permissions": ["orders:read"], "built_in": "owner"},
        {"name": "x", "permissions": ["orders:read"], "organization_id": str(uuid4())},
        {"name": "x", "permissions": ["orders:read"], "id": str(uuid4())},
    ],
)
async def test_bad_roles_and_mass_assignment(client: httpx.AsyncClient, app: FastAPI, body: dict[str, Any]) -> None:
    owner = await owner_of(app, client)
    await owner.refused(422, "validation_failed", "POST", ROLES, body)
    assert len((await owner.get(ROLES))["items"]) == len(BUILT_IN[Kind.SUPPLIER])


async def test_one_of_two_roles_of_the_same_name_at_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    owner = await owner_of(app, client)
    body = {"name": "同名", "permissions": ["orders:read"]}
    answers = await asyncio.gather(*(owner.ask("POST", ROLES, body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_the_platform_limits_an_organization(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, owner = await owner_of(app, client, Kind.ADMIN), await owner_of(app, client)
    cashier = await colleague(app, owner, (await role(owner, "recharges:approve"))["id"])
    path = f"/organizations/{owner.signed.organization_id}/permissions"
    body = {"withheld": ["recharges:approve", "accounts:manage"], "reason": "整改"}
    limited = await admin.ask("PUT", path, body)
    assert limited.status_code == 200, limited.text
    assert set(limited.json()["withheld"]) == set(body["withheld"])
    assert set(limited.json()["permissions"]) == of_kind(Kind.SUPPLIER) - set(body["withheld"])
    assert (await owner.get(path)) == limited.json()

    assert await may(owner) == of_kind(Kind.SUPPLIER) - set(body["withheld"])  # with the token of before
    assert await may(cashier) == set(ESSENTIAL)
    listed = {row["built_in"]: row for row in (await owner.get(ROLES))["items"]}
    assert not set(body["withheld"]) & set(listed["finance"]["permissions"])
    offered = (await owner.get("/permissions"))["items"]
    assert not set(body["withheld"]) & {row["name"] for row in offered}
    more = {"name": "绕道", "permissions": ["recharges:approve"]}
    await owner.refused(403, "cannot_grant", "POST", ROLES, more)
    assert await may(await owner_of(app, client)) == of_kind(Kind.SUPPLIER)

    assert (await admin.ask("PUT", path, {"withheld": [], "reason": "整改完成"})).status_code == 200
    assert await may(owner) == of_kind(Kind.SUPPLIER)
    assert "recharges:approve" in await may(cashier)
    trail = (await admin.get("/audit", action="identity.limit_organization"))["items"]
    assert trail[1]["detail"] == {
        "withheld": ["accounts:manage", "recharges:approve"],
        "given_back": [],
        "reason": "整改",
    }


async def test_limits_have_limits(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, owner = await owner_of(app, client, Kind.ADMIN), await owner_of(app, client, Kind.DISTRIBUTOR)
    path = f"/organizations/{owner.signed.organization_id}/permissions"
    for name in ("me", "me:password", "products:edit", "no:such"):
        body = {"withheld": [name], "reason": "x"}
        await admin.refused(422, "unknown_permission", "PUT", path, body)
    platform = f"/organizations/{admin.signed.organization_id}/permissions"
    body = {"withheld": ["audit:read"], "reason": "x"}
    await admin.refused(409, "state_conflict", "PUT", platform, body)
    await owner.refused(403, "permission_denied", "PUT", path, body)
    await admin.refused(422, "validation_failed", "PUT", path, {"withheld": ["orders:place"]})
