"""SKUs authorised to a distributor in bulk, each at its settlement price."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from distro_api.products.models import CatalogueVersion
from make import identity as make
from make.products import on_sale
from make.relations import RELATIONS, relation

pytestmark = pytest.mark.capability("R3")


async def version_of(app: FastAPI, supplier: make.Signed) -> int:
    async with app.state.database.sessions() as session:
        found = await session.get(CatalogueVersion, supplier.organization_id)
        return found.version if found else 0


async def skus_of(client: httpx.AsyncClient, app: FastAPI, supplier: make.Signed) -> list[str]:
    made = await on_sale(client, supplier, await make.admin(app))
    return [sku["id"] for sku in made["skus"]]


def lines(*pairs: tuple[str, int]) -> dict[str, Any]:
    return {"lines": [{"sku_id": sku_id, "settlement_price": price} for sku_id, price in pairs]}


async def test_authorise_reprice_withdraw(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await make.supplier(app), await make.distributor(app)
    first, second, *_ = await skus_of(client, app, supplier)
    made = await relation(client, supplier, distributor, sells="listed")
    path = f"{RELATIONS}/{made['id']}/product-authorizations"
    version = await version_of(app, supplier)

    answer = await client.post(path, json=lines((first, 8000), (second, 4000)), headers=supplier.headers)
    assert answer.status_code == 200, answer.text
    assert [line["result"] for line in answer.json()["lines"]] == ["created", "created"]
    assert await version_of(app, supplier) == version + 1
    unknown = str(uuid4())
    again = await client.post(path, json=lines((unknown, 1), (second, 3900), (first, 8000)), headers=supplier.headers)
    assert [(line["sku_id"], line["result"]) for line in again.json()["lines"]] == [
        (unknown, "unknown_sku"),
        (second, "updated"),
        (first, "unchanged"),
    ]
    assert await version_of(app, supplier) == version + 2
    await client.post(path, json=lines((first, 8000)), headers=supplier.headers)
    assert await version_of(app, supplier) == version + 2  # nothing changed

    for who in (supplier, distributor):
        rows = (await client.get(path, headers=who.headers)).json()["items"]
        assert {row["sku_id"]: row["settlement_price"] for row in rows} == {first: 8000, second: 3900}
        assert all(row["sku_name"] and row["product_name"] for row in rows)
    gone = await client.delete(f"{path}/{first}", headers=supplier.headers)
    assert gone.status_code == 204
    assert await version_of(app, supplier) == version + 3
    assert (await client.delete(f"{path}/{first}", headers=supplier.headers)).status_code == 404
    rows = (await client.get(path, headers=distributor.headers)).json()["items"]
    assert [row["sku_id"] for row in rows] == [second]


async def test_pages(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await make.supplier(app), await make.distributor(app)
    ids = await skus_of(client, app, supplier)
    made = await relation(client, supplier, distributor)
    path = f"{RELATIONS}/{made['id']}/product-authorizations"
    await client.post(path, json=lines(*((sku_id, 100) for sku_id in ids)), headers=supplier.headers)
    seen: list[str] = []
    cursor = ""
    while True:
        body = (await client.get(f"{path}?limit=1{cursor}", headers=supplier.headers)).json()
        seen += [row["sku_id"] for row in body["items"]]
        if body["next_cursor"] is None:
            break
        cursor = f"&cursor={body['next_cursor']}"
    assert sorted(seen) == sorted(ids)


async def test_another_supplier_s_sku_cannot_be_authorised(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other, distributor = await make.supplier(app), await make.supplier(app), await make.distributor(app)
    foreign = (await skus_of(client, app, other))[0]
    mine = await relation(client, supplier, distributor)
    theirs = await relation(client, other, distributor)
    path = f"{RELATIONS}/{mine['id']}/product-authorizations"
    answer = await client.post(path, json=lines((foreign, 1)), headers=supplier.headers)
    assert [line["result"] for line in answer.json()["lines"]] == ["unknown_sku"]
    assert (await client.get(path, headers=supplier.headers)).json()["items"] == []
    foreign_path = f"{RELATIONS}/{theirs['id']}/product-authorizations"
    assert (await client.get(foreign_path, headers=supplier.headers)).status_code == 404
    assert (await client.post(foreign_path, json=lines((foreign, 1)), headers=supplier.headers)).status_code == 404
    assert (await client.delete(f"{foreign_path}/{foreign}", headers=supplier.headers)).status_code == 404
    for method in ("POST", "DELETE"):
        url = path if method == "POST" else f"{path}/{foreign}"
        body = lines((foreign, 1)) if method == "POST" else None
        assert (await client.request(method, url, json=body, headers=distributor.headers)).status_code == 403


async def test_two_at_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await make.supplier(app), await make.distributor(app)
    first, second, *_ = await skus_of(client, app, supplier)
    made = await relation(client, supplier, distributor)
    path = f"{RELATIONS}/{made['id']}/product-authorizations"
    bodies = [lines((first, n), (second, n)) if n % 2 else lines((second, n), (first, n)) for n in range(1, 9)]
    answers = await asyncio.gather(*(client.post(path, json=body, headers=supplier.headers) for body in bodies))
    assert {answer.status_code for answer in answers} == {200}
    rows = (await client.get(path, headers=supplier.headers)).json()["items"]
    assert len({row["settlement_price"] for row in rows}) == 1


@pytest.mark.parametrize("price", [-1, 1.5, "100", None, 10**13 + 1, True])
async def test_bad_prices(client: httpx.AsyncClient, app: FastAPI, price: Any) -> None:
    supplier = await make.supplier(app)
    made = await relation(client, supplier, await make.distributor(app))
    path = f"{RELATIONS}/{made['id']}/product-authorizations"
    body = {"lines": [{"sku_id": str(uuid4()), "settlement_price": price}]}
    assert (await client.post(path, json=body, headers=supplier.headers)).status_code == 422


async def test_bounds_of_the_bulk(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    made = await relation(client, supplier, await make.distributor(app))
    path = f"{RELATIONS}/{made['id']}/product-authorizations"
    one = str(uuid4())
    for body in (lines(), lines((one, 1), (one, 2)), lines(*((str(uuid4()), 1) for _ in range(1001)))):
        assert (await client.post(path, json=body, headers=supplier.headers)).status_code == 422
    most = lines(*((str(uuid4()), 1) for _ in range(1000)))
    answer = await client.post(path, json=most, headers=supplier.headers)
    assert {line["result"] for line in answer.json()["lines"]} == {"unknown_sku"}
