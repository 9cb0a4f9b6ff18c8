"""A supplier says what earns points."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from distro_api.core.errors import StateConflict
from distro_api.incentives.states import RuleAction, RuleStatus, after
from make import identity
from make.incentives import INCENTIVES, add_rule, rule
from make.products import product

pytestmark = pytest.mark.capability("V1", "V2")
RULES = f"{INCENTIVES}/rules"


@pytest.fixture
async def supplier(client: httpx.AsyncClient, app: FastAPI) -> identity.Signed:
    return await identity.supplier(app)


async def test_a_rule_is_made_changed_and_stopped(client: httpx.AsyncClient, supplier: identity.Signed) -> None:
    sku_id = (await product(client, supplier))["skus"][0]["id"]
    body = rule(scope={"kinds": ["ticket"], "sku_ids": [sku_id], "tiers": ["金牌"]}, valid_to="2026-12-31")
    answer = await client.post(RULES, json=body, headers=supplier.headers)
    made = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{RULES}/{made['id']}")
    assert {name: made[name] for name in body} == body
    assert (made["status"], made["version"], answer.headers["ETag"]) == ("active", 1, '"1"')
    path = answer.headers["Location"]

    change = {"rate": "1.5", "valid_to": None, "scope": {"kinds": ["retail"]}}
    edited = await client.patch(path, json=change, headers=supplier.headers | {"If-Match": '"1"'})
    assert edited.json() | {"updated_at": None} == made | {
        "rate": "1.5",
        "valid_to": None,
        "scope": {"kinds": ["retail"], "sku_ids": None, "tiers": None},
        "version": 2,
        "updated_at": None,
    }
    stale = await client.patch(path, json=change, headers=supplier.headers | {"If-Match": '"1"'})
    assert stale.status_code == 412

    stopped = await client.post(f"{path}/stop", headers=supplier.headers | {"If-Match": '"2"'})
    assert (stopped.status_code, stopped.json()["status"]) == (200, "stopped")
    assert (await client.post(f"{path}/stop", headers=supplier.headers)).json()["code"] == "state_conflict"
    assert (await client.patch(path, json={"name": "新名"}, headers=supplier.headers)).json()[
        "code"
    ] == "state_conflict"
    assert (await client.get(path, headers=supplier.headers)).json()["version"] == 3


async def test_rules_are_listed(client: httpx.AsyncClient, supplier: identity.Signed) -> None:
    first = await add_rule(client, supplier)
    second = await add_rule(client, supplier, unit="bonus")
    await client.post(f"{RULES}/{first['id']}/stop", headers=supplier.headers)
    for params, expected in [
        ({}, [second, first]),
        ({"sort": "created_at"}, [first, second]),
        ({"unit": "bonus"}, [second]),
        ({"status": "stopped"}, [first]),
        ({"unit": "synergy", "status": "active"}, []),
    ]:
        listed = await client.get(RULES, params=params, headers=supplier.headers)
        assert [row["id"] for row in listed.json()["items"]] == [row["id"] for row in expected]


async def test_a_rule_is_its_suppliers_own(client: httpx.AsyncClient, app: FastAPI, supplier: identity.Signed) -> None:
    made = await add_rule(client, supplier)
    path = f"{RULES}/{made['id']}"
    stranger, distributor = await identity.supplier(app), await identity.distributor(app)
    assert (await client.get(RULES, headers=stranger.headers)).json()["items"] == []
    for who, status in [(stranger, 404), (distributor, 403)]:
        assert (await client.get(path, headers=who.headers)).status_code == status
        assert (await client.patch(path, json={"name": "我的"}, headers=who.headers)).status_code == status
        assert (await client.post(f"{path}/stop", headers=who.headers)).status_code == status
    assert (await client.post(RULES, json=rule(), headers=distributor.headers)).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"rate": "0"},
        {"rate": "0.00"},
        {"rate": "-1"},
        {"rate": "1.23456"},
        {"rate": "10000.01"},
        {"rate": "１"},
        {"rate": 1},
        {"unit": "stars"},
        {"basis": "weight"},
        {"event": "order_placed"},
        {"earner": "customer"},
        {"name": " "},
        {"name": "a\x00b"},
        {"valid_from": "2026-02-30"},
        {"valid_to": "2025-12-31"},
        {"scope": {"kinds": []}},
        {"scope": {"kinds": ["magic"]}},
        {"scope": {"colour": "red"}},
        {"status": "stopped"},
    ],
)
async def test_nonsense_is_refused(
    client: httpx.AsyncClient, supplier: identity.Signed, change: dict[str, Any]
) -> None:
    answer = await client.post(RULES, json=rule(**change), headers=supplier.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_skus_must_be_ones_own(client: httpx.AsyncClient, app: FastAPI, supplier: identity.Signed) -> None:
    foreign = (await product(client, await identity.supplier(app)))["skus"][0]["id"]
    scope = {"sku_ids": [foreign]}
    made = await client.post(RULES, json=rule(scope=scope), headers=supplier.headers)
    assert (made.status_code, made.json()["ids"]) == (422, [foreign])
    path = f"{RULES}/{(await add_rule(client, supplier))['id']}"
    edited = await client.patch(path, json={"scope": scope}, headers=supplier.headers)
    assert (edited.status_code, edited.json()["ids"]) == (422, [foreign])
    late = await client.patch(path, json={"valid_to": "2025-12-31"}, headers=supplier.headers)
    assert late.status_code == 422
    assert (await client.patch(path, json={"name": None}, headers=supplier.headers)).status_code == 422


@pytest.mark.parametrize("status", RuleStatus)
@pytest.mark.parametrize("action", RuleAction)
def test_every_state_and_action(status: RuleStatus, action: RuleAction) -> None:
    allowed = {("active", "edit"): "active", ("active", "stop"): "stopped"}
    if (status.value, action.value) in allowed:
        assert after(status, action) == allowed[status.value, action.value]
    else:
        with pytest.raises(StateConflict):
            after(status, action)
