"""A distributor looks through what it may buy."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from distro_api.core import clock
from distro_api.identity.models import Kind
from distro_api.relations.models import RelationStatus, Sells
from make import identity, products, strategies

OFFERS = "/api/v1/offers"
DAY = clock.local_date(datetime.now(UTC), "Asia/Shanghai") + timedelta(days=30)


@pytest.fixture
async def supplier(client: httpx.AsyncClient, app: FastAPI) -> identity.Signed:
    return await identity.supplier(app, "云海山")


@pytest.fixture
async def distributor(client: httpx.AsyncClient, app: FastAPI) -> identity.Signed:
    return await identity.distributor(app)


@pytest.fixture
async def admin(client: httpx.AsyncClient, app: FastAPI) -> identity.Signed:
    return await identity.admin(app)


async def offers(client: httpx.AsyncClient, who: identity.Signed, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(OFFERS, params=query, headers=who.headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.capability("G5")
async def test_skus_with_prices_and_what_is_left(
    client: httpx.AsyncClient,
    app: FastAPI,
    supplier: identity.Signed,
    distributor: identity.Signed,
    admin: identity.Signed,
) -> None:
    made = await products.on_sale(
        client,
        supplier,
        admin,
        skus=[
            {"name": "成人票", "list_price": 12000, "cost_price": 4321},
            {"name": "家庭票", "list_price": 30000, "units": 3},
            {"name": "未授权", "list_price": 1},
        ],
    )
    adult, family, _ = [sku["id"] for sku in made["skus"]]
    await strategies.partner(app, supplier, distributor)
    by_date = [{"date_from": str(DAY), "date_to": str(DAY), "settlement_price": 9900}]
    strategy = await strategies.active(
        client,
        supplier,
        {"sku_id": adult, "settlement_price": 8000, "retail_price": 11000, "date_prices": by_date},
        {"sku_id": family, "settlement_price": 20000, "limits": {"advance_days_max": 10}},
        pay_by=["prepaid", "credit"],
    )
    await products.stock(app, supplier, made["item_id"], DAY, 20, held=3, sold=7)
    found = await offers(client, distributor, date=str(DAY))
    assert [(offer["sku"]["name"], offer["available"]) for offer in found] == [("成人票", 10), ("家庭票", 3)]
    offer = found[0]
    assert offer["product"] == {
        "id": made["id"],
        "supplier_id": str(supplier.organization_id),
        "supplier_name": "云海山",
        "product_code": made["product_code"],
        "kind": "ticket",
        "name": made["name"],
        "description": None,
        "attributes": made["attributes"],
        "fulfilment": "code",
    }
    assert "4321" not in str(found)  # what it costs the supplier is nobody's business
    assert offer["strategies"] == [
        {
            "strategy_id": strategy["id"],
            "name": strategy["name"],
            "channel": "individual",
            "business_mode": "wholesale",
            "settlement_price": 9900,
            "retail_price": 11000,
            "price_by_date": True,
            "bookable": True,
            "pay_by": ["prepaid", "credit"],
            "order_approval": False,
            "refund_rules": strategy["refund_rules"],
            "limits": {},
            "valid_to": None,
        }
    ]
    assert found[1]["strategies"][0]["bookable"] is False  # too early
    undated = await offers(client, distributor)
    assert [(offer["available"], offer["strategies"][0]["settlement_price"]) for offer in undated] == [
        (None, 8000),
        (None, 20000),
    ]
    assert (await offers(client, distributor, date=str(DAY + timedelta(days=1))))[0]["available"] == 0


@pytest.mark.capability("G5", "R3")
async def test_whom_it_is_offered_to(
    client: httpx.AsyncClient,
    app: FastAPI,
    supplier: identity.Signed,
    distributor: identity.Signed,
    admin: identity.Signed,
) -> None:
    made = await products.on_sale(client, supplier, admin)
    adult, child = [sku["id"] for sku in made["skus"]]
    item = {"sku_id": adult, "settlement_price": 8000}
    strategy = await strategies.active(client, supplier, item, audience={"kind": "tiers", "tiers": ["金牌"]})
    path = f"{strategies.STRATEGIES}/{strategy['id']}"

    async def names(**query: Any) -> list[str]:
        return [offer["sku"]["name"] for offer in await offers(client, distributor, **query)]

    assert await names() == []
    relation = await strategies.partner(app, supplier, distributor)
    assert await names() == []
    await strategies.change_relation(app, relation, tier="金牌")
    assert await names() == ["成人票"]
    assert await names(channel="enterprise") == []
    await strategies.authorise(app, relation, child, 100)
    assert await names() == ["成人票", "儿童票"]
    await strategies.change_relation(app, relation, sells=Sells.LISTED)
    assert await names() == ["儿童票"]
    await strategies.change_relation(app, relation, sells=Sells.ALL, status=RelationStatus.STOPPED)
    assert await names() == []
    await strategies.change_relation(app, relation, status=RelationStatus.ACTIVE)
    await client.post(f"{path}/pause", headers=supplier.headers)
    assert await names() == ["儿童票"]
    await client.post(f"{path}/activate", headers=supplier.headers)
    await client.patch(path, json={"valid_from": str(DAY)}, headers=supplier.headers)
    assert await names() == ["儿童票"]
    await client.patch(path, json={"valid_from": "2026-01-01", "audience": {"kind": "all"}}, headers=supplier.headers)
    assert await names() == ["成人票", "儿童票"]
    other = await identity.distributor(app)
    await strategies.partner(app, supplier, other)
    named = {"audience": {"kind": "distributors", "distributor_ids": [str(other.organization_id)]}}
    await client.patch(path, json=named, headers=supplier.headers)
    assert await names() == ["儿童票"]
    assert [offer["sku"]["name"] for offer in await offers(client, other)] == ["成人票"]
    await products.act(client, supplier, made, "unpublish")
    assert await names() == []


@pytest.mark.capability("G5")
async def test_filters_pages_and_strangers(
    client: httpx.AsyncClient,
    app: FastAPI,
    supplier: identity.Signed,
    distributor: identity.Signed,
    admin: identity.Signed,
) -> None:
    second = await identity.supplier(app)
    for owner, kind in ((supplier, "ticket"), (supplier, "retail"), (second, "ticket")):
        made = await products.on_sale(client, owner, admin, **({"kind": "retail"} if kind == "retail" else {}))
        items = [{"sku_id": sku["id"], "settlement_price": 100} for sku in made["skus"]]
        await strategies.active(client, owner, *items)
        if kind == "retail":
            await products.stock(app, owner, made["item_id"], None, 9)
    for owner in (supplier, second):
        await strategies.partner(app, owner, distributor)
    assert len(await offers(client, distributor)) == 5
    assert [(o["product"]["kind"], o["available"]) for o in await offers(client, distributor, kind="retail")] == [
        ("retail", 9)
    ]
    assert [o["available"] for o in await offers(client, distributor, kind="retail", date=str(DAY))] == [9]
    assert len(await offers(client, distributor, supplier_id=str(second.organization_id))) == 2
    assert len(await offers(client, distributor, q="儿童")) == 2
    assert await offers(client, distributor, q="%") == []
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2, "with_total": True} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(OFFERS, params=query, headers=distributor.headers)).json()
        assert page["total"] == 5
        seen += [offer["sku"]["id"] for offer in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(set(seen)) == len(seen) == 5
    for who in (supplier, admin):
        assert (await client.get(OFFERS, headers=who.headers)).status_code == 403
    assert (await client.get(OFFERS)).status_code == 401
    assert await offers(client, await identity.organization(app, Kind.DISTRIBUTOR)) == []
    for wrong in (
        {"date": "2026-02-30"},
        {"date": "0"},
        {"kind": "x"},
        {"channel": "x"},
        {"q": "a" * 999},
        {"q": "\x00"},
    ):
        assert (await client.get(OFFERS, params=wrong, headers=distributor.headers)).status_code == 422, wrong
