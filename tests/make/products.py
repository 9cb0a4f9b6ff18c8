"""Products through the API, and stock through the models."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from distro_api.inventory.models import Bucket, bucket_id
from make.identity import Signed

PRODUCTS = "/api/v1/products"


def ticket(**changes: Any) -> dict[str, Any]:
    """A ticket that adults and children share a daily capacity of."""
    return {
        "kind": "ticket",
        "name": "云海山风景区门票",
        "stock_mode": "daily",
        "fulfilment": "code",
        "skus": [{"name": "成人票", "list_price": 12000}, {"name": "儿童票", "list_price": 6000}],
    } | changes


def retail(**changes: Any) -> dict[str, Any]:
    """Tea, sent by parcel."""
    return {
        "kind": "retail",
        "name": "高山绿茶礼盒",
        "stock_mode": "total",
        "fulfilment": "shipment",
        "attributes": {"specifications": [{"name": "净含量", "value": "250 克"}], "weight_g": 600},
        "skus": [{"name": "250 克装", "list_price": 16800}],
    } | changes


async def product(client: httpx.AsyncClient, supplier: Signed, **changes: Any) -> dict[str, Any]:
    """A draft."""
    body = retail(**changes) if changes.get("kind") == "retail" else ticket(**changes)
    answer = await client.post(PRODUCTS, json=body, headers=supplier.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def act(client: httpx.AsyncClient, who: Signed, made: dict[str, Any], action: str, **body: Any) -> dict[str, Any]:
    """The product after the action."""
    answer = await client.post(f"{PRODUCTS}/{made['id']}/{action}", json=body or None, headers=who.headers)
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    return after


async def on_sale(client: httpx.AsyncClient, supplier: Signed, admin: Signed, **changes: Any) -> dict[str, Any]:
    """A product that the platform has approved."""
    made = await product(client, supplier, **changes)
    await act(client, supplier, made, "submit")
    return await act(client, admin, made, "approve")


async def stock(app: FastAPI, supplier: Signed, item_id: str, day: date | None, capacity: int, **changes: Any) -> None:
    """A bucket of the item."""
    async with app.state.database.sessions.begin() as session:
        session.add(
            Bucket(
                id=bucket_id(UUID(item_id), day, None),
                item_id=UUID(item_id),
                supplier_id=supplier.organization_id,
                service_date=day,
                slot=None,
                capacity=capacity,
                **changes,
            )
        )
