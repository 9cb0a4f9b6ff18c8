"""An employee gets an account, signs in with a password from an SMS, and loses the account with the job."""

import re

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from make import identity
from make.jobs import deliver_messages
from make.spreadsheets import workbook
from make.staff import TITLES, Desk

pytestmark = pytest.mark.capability("I9")


async def viewer(desk: Desk) -> str:
    roles = (await desk.ok("GET", "/roles?built_in=true"))["items"]
    return next(str(role["id"]) for role in roles if role["built_in"] == "viewer")


async def with_account(desk: Desk, number: str = "A001", phone: str | None = None) -> dict[str, object]:
    made = await desk.hire(number, phone=phone or identity.phone())
    body = {"role_ids": [await viewer(desk)]}
    given: dict[str, object] = await desk.ok("POST", f"/employees/{made['id']}/account", json=body)
    return given


async def sign_in(client: httpx.AsyncClient, username: str, password: str) -> httpx.Response:
    return await client.post("/api/v1/auth/login", json={"username": username, "password": password})


@pytest.mark.capability("I4")
async def test_a_one_time_password_goes_to_the_phone(
    desk: Desk, app: FastAPI, client: httpx.AsyncClient, owner_connection: asyncpg.Connection
) -> None:
    phone = identity.phone()
    made = await desk.hire("A001", "王小明", phone=phone, email="wang@example.com")
    body = {"username": "Wang-XM", "role_ids": [await viewer(desk)]}
    given = await desk.ok("POST", f"/employees/{made['id']}/account", json=body)
    assert given["has_account"] and given["account"]["username"] == "wang-xm" and given["account"]["status"] == "active"
    assert "password" not in str(given)
    assert [row["has_account"] for row in await desk.staff()] == [True]
    assert [row["number"] for row in await desk.staff("&has_account=true")] == ["A001"]
    assert await desk.staff("&has_account=false") == []

    [message] = await deliver_messages(app, owner_connection)
    assert message["to"] == f"+86{phone}"
    found = re.search(r"[a-z2-9]{12}", message["text"])
    assert found is not None, message["text"]
    for account in ("wang-xm", phone, "wang@example.com"):
        signed = await sign_in(client, account, found[0])
        assert signed.status_code == 200 and signed.json()["password_change_required"]
    await desk.refused(409, "employee_has_account", "POST", f"/employees/{made['id']}/account", json=body)


async def test_whom_no_account_is_given(desk: Desk, other_desk: Desk) -> None:
    without_phone, roles = await desk.hire("A001"), [await viewer(desk)]
    path = f"/employees/{without_phone['id']}/account"
    await desk.refused(409, "employee_without_phone", "POST", path, json={"role_ids": roles})
    phone = identity.phone()
    await desk.ok("PATCH", f"/employees/{without_phone['id']}", json={"phone": phone})
    await desk.ok("POST", f"/employees/{without_phone['id']}/disable")
    await desk.refused(409, "employee_disabled", "POST", path, json={"role_ids": roles})
    await desk.ok("POST", f"/employees/{without_phone['id']}/enable")
    await desk.refused(422, "unknown_role", "POST", path, json={"role_ids": [await viewer(other_desk)]})
    await desk.refused(422, "validation_failed", "POST", path, json={"role_ids": []})
    await other_desk.refused(404, "not_found", "POST", path, json={"role_ids": [await viewer(other_desk)]})
    await with_account(other_desk, "B001", phone)
    await desk.refused(409, "phone_taken", "POST", path, json={"role_ids": roles})
    assert (await desk.ok("GET", f"/employees/{without_phone['id']}"))["account"] is None


async def test_who_is_disabled_is_signed_out(desk: Desk, app: FastAPI, client: httpx.AsyncClient) -> None:
    colleague = await identity.colleague(app, desk.who, "viewer")
    made = await desk.hire("A001")
    await desk.owner_connection.execute("UPDATE employees SET user_id = $1", colleague.user_id)
    assert (await client.get("/api/v1/me", headers=colleague.headers)).status_code == 200
    disabled = await desk.ok("POST", f"/employees/{made['id']}/disable")
    assert (disabled["status"], disabled["account"]["status"]) == ("disabled", "disabled")
    assert (await client.get("/api/v1/me", headers=colleague.headers)).status_code == 401
    assert (await sign_in(client, colleague.username, identity.PASSWORD)).status_code in (401, 403)
    enabled = await desk.ok("POST", f"/employees/{made['id']}/enable")
    assert (enabled["status"], enabled["account"]["status"]) == ("active", "active")
    assert (await sign_in(client, colleague.username, identity.PASSWORD)).status_code == 200

    await desk.ok("DELETE", f"/employees/{made['id']}")
    assert (await sign_in(client, colleague.username, identity.PASSWORD)).status_code == 401
    await desk.refused(404, "not_found", "GET", f"/employees/{made['id']}")


async def test_nobody_loses_the_last_owner_or_himself(desk: Desk, app: FastAPI) -> None:
    made = await desk.hire("A001")
    await desk.owner_connection.execute("UPDATE employees SET user_id = $1", desk.who.user_id)
    for method, path in (("POST", "/disable"), ("DELETE", "")):
        answer = await desk.send(method, f"/employees/{made['id']}{path}")
        assert (answer.status_code, answer.json()["code"]) in ((409, "last_owner"), (409, "own_account")), answer.text
    assert (await desk.ok("GET", f"/employees/{made['id']}"))["status"] == "active"


async def test_who_may_manage_staff_but_not_accounts(desk: Desk, app: FastAPI, client: httpx.AsyncClient) -> None:
    role = await desk.ok("POST", "/roles", json={"name": "人事", "permissions": ["staff:read", "staff:manage"]})
    clerk = Desk(app, client, desk.owner_connection, await identity.colleague(app, desk.who, role["id"]))
    employee = await with_account(desk)
    body = {"role_ids": [await viewer(desk)]}
    await clerk.refused(403, "permission_denied", "POST", f"/employees/{employee['id']}/account", json=body)
    await clerk.refused(403, "permission_denied", "POST", f"/employees/{employee['id']}/disable")
    await clerk.refused(403, "permission_denied", "DELETE", f"/employees/{employee['id']}")
    assert (await clerk.ok("GET", f"/employees/{employee['id']}"))["status"] == "active"
    plain = await clerk.hire("A002")
    assert (await clerk.ok("POST", f"/employees/{plain['id']}/disable"))["status"] == "disabled"
    await clerk.refused(403, "permission_denied", "GET", "/employees/export")


@pytest.mark.capability("I10")
async def test_imports_leave_accounts_alone(desk: Desk) -> None:
    employee = await with_account(desk)
    await desk.hire("A002")
    job = await desk.imported(
        workbook(TITLES[:2] + TITLES[-1:], ("A001", "王小明", "停用"), ("A002", "李晓雨", "停用"))
    )
    assert await desk.row_errors(job) == {2: [("status", "employee_has_account")]}
    assert job["counts"] == {"updated": 1}
    assert (await desk.ok("GET", f"/employees/{employee['id']}"))["status"] == "active"
    renamed = await desk.imported(workbook(TITLES[:2], ("A001", "王大明")))
    assert renamed["counts"] == {"updated": 1}


async def test_a_new_account_after_the_old_one_was_deleted(desk: Desk) -> None:
    employee = await with_account(desk)
    account = employee["account"]
    assert isinstance(account, dict)
    await desk.ok("DELETE", f"/users/{account['id']}")
    shown = await desk.ok("GET", f"/employees/{employee['id']}")
    assert (shown["has_account"], shown["account"]) == (False, None)
    again = await desk.ok("POST", f"/employees/{employee['id']}/account", json={"role_ids": [await viewer(desk)]})
    assert again["account"]["id"] != account["id"]
