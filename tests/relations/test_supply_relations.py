"""Partners: add, tier, stop, resume."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.products.models import CatalogueVersion
from distro_api.relations.models import RelationStatus
from distro_api.relations.states import TRANSITIONS, RelationAction
from make import identity as make
from make.relations import RELATIONS, relation

pytestmark = pytest.mark.capability("R2")


async def catalogue_version(app: FastAPI, supplier: make.Signed) -> int:
    async with app.state.database.sessions() as session:
        found = await session.get(CatalogueVersion, supplier.organization_id)
        return found.version if found else 0


async def test_stop_and_resume(client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection) -> None:
    supplier, distributor = await make.supplier(app, "西湖"), await make.distributor(app, "远方")
    made = await relation(client, supplier, distributor)
    assert (made["status"], made["sells"], made["tier"], made["version"]) == ("active", "all", None, 1)
    assert (made["supplier"]["name"], made["distributor"]["name"]) == ("西湖", "远方")
    path = f"{RELATIONS}/{made['id']}"
    stopped = await client.post(f"{path}/stop", headers=supplier.headers | {"If-Match": '"1"'})
    assert (stopped.status_code, stopped.json()["status"], stopped.headers["ETag"]) == (200, "stopped", '"2"')
    twice = await client.post(f"{path}/stop", headers=supplier.headers)
    assert (twice.status_code, twice.json()["code"]) == (409, "state_conflict")
    assert (await client.get(path, headers=distributor.headers)).json()["status"] == "stopped"
    stale = await client.post(f"{path}/resume", headers=supplier.headers | {"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await client.post(f"{path}/resume", headers=supplier.headers)).json()["status"] == "active"
    facts = await owner_connection.fetch("SELECT name, aggregate_id, distributor_id FROM outbox ORDER BY id")
    assert [row["name"] for row in facts] == ["relations.opened", "relations.stopped", "relations.resumed"]
    assert {row["distributor_id"] for row in facts} == {distributor.organization_id}
    acts = await owner_connection.fetch("SELECT action FROM audit_log WHERE action LIKE 'relations.%' ORDER BY id")
    assert [row[0] for row in acts] == ["relations.open", "relations.stop", "relations.resume"]
    assert await catalogue_version(app, supplier) == 3


@pytest.mark.parametrize("status", RelationStatus)
@pytest.mark.parametrize("action", RelationAction)
async def test_every_state_and_action(
    client: httpx.AsyncClient, app: FastAPI, status: RelationStatus, action: RelationAction
) -> None:
    supplier = await make.supplier(app)
    made = await relation(client, supplier, await make.distributor(app))
    path = f"{RELATIONS}/{made['id']}"
    if status is RelationStatus.STOPPED:
        await client.post(f"{path}/stop", headers=supplier.headers)
    allowed = {("active", "stop"): "stopped", ("stopped", "resume"): "active"}
    answer = await client.post(f"{path}/{action}", headers=supplier.headers)
    after = allowed.get((status.value, action.value))
    assert answer.status_code == (409 if after is None else 200)
    shown = (await client.get(path, headers=supplier.headers)).json()["status"]
    assert shown == (after or status)
    assert len(TRANSITIONS) == len(allowed)


async def test_a_partner_is_added_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other, distributor = await make.supplier(app), await make.supplier(app), await make.distributor(app)
    body = {"distributor_id": str(distributor.organization_id)}
    answers = await asyncio.gather(*(client.post(RELATIONS, json=body, headers=supplier.headers) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    ids = {answer.json().get("relation_id") or answer.json()["id"] for answer in answers}
    assert len(ids) == 1
    await relation(client, other, distributor)
    listed = (await client.get(RELATIONS, headers=distributor.headers)).json()["items"]
    assert len(listed) == 2


async def test_who_can_be_added(client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection) -> None:
    admin, supplier, suspended = await make.admin(app), await make.supplier(app), await make.distributor(app)
    path = f"/api/v1/organizations/{suspended.organization_id}/suspend"
    await client.post(path, json={"reason": "x"}, headers=admin.headers)
    house = await owner_connection.fetchval(
        "SELECT id FROM organizations WHERE house_of = $1", supplier.organization_id
    )
    nobody = "01890000-0000-7000-8000-000000000000"
    for foreign in (nobody, house, admin.organization_id, supplier.organization_id, suspended.organization_id):
        answer = await client.post(RELATIONS, json={"distributor_id": str(foreign)}, headers=supplier.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_distributor")


@pytest.mark.capability("R4")
async def test_tiers(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    gold = await relation(client, supplier, await make.distributor(app), tier=" 金牌 ", sells="listed")
    plain = await relation(client, supplier, await make.distributor(app))
    assert (gold["tier"], gold["sells"]) == ("金牌", "listed")
    version = await catalogue_version(app, supplier)
    path = f"{RELATIONS}/{plain['id']}"
    changed = await client.patch(path, json={"tier": "银牌"}, headers=supplier.headers | {"If-Match": '"1"'})
    assert (changed.json()["tier"], changed.json()["sells"], changed.headers["ETag"]) == ("银牌", "all", '"2"')
    assert await catalogue_version(app, supplier) == version + 1
    stale = await client.patch(path, json={"tier": "金牌"}, headers=supplier.headers | {"If-Match": '"1"'})
    assert stale.status_code == 412
    same = await client.patch(path, json={"tier": "银牌"}, headers=supplier.headers)
    assert same.headers["ETag"] == '"2"'
    assert await catalogue_version(app, supplier) == version + 1  # nothing changed
    for query, count in (
        ("tier=金牌", 1),
        ("tier=银牌", 1),
        ("sells=listed", 1),
        ("tier=铜牌", 0),
        ("q=distributor", 2),
    ):
        listed = (await client.get(f"{RELATIONS}?{query}", headers=supplier.headers)).json()["items"]
        assert len(listed) == count, query
    removed = await client.patch(path, json={"tier": None}, headers=supplier.headers)
    assert removed.json()["tier"] is None
    assert [
        row["tier"] for row in (await client.get("/api/v1/distributors", headers=supplier.headers)).json()["items"]
    ] == [
        None,
        "金牌",
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"sells": None},
        {"sells": "some"},
        {"tier": ""},
        {"tier": "x" * 33},
        {"status": "stopped"},
        {"supplier_id": "01890000-0000-7000-8000-000000000000"},
        {"version": 7},
    ],
)
async def test_mass_assignment_and_bad_input(client: httpx.AsyncClient, app: FastAPI, body: dict[str, Any]) -> None:
    supplier = await make.supplier(app)
    made = await relation(client, supplier, await make.distributor(app))
    answer = await client.patch(f"{RELATIONS}/{made['id']}", json=body, headers=supplier.headers)
    assert answer.status_code == 422


async def test_another_s_relation_is_not_there(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other, distributor = await make.supplier(app), await make.supplier(app), await make.distributor(app)
    stranger, admin = await make.distributor(app), await make.admin(app)
    made = await relation(client, supplier, distributor)
    path = f"{RELATIONS}/{made['id']}"
    for who in (other, stranger):
        assert (await client.get(path, headers=who.headers)).status_code == 404
        assert (await client.get(RELATIONS, headers=who.headers)).json()["items"] == []
        foreign = f"{RELATIONS}?supplier_id={supplier.organization_id}"
        assert (await client.get(foreign, headers=who.headers)).json()["items"] == []
    for verb in ("stop", "resume"):
        assert (await client.post(f"{path}/{verb}", headers=other.headers)).status_code == 404
        assert (await client.post(f"{path}/{verb}", headers=distributor.headers)).status_code == 403
    assert (await client.patch(path, json={"tier": "x"}, headers=other.headers)).status_code == 404
    assert (await client.get(path, headers=admin.headers)).status_code == 200


async def test_why_it_was_stopped_is_told_to_both_and_kept(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor, admin = await make.supplier(app), await make.distributor(app), await make.admin(app)
    made = await relation(client, supplier, distributor, tier="金牌")
    path = f"{RELATIONS}/{made['id']}"
    stopped = await client.post(f"{path}/stop", json={"reason": "账款逾期"}, headers=supplier.headers)
    assert (stopped.status_code, stopped.json()["stop_reason"]) == (200, "账款逾期")
    assert (await client.get(path, headers=distributor.headers)).json()["stop_reason"] == "账款逾期"
    resumed = await client.post(f"{path}/resume", json={"reason": "账款已结清"}, headers=supplier.headers)
    assert (resumed.json()["status"], resumed.json()["stop_reason"]) == ("active", None)
    await client.patch(path, json={"tier": "银牌", "sells": "listed"}, headers=supplier.headers)
    await client.patch(path, json={"tier": "银牌"}, headers=supplier.headers)  # nothing changed
    await client.post(f"{path}/stop", headers=supplier.headers)
    histories = [
        (await client.get(f"{path}/history?sort=created_at", headers=who.headers)).json()["items"]
        for who in (supplier, distributor, admin)
    ]
    assert histories[0] == histories[1] == histories[2]
    assert [(step["change"], step["by"], step["reason"], step["detail"]) for step in histories[0]] == [
        ("opened", "supplier", None, {"tier": "金牌", "sells": "all"}),
        ("stopped", "supplier", "账款逾期", {}),
        ("resumed", "supplier", "账款已结清", {}),
        ("terms_changed", "supplier", None, {"tier": "银牌", "sells": "listed"}),
        ("stopped", "supplier", None, {}),
    ]
    newest = (await client.get(f"{path}/history?limit=1", headers=distributor.headers)).json()
    assert (newest["items"][0]["id"], newest["next_cursor"] is not None) == (histories[0][-1]["id"], True)
    stranger = await make.distributor(app)
    assert (await client.get(f"{path}/history", headers=stranger.headers)).status_code == 404


@pytest.mark.parametrize(
    "body", [{"reason": ""}, {"reason": "x" * 501}, {"reason": "a\0b"}, {"until": "2030-01-01"}, []]
)
async def test_bad_reasons(client: httpx.AsyncClient, app: FastAPI, body: Any) -> None:
    supplier = await make.supplier(app)
    made = await relation(client, supplier, await make.distributor(app))
    for verb in ("stop", "resume"):
        answer = await client.post(f"{RELATIONS}/{made['id']}/{verb}", json=body, headers=supplier.headers)
        assert answer.status_code == 422
    assert (await client.get(f"{RELATIONS}/{made['id']}", headers=supplier.headers)).json()["status"] == "active"


async def test_history_is_only_added_to(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    await relation(client, supplier, await make.distributor(app))
    for role in ("distro_app", "distro_engine"):
        for right in ("UPDATE", "DELETE"):
            query = "SELECT has_table_privilege($1, 'supply_relation_changes', $2)"
            assert not await owner_connection.fetchval(query, role, right)


async def test_each_side_searches_the_other(client: httpx.AsyncClient, app: FastAPI) -> None:
    west, east = await make.supplier(app, "西湖景区"), await make.supplier(app, "东湖景区")
    far, near = await make.distributor(app, "远方旅行社"), await make.distributor(app, "西湖边旅行社")
    admin = await make.admin(app)
    for supplier in (west, east):
        for distributor in (far, near):
            await relation(client, supplier, distributor)

    async def listed(who: make.Signed, query: str) -> list[tuple[str, str]]:
        answer = await client.get(f"{RELATIONS}?{query}", headers=who.headers)
        assert answer.status_code == 200, answer.text
        return [(row["supplier"]["name"], row["distributor"]["name"]) for row in answer.json()["items"]]

    assert await listed(west, "q=西湖") == [("西湖景区", "西湖边旅行社")]  # its own name says nothing
    assert await listed(far, "q=西湖") == [("西湖景区", "远方旅行社")]
    assert await listed(far, "q=远方") == []
    assert len(await listed(admin, "q=西湖")) == 3
    assert len(await listed(admin, f"supplier_id={west.organization_id}")) == 2
    assert await listed(near, "q=_") == await listed(near, "q=%25") == []
    rows = (await client.get(f"{RELATIONS}?sort=created_at", headers=west.headers)).json()["items"]
    await client.patch(f"{RELATIONS}/{rows[0]['id']}", json={"tier": "金牌"}, headers=west.headers)
    assert (await listed(west, "sort=-updated_at"))[0] == ("西湖景区", rows[0]["distributor"]["name"])
    since = rows[1]["created_at"]
    assert len(await listed(west, f"created_from={since}")) == len(await listed(west, f"created_to={since}")) == 1
    assert (await client.get(f"{RELATIONS}?created_from=2026-01-01T00:00:00", headers=west.headers)).status_code == 422
