"""Which stock a product or a SKU draws on."""

import httpx
import pytest
from fastapi import FastAPI

from make import identity
from make.products import product

ITEMS = "/api/v1/inventory/items"


@pytest.mark.capability("N2", "N5")
async def test_items_are_found_by_product_and_sku(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await identity.supplier(app)
    shared = await client.post(ITEMS, json={"name": "索道座位", "mode": "daily"}, headers=supplier.headers)
    assert shared.status_code == 201, shared.text
    cable = shared.json()["id"]
    plain = await product(client, supplier)
    both = await product(
        client,
        supplier,
        skus=[
            {"name": "门票", "list_price": 12000},
            {"name": "索道", "list_price": 8000, "stock": [{"item_id": cable, "units": 1}]},
        ],
    )
    gate, ride = (sku["id"] for sku in both["skus"])

    async def found(who: identity.Signed = supplier, **filters: str) -> list[str]:
        answer = await client.get(ITEMS, params={"sort": "created_at"} | filters, headers=who.headers)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["items"]]

    every = await found()
    assert len(every) == 3
    assert await found(product_id=plain["id"]) == [every[1]]
    assert await found(product_id=both["id"]) == [cable, every[2]]
    assert await found(sku_id=gate) == [every[2]]
    assert await found(sku_id=ride) == [cable]
    assert await found(product_id=plain["id"], sku_id=ride) == []
    assert await found(await identity.admin(app)) == every
    stranger = await identity.supplier(app)
    assert await found(stranger, product_id=both["id"]) == await found(stranger) == []
    answer = await client.get(ITEMS, headers=(await identity.distributor(app)).headers)
    assert answer.status_code == 403
    first = await client.get(ITEMS, params={"limit": 2, "with_total": True}, headers=supplier.headers)
    assert (len(first.json()["items"]), first.json()["total"]) == (2, 3)
    rest = await client.get(ITEMS, params={"limit": 2, "cursor": first.json()["next_cursor"]}, headers=supplier.headers)
    assert [row["id"] for row in first.json()["items"] + rest.json()["items"]] == every[::-1]
