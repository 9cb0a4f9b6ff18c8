"""SKUs authorised to a distributor in bulk, each at its settlement price."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import asyncpg
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


async def many_skus(owner_connection: asyncpg.Connection, supplier: make.Signed, count: int) -> list[str]:
    """SKUs of one product of the supplier, straight into the table."""
    rows = await owner_connection.fetch(
        "INSERT INTO skus SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'code', 'S' || n))).* "
        "FROM skus s, generate_series(1, $2) n WHERE s.id = (SELECT id FROM skus WHERE supplier_id = $1 LIMIT 1) RETURNING id",
        supplier.organization_id,
        count,
    )
    return [str(row[0]) for row in rows]


async def test_a_thousand_lines_in_one_call(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    """Written, repriced and withdrawn in one statement each: well under two seconds, and one new catalogue."""
    supplier, distributor = await make.supplier(app), await make.distributor(app)
    await skus_of(client, app, supplier)
    ids = await many_skus(owner_connection, supplier, 1000)
    made = await relation(client, supplier, distributor)
    path = f"{RELATIONS}/{made['id']}/product-authorizations"
    version = await version_of(app, supplier)
    for number, (price, result) in enumerate(((100, "created"), (200, "updated"), (200, "unchanged"))):
        began = time.perf_counter()
        answer = await client.post(path, json=lines(*((i, price) for i in ids)), headers=supplier.with_key(f"{number}"))
        took = time.perf_counter() - began
        assert {line["result"] for line in answer.json()["lines"]} == {result}
        assert [line["sku_id"] for line in answer.json()["lines"]] == ids
        assert took < 2, f"{result}: {took:.2f} s"
    counted = await client.get(f"{path}?with_total=true&limit=1", headers=distributor.headers)
    assert (counted.json()["total"], counted.json()["items"][0]["settlement_price"]) == (1000, 200)
    assert await version_of(app, supplier) == version + 2
    unknown = str(uuid4())
    began = time.perf_counter()
    gone = await client.post(f"{path}/withdraw", json={"sku_ids": [unknown, *ids[:999]]}, headers=supplier.headers)
    assert time.perf_counter() - began < 2
    assert [line["result"] for line in gone.json()["lines"]] == ["not_authorised"] + ["withdrawn"] * 999
    assert await version_of(app, supplier) == version + 3
    [left] = (await client.get(path, headers=supplier.headers)).json()["items"]
    assert left["sku_id"] == ids[999]
    again = await client.post(f"{path}/withdraw", json={"sku_ids": ids[:2]}, headers=supplier.headers)
    assert {line["result"] for line in again.json()["lines"]} == {"not_authorised"}
    assert await version_of(app, supplier) == version + 3  # nothing changed


async def test_withdrawn_in_bulk_by_nobody_else(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other, distributor = await make.supplier(app), await make.supplier(app), await make.distributor(app)
    first, second, *_ = await skus_of(client, app, supplier)
    made = await relation(client, supplier, distributor)
    theirs = await relation(client, other, distributor)
    path = f"{RELATIONS}/{made['id']}/product-authorizations"
    await client.post(path, json=lines((first, 1), (second, 1)), headers=supplier.headers)
    body = {"sku_ids": [first, second]}
    assert (await client.post(f"{path}/withdraw", json=body, headers=other.headers)).status_code == 404
    assert (await client.post(f"{path}/withdraw", json=body, headers=distributor.headers)).status_code == 403
    own = await client.post(
        f"{RELATIONS}/{theirs['id']}/product-authorizations/withdraw", json=body, headers=other.headers
    )
    assert {line["result"] for line in own.json()["lines"]} == {"not_authorised"}
    assert len((await client.get(path, headers=supplier.headers)).json()["items"]) == 2
    for wrong in ({"sku_ids": []}, {"sku_ids": [first] * 2}, {"sku_ids": [str(uuid4()) for _ in range(1001)]}, {}):
        assert (await client.post(f"{path}/withdraw", json=wrong, headers=supplier.headers)).status_code == 422


async def test_found_by_name_and_sorted_by_price(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, distributor = await make.supplier(app), await make.distributor(app)
    product = await on_sale(client, supplier, await make.admin(app))
    ids = [sku["id"] for sku in product["skus"]]
    made = await relation(client, supplier, distributor)
    path = f"{RELATIONS}/{made['id']}/product-authorizations"
    prices = {sku_id: 100 * (5 - n) for n, sku_id in enumerate(ids)}
    await client.post(path, json=lines(*prices.items()), headers=supplier.headers)

    async def listed(query: str) -> list[str]:
        answer = await client.get(f"{path}?{query}", headers=distributor.headers)
        assert answer.status_code == 200, answer.text
        return [row["sku_id"] for row in answer.json()["items"]]

    assert await listed("sort=settlement_price") == sorted(ids, key=prices.__getitem__)
    assert await listed("sort=-settlement_price&limit=1") == [ids[0]]
    assert set(await listed(f"product_id={product['id']}")) == set(ids)
    assert await listed(f"product_id={uuid4()}") == await listed("q=没有") == []
    assert ids[0] in await listed(f"q={product['skus'][0]['name']}")
    assert set(await listed(f"q={product['product_code']}")) == set(ids)


async def test_what_is_withdrawn_is_offered_no_more(client: httpx.AsyncClient, app: FastAPI) -> None:
    """At once, in lists and in quotes, though the process knew the price a moment ago."""
    supplier, distributor = await make.supplier(app), await make.distributor(app)
    first, second, *_ = await skus_of(client, app, supplier)
    made = await relation(client, supplier, distributor, sells="listed")
    path = f"{RELATIONS}/{made['id']}/product-authorizations"
    await client.post(path, json=lines((first, 8000), (second, 4000)), headers=supplier.headers)

    async def quoted(sku_id: str) -> httpx.Response:
        body = {"channel": "individual", "lines": [{"sku_id": sku_id, "quantity": 1, "date": "2030-05-01"}]}
        return await client.post("/api/v1/quotes", json=body, headers=distributor.headers)

    async def offered() -> set[str]:
        offers = (await client.get("/api/v1/offers", headers=distributor.headers)).json()["items"]
        return {offer["sku"]["id"] for offer in offers}

    assert (await quoted(first)).json()["total_amount"] == 8000
    assert await offered() == {first, second}
    await client.post(f"{path}/withdraw", json={"sku_ids": [first]}, headers=supplier.headers)
    refused = await quoted(first)
    assert (refused.status_code, (await quoted(second)).status_code) == (409, 200), refused.text
    assert await offered() == {second}
