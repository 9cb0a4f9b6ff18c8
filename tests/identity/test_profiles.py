"""Registration data: checked when told, changed by a request that the platform reviews."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.identity.service import credit_codes, divisions
from make import identity as make
from make.codes import application, forget_quotas, with_codes
from make.identity import Signed
from make.jobs import deliver_messages

pytestmark = pytest.mark.capability("I11")
CODE, OTHER_CODE = "91330100799655058B", "9144030071526726XG"
ACCOUNT = {"bank": "中国银行杭州分行", "account_name": "云海山旅游发展公司", "account_number": "6222020200112233445"}
CONTACT = {"name": "陆云帆", "title": "经理", "phone": "137 0013 7000", "email": "lu@example.com"}
DATA = {
    "credit_code": CODE,
    "region_code": "330106",
    "address": "龙井路1号",
    "contacts": [CONTACT],
    "bank_account": ACCOUNT,
}
CHANGES = "/api/v1/organization-changes"


def path(who: Signed, end: str) -> str:
    return f"/api/v1/organizations/{who.organization_id}/{end}"


async def profile(client: httpx.AsyncClient, who: Signed) -> dict[str, Any]:
    answer = await client.get(path(who, "profile"), headers=who.headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def request(client: httpx.AsyncClient, who: Signed, **wanted: Any) -> httpx.Response:
    return await client.post(path(who, "changes"), json=wanted, headers=who.headers)


async def act(client: httpx.AsyncClient, who: Signed, change: dict[str, Any], verb: str, **body: Any) -> httpx.Response:
    return await client.post(f"{CHANGES}/{change['id']}/{verb}", json=body or None, headers=who.headers)


async def test_what_is_asked_for_is_in_force_once_approved(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app, "云海山")
    assert await profile(client, supplier) == {
        "organization_id": str(supplier.organization_id),
        "name": "云海山",
        "credit_code": None,
        "region": None,
        "address": None,
        "contacts": [],
        "bank_account": None,
        "pending_change_id": None,
    }
    asked = await request(client, supplier, **DATA, name="云海山旅游发展公司", note="首次登记")
    assert asked.status_code == 201, asked.text
    change = asked.json()
    assert asked.headers["Location"] == f"{CHANGES}/{change['id']}"
    assert (change["status"], change["organization_name"], change["note"]) == ("pending", "云海山", "首次登记")
    masked = ACCOUNT | {"account_number": "****3445"}
    kept = CONTACT | {"phone": "+8613700137000"}
    assert change["changes"] == [
        {"field": "address", "before": None, "after": "龙井路1号"},
        {"field": "bank_account", "before": None, "after": masked},
        {"field": "contacts", "before": [], "after": [kept]},
        {"field": "credit_code", "before": None, "after": CODE},
        {"field": "name", "before": "云海山", "after": "云海山旅游发展公司"},
        {"field": "region", "before": None, "after": {"code": "330106", "name": "浙江省杭州市西湖区"}},
    ]
    live = await profile(client, supplier)
    assert (live["name"], live["address"], live["pending_change_id"]) == ("云海山", None, change["id"])

    queue = (await client.get(f"{CHANGES}?status=pending", headers=admin.headers)).json()["items"]
    assert [row["id"] for row in queue] == [change["id"]]
    approved = await act(client, admin, change, "approve")
    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    assert approved.json()["reviewed_by"] == str(admin.user_id)
    live = await profile(client, supplier)
    assert live == {
        "organization_id": str(supplier.organization_id),
        "name": "云海山旅游发展公司",
        "credit_code": CODE,
        "region": {"code": "330106", "name": "浙江省杭州市西湖区"},
        "address": "龙井路1号",
        "contacts": [kept],
        "bank_account": masked,
        "pending_change_id": None,
    }
    [told] = await deliver_messages(app, owner_connection)
    assert (told["to"], told["template"]) == (supplier.phone, "change_approved")
    shown = (await client.get(f"/api/v1/organizations/{supplier.organization_id}", headers=admin.headers)).json()
    house = (await client.get(f"/api/v1/organizations/{shown['house_distributor_id']}", headers=admin.headers)).json()
    assert house["name"] == "云海山旅游发展公司（直营）"
    for verb, body in (("approve", {}), ("reject", {"reason": "x"})):
        assert (await act(client, admin, change, verb, **body)).json()["code"] == "state_conflict"


async def test_a_rejected_change_changes_nothing_and_stays_on_record(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    admin, distributor = await make.admin(app), await make.distributor(app)
    first = (await request(client, distributor, address="一号路1号")).json()
    assert (await act(client, admin, first, "reject")).status_code == 422
    rejected = await act(client, admin, first, "reject", reason="与营业执照不符")
    assert (rejected.json()["status"], rejected.json()["reason"]) == ("rejected", "与营业执照不符")
    assert (await profile(client, distributor))["address"] is None
    [told] = await deliver_messages(app, owner_connection)
    assert "与营业执照不符" in told["text"]
    second = (await request(client, distributor, address="二号路2号")).json()
    await act(client, admin, second, "approve")
    third = (await request(client, distributor, address=None)).json()
    assert third["changes"] == [{"field": "address", "before": "二号路2号", "after": None}]
    history = (await client.get(f"{CHANGES}?sort=created_at", headers=distributor.headers)).json()["items"]
    assert [row["status"] for row in history] == ["rejected", "approved", "pending"]
    trail = await client.get(f"/api/v1/audit?object_id={second['id']}", headers=admin.headers)
    assert {row["action"] for row in trail.json()["items"]} == {"identity.request_change", "identity.approve_change"}


async def test_one_request_at_a_time_which_may_be_withdrawn(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app)
    both = await asyncio.gather(*(request(client, supplier, address=f"{n}号") for n in range(3)))
    assert sorted(answer.status_code for answer in both) == [201, 409, 409]
    [made] = [answer.json() for answer in both if answer.status_code == 201]
    [refused, _] = [answer.json() for answer in both if answer.status_code == 409]
    assert (refused["code"], refused["change_id"]) == ("change_pending", made["id"])
    stale = supplier.headers | {"If-Match": '"7"'}
    assert (await client.post(f"{CHANGES}/{made['id']}/withdraw", headers=stale)).status_code == 412
    withdrawn = await act(client, supplier, made, "withdraw")
    assert (withdrawn.json()["status"], withdrawn.json()["reviewed_by"]) == ("withdrawn", None)
    assert (await act(client, admin, made, "approve")).json()["code"] == "state_conflict"
    assert (await request(client, supplier, address="9号")).status_code == 201


async def test_approved_and_withdrawn_at_once_is_one_of_them(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app)
    made = (await request(client, supplier, address="9号")).json()
    both = await asyncio.gather(act(client, admin, made, "approve"), act(client, supplier, made, "withdraw"))
    assert sorted(answer.status_code for answer in both) == [200, 409]
    in_force = (await profile(client, supplier))["address"]
    assert in_force == ("9号" if both[0].status_code == 200 else None)


async def test_nothing_new_is_no_request(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app)
    await act(client, admin, (await request(client, supplier, **DATA)).json(), "approve")
    for wanted in ({}, {"note": "x"}, DATA, {"address": "龙井路1号"}, {"bank_account": ACCOUNT}):
        answer = await request(client, supplier, **wanted)
        assert (answer.status_code, answer.json()["code"]) == (422, "nothing_to_change"), wanted
    only = (await request(client, supplier, **DATA | {"address": "另一条路"})).json()
    assert [row["field"] for row in only["changes"]] == ["address"]


async def test_one_credit_code_one_organization(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    admin, one, other = await make.admin(app), await make.supplier(app), await make.distributor(app)
    first, second = [(await request(client, who, credit_code=CODE)).json() for who in (one, other)]
    at_once = await asyncio.gather(act(client, admin, first, "approve"), act(client, admin, second, "approve"))
    assert sorted(answer.status_code for answer in at_once) == [200, 409]
    [refused] = [answer.json() for answer in at_once if answer.status_code == 409]
    assert refused["code"] == "credit_code_taken"
    third = await make.supplier(app)
    assert (await request(client, third, credit_code=CODE.lower())).json()["code"] == "credit_code_taken"
    assert (await request(client, third, credit_code=OTHER_CODE)).status_code == 201
    taken = application("yunhai", "13700137000", "lu@example.com", profile={"credit_code": CODE})
    body = await with_codes(app, client, owner_connection, taken)
    again = await client.post("/api/v1/auth/register", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "credit_code_taken")
    corrected = await client.post(
        "/api/v1/auth/register", json=body | {"profile": {"credit_code": "914403001922038216"}}
    )
    assert corrected.status_code == 201


async def test_a_rejected_applicant_blocks_no_credit_code(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app)
    squatter = application("squatter", "13700137001", "s@example.com", profile=DATA)
    body = await with_codes(app, client, owner_connection, squatter)
    made = (await client.post("/api/v1/auth/register", json=body)).json()["id"]
    seen = await client.get(f"/api/v1/organizations/{made}/profile", headers=admin.headers)
    assert (seen.json()["credit_code"], seen.json()["bank_account"]["account_number"]) == (CODE, "****3445")
    assert (await request(client, supplier, credit_code=CODE)).json()["code"] == "credit_code_taken"
    await client.post(f"/api/v1/organizations/{made}/reject", json={"reason": "冒用"}, headers=admin.headers)
    assert (await request(client, supplier, credit_code=CODE)).status_code == 201
    await forget_quotas(owner_connection)
    again = await with_codes(app, client, owner_connection, squatter | {"profile": {"credit_code": OTHER_CODE}})
    assert (await client.post("/api/v1/auth/register", json=again)).status_code == 201


async def test_a_bank_account_is_readable_nowhere(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    admin, supplier = await make.admin(app), await make.supplier(app)
    headers = supplier.with_key("bank-1")
    asked = await client.post(path(supplier, "changes"), json={"bank_account": ACCOUNT}, headers=headers)
    await act(client, admin, asked.json(), "approve")
    assert ACCOUNT["account_number"] not in asked.text
    tables = await owner_connection.fetch(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') "
        "AND relnamespace::regnamespace::text IN ('public', 'jobs')"
    )
    for (table,) in tables:
        rows = await owner_connection.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} t") or ""
        assert ACCOUNT["account_number"] not in rows, table
        assert ACCOUNT["account_number"].encode().hex() not in rows, table


async def test_nobody_sees_or_touches_anothers_data(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier, other = await make.admin(app), await make.supplier(app), await make.supplier(app)
    made = (await request(client, supplier, address="9号")).json()
    for url in (path(supplier, "profile"), f"{CHANGES}/{made['id']}"):
        assert (await client.get(url, headers=other.headers)).status_code == 404
        assert (await client.get(url, headers=admin.headers)).status_code == 200
    assert (await client.get(CHANGES, headers=other.headers)).json()["items"] == []
    foreign = await client.post(path(supplier, "changes"), json={"address": "1"}, headers=other.headers)
    assert foreign.status_code == 404
    assert (await act(client, other, made, "withdraw")).status_code == 404
    for verb, body in (("approve", {}), ("reject", {"reason": "x"})):
        assert (await act(client, supplier, made, verb, **body)).status_code == 403
    assert (await client.post(path(supplier, "changes"), json={}, headers=admin.headers)).status_code == 403
    assert (await act(client, admin, {"id": uuid4()}, "approve")).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"credit_code": "91330100799655058A"}, "invalid_credit_code"),
        ({"credit_code": "91330100799655085B"}, "invalid_credit_code"),
        ({"credit_code": "9133010079965505"}, "validation_failed"),
        ({"credit_code": "91330100799655058B0"}, "validation_failed"),
        ({"credit_code": "9133O100799655058B"}, "validation_failed"),
        ({"credit_code": "９１330100799655058B"}, "validation_failed"),
        ({"region_code": "330199"}, "unknown_region"),
        ({"region_code": "330100"}, "unknown_region"),
        ({"region_code": "33"}, "validation_failed"),
        ({"region_code": "330106\u0000"}, "validation_failed"),
        ({"address": ""}, "validation_failed"),
        ({"address": "a\u0000b"}, "validation_failed"),
        ({"address": "x" * 201}, "validation_failed"),
        ({"name": None}, "validation_failed"),
        ({"contacts": None}, "validation_failed"),
        ({"contacts": [CONTACT] * 11}, "validation_failed"),
        ({"contacts": [CONTACT | {"phone": "12345"}]}, "invalid_phone"),
        ({"contacts": [CONTACT | {"is_admin": True}]}, "validation_failed"),
        ({"bank_account": ACCOUNT | {"account_number": "1234567"}}, "validation_failed"),
        ({"bank_account": ACCOUNT | {"account_number": "1' OR '1'='1"}}, "validation_failed"),
        ({"status": "active"}, "validation_failed"),
        ({"kind": "admin"}, "validation_failed"),
        ({"organization_id": str(uuid4())}, "validation_failed"),
        ({"house_of": None}, "validation_failed"),
    ],
)
async def test_bad_input(client: httpx.AsyncClient, app: FastAPI, wanted: dict[str, Any], code: str) -> None:
    supplier = await make.supplier(app)
    answer = await request(client, supplier, **wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("code", [CODE, OTHER_CODE, "914403001922038216", "91110000802100433B"])
def test_published_credit_codes_check(code: str) -> None:
    """Of four companies that print theirs on their pages; every other last character is wrong."""
    assert [last for last in credit_codes.ALPHABET if credit_codes.checks(code[:-1] + last)] == [code[-1]]
    swapped = code[:12] + code[13] + code[12] + code[14:]
    assert swapped == code or not credit_codes.checks(swapped)


async def test_divisions_for_forms(client: httpx.AsyncClient) -> None:
    provinces = (await client.get("/api/v1/divisions")).json()
    assert len(provinces) == 31
    cities = (await client.get("/api/v1/divisions?parent=33")).json()
    assert cities[0] == {"code": "3301", "name": "杭州市", "full_name": "浙江省杭州市", "is_smallest": False}
    districts = (await client.get("/api/v1/divisions?parent=3301")).json()
    assert {"330106"} == {row["code"] for row in districts if row["name"] == "西湖区"}
    assert all(row["is_smallest"] for row in districts)
    assert (await client.get("/api/v1/divisions?parent=99")).json() == []
    for bad in ("330106", "x", "3%00", ""):
        assert (await client.get(f"/api/v1/divisions?parent={bad}")).status_code == 422


def test_cities_without_districts_are_places() -> None:
    assert divisions.is_place("441900") and divisions.is_place("441900003")
    assert not divisions.is_place("330100") and not divisions.is_place("4419")
    found = divisions.division("110101")
    assert found is not None and found.full_name == "北京市东城区"
