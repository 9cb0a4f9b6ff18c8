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
def test_every_state_and_action(status: RelationStatus, action: RelationAction) -> None:
    allowed = {("active", "stop"): "stopped", ("stopped", "resume"): "active"}
    assert TRANSITIONS.get((status, action)) == allowed.get((status.value, action.value))


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
