"""A supplier writes strategies: to whom, when, what, at which price; and the platform keeps the holidays."""

from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from distro_api.products.models import CatalogueVersion
from distro_api.strategies.service import fill_holidays
from make import identity, strategies
from make.products import on_sale, product
from make.strategies import STRATEGIES, strategy

ITEM = {"settlement_price": 8000, "retail_price": 12000}


@pytest.fixture
async def supplier(client: httpx.AsyncClient, app: FastAPI) -> identity.Signed:
    return await identity.supplier(app)


@pytest.fixture
async def sku(client: httpx.AsyncClient, supplier: identity.Signed) -> str:
    return str((await product(client, supplier))["skus"][0]["id"])


async def version(app: FastAPI, supplier: identity.Signed) -> int:
    async with app.state.database.sessions() as session:
        found = await session.get(CatalogueVersion, supplier.organization_id)
        return found.version if found else 0


@pytest.mark.capability("G1", "G2", "G3", "G4")
async def test_a_whole_strategy(client: httpx.AsyncClient, app: FastAPI, supplier: identity.Signed, sku: str) -> None:
    item = {
        "sku_id": sku,
        "settlement_price": 8000,
        "retail_price": 12000,
        "date_prices": [
            {"date_from": "2026-01-01", "date_to": "2026-12-31", "weekdays": [6, 7], "settlement_price": 9000},
            {"date_from": "2026-01-01", "date_to": "2026-12-31", "holidays": True, "settlement_price": 11000},
        ],
        "quantity_prices": [{"min_quantity": 10, "settlement_price": 7500}],
        "limits": {
            "min_quantity": 1,
            "max_quantity": 20,
            "per_day": 100,
            "advance_days_max": 90,
            "cut_off": {"days_before": 1, "time": "20:00"},
        },
    }
    answer = await client.post(STRATEGIES, json=strategy(item, valid_to="2026-12-31"), headers=supplier.headers)
    made = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/api/v1/strategies/{made['id']}"
    assert made["status"] == "draft"
    assert made["items"] == [item | {"commission_percent": None, "commission_amount": None}]
    assert made["refund_rules"] == strategy()["refund_rules"]
    assert made["audience"] == {"kind": "all", "tiers": [], "distributor_ids": []}
    assert (await client.get(answer.headers["Location"], headers=supplier.headers)).json() == made
    listed = (await client.get(STRATEGIES, params={"sku_id": sku}, headers=supplier.headers)).json()["items"]
    assert [row["id"] for row in listed] == [made["id"]]
    assert "items" not in listed[0]


@pytest.mark.capability("G1")
async def test_its_life(client: httpx.AsyncClient, app: FastAPI, supplier: identity.Signed, sku: str) -> None:
    made = await strategies.draft(client, supplier)
    path = f"{STRATEGIES}/{made['id']}"
    empty = await client.post(f"{path}/activate", headers=supplier.headers)
    assert (empty.status_code, empty.json()["code"]) == (409, "strategy_empty")
    put = await client.put(f"{path}/items", json={"items": [ITEM | {"sku_id": sku}]}, headers=supplier.headers)
    assert put.status_code == 200, put.text
    before = await version(app, supplier)
    for action, status, expected in [
        ("pause", 409, "draft"),
        ("activate", 200, "active"),
        ("activate", 409, "active"),
        ("pause", 200, "paused"),
        ("pause", 409, "paused"),
        ("activate", 200, "active"),
    ]:
        answer = await client.post(f"{path}/{action}", headers=supplier.headers)
        assert answer.status_code == status
        assert (await client.get(path, headers=supplier.headers)).json()["status"] == expected
    assert await version(app, supplier) == before + 3


@pytest.mark.capability("G3")
async def test_items_are_put_and_taken_one_by_one(
    client: httpx.AsyncClient, app: FastAPI, supplier: identity.Signed
) -> None:
    first, second = [sku["id"] for sku in (await product(client, supplier))["skus"]]
    made = await strategies.draft(client, supplier, ITEM | {"sku_id": first})
    path = f"{STRATEGIES}/{made['id']}"
    put = await client.put(
        f"{path}/items/{second}", json={"settlement_price": 1}, headers=supplier.headers | {"If-Match": '"1"'}
    )
    assert put.json()["settlement_price"] == 1, put.text
    stale = await client.put(
        f"{path}/items/{second}", json={"settlement_price": 2}, headers=supplier.headers | {"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    replaced = await client.put(
        f"{path}/items", json={"items": [{"sku_id": second, "settlement_price": 3}]}, headers=supplier.headers
    )
    assert {row["sku_id"]: row["settlement_price"] for row in replaced.json()["items"]} == {first: 8000, second: 3}
    assert (await client.delete(f"{path}/items/{first}", headers=supplier.headers)).status_code == 204
    assert (await client.delete(f"{path}/items/{first}", headers=supplier.headers)).status_code == 404
    left = (await client.get(f"{path}/items", headers=supplier.headers)).json()["items"]
    assert [row["sku_id"] for row in left] == [second]


@pytest.mark.capability("G1", "G2")
async def test_edits_apply_at_once(
    client: httpx.AsyncClient, app: FastAPI, supplier: identity.Signed, sku: str
) -> None:
    made = await strategies.active(client, supplier, ITEM | {"sku_id": sku}, valid_to="2026-12-31")
    path = f"{STRATEGIES}/{made['id']}"
    before = await version(app, supplier)
    edit = {"name": "新名称", "valid_to": None, "priority": 5, "pay_by": ["credit", "prepaid"], "refund_rules": []}
    edited = (await client.patch(path, json=edit, headers=supplier.headers)).json()
    assert {name: edited[name] for name in edit} == edit
    assert (edited["status"], edited["version"]) == ("active", made["version"] + 1)
    assert await version(app, supplier) == before + 1
    agency = await client.patch(path, json={"business_mode": "agency"}, headers=supplier.headers)
    assert (agency.status_code, agency.json()["code"]) == (422, "strategy_item_invalid")
    assert agency.json()["items"] == [{"sku_id": sku, "rules": ["commission_required"]}]
    past = await client.patch(path, json={"valid_to": "2025-12-31"}, headers=supplier.headers)
    assert (past.status_code, past.json()["code"]) == (422, "validation_failed")
    assert (await client.get(path, headers=supplier.headers)).json() == edited


def with_item(**changes: Any) -> dict[str, Any]:
    return strategy(ITEM | {"sku_id": "SKU"} | changes)


@pytest.mark.capability("G1", "G2", "G3", "G4")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (strategy(channel="employee"), "not_supported_yet"),
        (strategy(refund_approval=True), "not_supported_yet"),
        (strategy(pay_by=["prepaid", "online"]), "not_supported_yet"),
        (strategy(pay_by=["offline"]), "not_supported_yet"),
        (with_item(limits={"per_traveller": 1}), "not_supported_yet"),
        (strategy(channel="walk_in"), "validation_failed"),
        (strategy(pay_by=[]), "validation_failed"),
        (strategy(pay_by=["prepaid", "prepaid"]), "validation_failed"),
        (strategy(valid_from="2026-02-01", valid_to="2026-01-31"), "validation_failed"),
        (strategy(valid_from="2026-02-30"), "validation_failed"),
        (strategy(valid_from=0), "validation_failed"),
        (strategy(valid_from="2026-01-01T00:00:00Z"), "validation_failed"),
        (strategy(valid_from="9999-12-31"), "validation_failed"),
        (strategy(audience={"kind": "tiers"}), "validation_failed"),
        (strategy(audience={"kind": "all", "tiers": ["金牌"]}), "validation_failed"),
        (strategy(audience={"kind": "distributors", "distributor_ids": [str(uuid4())]}), "unknown_reference"),
        (strategy(refund_rules=[{"until_hours_before": 1}]), "validation_failed"),
        (strategy(refund_rules=[{"until_hours_before": 1, "fee_percent": "1", "fee_amount": 1}]), "validation_failed"),
        (strategy(refund_rules=[{"until_hours_before": 1, "fee_percent": "101"}]), "validation_failed"),
        (strategy(refund_rules=[{"until_hours_before": 1, "fee_percent": "1.234"}]), "validation_failed"),
        (strategy(refund_rules=[{"until_hours_before": 1, "fee_percent": "１０"}]), "validation_failed"),
        (strategy(refund_rules=[{"until_hours_before": 1, "fee_percent": 10}]), "validation_failed"),
        (strategy(refund_rules=[{"until_hours_before": 1, "fee_percent": "1"}] * 2), "validation_failed"),
        (
            strategy(refund_rules=[{"until_hours_before": hours, "fee_percent": "1"} for hours in (-1, 1)]),
            "validation_failed",
        ),
        (with_item(settlement_price=None), "strategy_item_invalid"),
        (with_item(settlement_price=12001), "strategy_item_invalid"),
        (with_item(commission_percent="10"), "strategy_item_invalid"),
        (with_item(commission_percent="10", commission_amount=1), "validation_failed"),
        (with_item() | {"business_mode": "agency"}, "strategy_item_invalid"),
        (with_item(quantity_prices=[{"min_quantity": 5, "settlement_price": 1}] * 2), "validation_failed"),
        (
            with_item(date_prices=[{"date_from": "2026-02-01", "date_to": "2026-01-01", "settlement_price": 1}]),
            "validation_failed",
        ),
        (
            with_item(date_prices=[{"date_from": "2010-01-01", "date_to": "2099-01-01", "settlement_price": 1}]),
            "validation_failed",
        ),
        (
            with_item(
                date_prices=[
                    {
                        "date_from": "2026-01-01",
                        "date_to": "2026-01-01",
                        "settlement_price": 1,
                        "weekdays": [1],
                        "holidays": True,
                    }
                ]
            ),
            "validation_failed",
        ),
        (
            with_item(
                date_prices=[
                    {"date_from": "2026-01-01", "date_to": "2026-01-01", "settlement_price": 1, "weekdays": [8]}
                ]
            ),
            "validation_failed",
        ),
        (with_item(limits={"min_quantity": 5, "max_quantity": 4}), "validation_failed"),
        (with_item(limits={"advance_days_min": 5, "advance_days_max": 4}), "validation_failed"),
        (with_item(limits={"cut_off": {"days_before": 1, "time": "24:00"}}), "validation_failed"),
        (with_item(sku_id=str(uuid4())), "unknown_reference"),
        (strategy(*[ITEM | {"sku_id": "SKU"}] * 2), "validation_failed"),
    ],
)
async def test_what_a_strategy_cannot_say(
    client: httpx.AsyncClient, supplier: identity.Signed, sku: str, body: dict[str, Any], code: str
) -> None:
    named = [item | ({"sku_id": sku} if item["sku_id"] == "SKU" else {}) for item in body["items"]]
    answer = await client.post(STRATEGIES, json=body | {"items": named}, headers=supplier.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert (await client.get(STRATEGIES, headers=supplier.headers)).json()["items"] == []


@pytest.mark.capability("G2")
async def test_it_is_for_partners_only(client: httpx.AsyncClient, app: FastAPI, supplier: identity.Signed) -> None:
    friend, stranger = await identity.distributor(app), await identity.distributor(app)
    await strategies.partner(app, supplier, friend)
    ids = [str(friend.organization_id), str(stranger.organization_id)]
    body = strategy(audience={"kind": "distributors", "distributor_ids": ids})
    answer = await client.post(STRATEGIES, json=body, headers=supplier.headers)
    assert (answer.status_code, answer.json()["ids"]) == (422, ids[1:])
    body = strategy(audience={"kind": "distributors", "distributor_ids": ids[:1]})
    assert (await client.post(STRATEGIES, json=body, headers=supplier.headers)).status_code == 201


@pytest.mark.capability("G1")
async def test_strategies_are_their_suppliers_business(
    client: httpx.AsyncClient, app: FastAPI, supplier: identity.Signed, sku: str
) -> None:
    other, admin, distributor = await identity.supplier(app), await identity.admin(app), await identity.distributor(app)
    made = await strategies.draft(client, supplier, ITEM | {"sku_id": sku})
    path = f"{STRATEGIES}/{made['id']}"
    for method, where, body in [
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("POST", f"{path}/activate", None),
        ("POST", f"{path}/pause", None),
        ("GET", f"{path}/items", None),
        ("PUT", f"{path}/items", {"items": [ITEM | {"sku_id": sku}]}),
        ("PUT", f"{path}/items/{sku}", ITEM),
        ("DELETE", f"{path}/items/{sku}", None),
    ]:
        answer = await client.request(method, where, json=body, headers=other.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), where
        assert (await client.request(method, where, json=body, headers=distributor.headers)).status_code == 403
        assert (await client.request(method, where, json=body)).status_code == 401
    assert (await client.get(path, headers=admin.headers)).status_code == 200
    assert (await client.patch(path, json={"name": "x"}, headers=admin.headers)).status_code == 403
    mine = await client.post(STRATEGIES, json=strategy(ITEM | {"sku_id": sku}), headers=other.headers)
    assert (mine.status_code, mine.json()["code"]) == (422, "unknown_reference")


@pytest.mark.capability("G3")
async def test_the_platform_keeps_the_holidays(
    client: httpx.AsyncClient, app: FastAPI, supplier: identity.Signed
) -> None:
    admin = await identity.admin(app)
    async with app.state.database.sessions.begin() as session:
        assert await fill_holidays(session, range(2026, 2030)) == [2026]  # what is not published is left out
        assert await fill_holidays(session, [2026]) == [2026]
    path = "/api/v1/holidays"
    rows = (await client.get(path, params={"year": 2026}, headers=supplier.headers)).json()["items"]
    kinds = {row["day"]: (row["kind"], row["name"]) for row in rows}
    assert kinds["2026-10-01"] == ("holiday", "国庆节")
    assert kinds["2026-10-10"][0] == "workday"
    assert (await client.get(path, params={"year": 2027}, headers=supplier.headers)).json()["items"] == []
    before = await version(app, supplier)
    put = await client.put(f"{path}/2027-02-06", json={"name": "春节", "kind": "holiday"}, headers=admin.headers)
    assert put.json() == {"day": "2027-02-06", "name": "春节", "kind": "holiday"}
    again = await client.put(f"{path}/2027-02-06", json={"name": "调休", "kind": "workday"}, headers=admin.headers)
    assert again.json()["kind"] == "workday"
    assert await version(app, supplier) == before + 2
    assert (await client.delete(f"{path}/2027-02-06", headers=admin.headers)).status_code == 204
    assert (await client.delete(f"{path}/2027-02-06", headers=admin.headers)).status_code == 404
    assert (
        await client.put(f"{path}/2027-02-30", json={"name": "x", "kind": "holiday"}, headers=admin.headers)
    ).status_code == 422
    refused = await client.put(f"{path}/2027-02-06", json={"name": "x", "kind": "holiday"}, headers=supplier.headers)
    assert refused.status_code == 403


async def test_an_administrators_edit_outlives_a_refill(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin = await identity.admin(app)
    edit = {"name": "加班", "kind": "workday"}
    await client.put("/api/v1/holidays/2026-10-01", json=edit, headers=admin.headers)
    async with app.state.database.sessions.begin() as session:
        await fill_holidays(session, [2026])
    rows = (await client.get("/api/v1/holidays", params={"year": 2026}, headers=admin.headers)).json()["items"]
    assert next(row for row in rows if row["day"] == "2026-10-01")["kind"] == "workday"
    assert date(2026, 10, 2).isoformat() in {row["day"] for row in rows}


@pytest.mark.capability("P3")
async def test_a_sku_in_a_strategy_is_retired_not_deleted(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    made = await on_sale(client, supplier, admin)
    sku = made["skus"][0]["id"]
    await strategies.active(client, supplier, ITEM | {"sku_id": sku})
    edit = {"skus": [{"id": sku, "remove": True}]}
    edited = await client.patch(f"/api/v1/products/{made['id']}", json=edit, headers=supplier.headers)
    assert [row["id"] for row in edited.json()["skus"]] == [made["skus"][1]["id"]]
    put = await client.post(STRATEGIES, json=strategy(ITEM | {"sku_id": sku}), headers=supplier.headers)
    assert put.json()["code"] == "unknown_reference"
