"""My profile, and the trail of what was done."""

from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from distro_api.core import clock
from make import identity as make

ME = "/api/v1/me"


@pytest.mark.capability("I1")
async def test_profile(client: httpx.AsyncClient, app: FastAPI) -> None:
    distributor = await make.distributor(app, "远方旅行社")
    answer = await client.get(ME, headers=distributor.headers)
    me = answer.json()
    assert answer.headers["ETag"] == '"1"'
    assert len(me["organization"].pop("partner_code")) == 9
    assert me["organization"] == {
        "id": str(distributor.organization_id),
        "kind": "distributor",
        "name": "远方旅行社",
        "status": "active",
        "partner_policy": "open",
    }
    assert "orders:place" in me["permissions"]
    assert "products:edit" not in me["permissions"]


@pytest.mark.capability("I6")
async def test_change_my_name_with_the_version_i_saw(client: httpx.AsyncClient, app: FastAPI) -> None:
    distributor = await make.distributor(app)
    changed = await client.patch(ME, json={"name": " 王芳 "}, headers=distributor.headers | {"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["name"], changed.headers["ETag"]) == (200, "王芳", '"2"')
    stale = await client.patch(ME, json={"name": "李雷"}, headers=distributor.headers | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "precondition_failed", 2)
    nothing = await client.patch(ME, json={}, headers=distributor.headers)
    assert nothing.json()["version"] == 2


@pytest.mark.capability("I6")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"phone": "13900139000"}, "validation_failed"),
        ({"email": "a@example.com"}, "validation_failed"),
        ({"name": None}, "validation_failed"),
        ({"name": "  "}, "validation_failed"),
        ({"role": "owner"}, "validation_failed"),
        ({"organization_id": "01890000-0000-7000-8000-000000000000"}, "validation_failed"),
        ({"password_hash": "x"}, "validation_failed"),
        ({"version": 9}, "validation_failed"),
    ],
)
async def test_nothing_else_can_be_changed(
    client: httpx.AsyncClient, app: FastAPI, body: dict[str, object], code: str
) -> None:
    distributor = await make.distributor(app)
    answer = await client.patch(ME, json=body, headers=distributor.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.capability("I15")
async def test_trail_is_seen_by_its_own_people_and_the_platform(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier, other = await make.admin(app), await make.supplier(app), await make.supplier(app)
    await client.patch(ME, json={"name": "王芳"}, headers=supplier.headers | {"X-Request-Id": "trace-7"})
    query = "/api/v1/audit?action=identity.update_user"
    for who, count in ((admin, 1), (supplier, 1), (other, 0)):
        rows = (await client.get(query, headers=who.headers)).json()["items"]
        assert len(rows) == count
    [row] = (await client.get(query, headers=supplier.headers)).json()["items"]
    assert (row["request_id"], row["object_id"], row["address"]) == ("trace-7", str(supplier.user_id), "127.0.0.1")
    assert "王芳" not in str(row)


@pytest.mark.capability("I15")
async def test_trail_by_time(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    middle = clock.now()
    await client.patch(ME, json={"name": "王芳"}, headers=supplier.headers)

    async def actions(query: str) -> list[str]:
        answer = await client.get(f"/api/v1/audit?{query}", headers=supplier.headers)
        assert answer.status_code == 200, answer.text
        return [row["action"] for row in answer.json()["items"]]

    assert await actions(f"created_from={quote(middle.isoformat())}") == ["identity.update_user"]
    assert await actions(f"created_to={quote(middle.isoformat())}") == ["identity.log_in"]
    assert await actions(f"created_from={quote((middle + timedelta(hours=1)).isoformat())}") == []
    assert (
        await client.get("/api/v1/audit?created_from=2026-01-01T00:00:00", headers=supplier.headers)
    ).status_code == 422
