"""A supplier writes its products: tickets and goods, SKUs, the stock they take, and edits of what is on sale."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from distro_api.inventory.models import Item
from distro_api.products.models import CatalogueVersion
from distro_api.products.service.codes import is_code
from distro_api.relations.models import ProductAuthorization, RelationStatus, Sells, SupplyRelation
from make import identity
from make.products import PRODUCTS, on_sale, product, retail, ticket


async def catalogue_version(app: FastAPI, supplier: identity.Signed) -> int:
    async with app.state.database.sessions() as session:
        found = await session.get(CatalogueVersion, supplier.organization_id)
        return found.version if found else 0


async def refer_to(app: FastAPI, supplier: identity.Signed, sku_id: str) -> None:
    """Authorise the SKU to somebody."""
    distributor = await identity.distributor(app)
    async with app.state.database.sessions.begin() as session:
        relation = SupplyRelation(
            supplier_id=supplier.organization_id,
            distributor_id=distributor.organization_id,
            tier=None,
            sells=Sells.ALL,
            status=RelationStatus.ACTIVE,
        )
        session.add(relation)
        await session.flush()
        session.add(
            ProductAuthorization(
                relation_id=relation.id,
                sku_id=sku_id,
                supplier_id=supplier.organization_id,
                distributor_id=distributor.organization_id,
                settlement_price=1,
            )
        )


@pytest.mark.capability("P1")
async def test_a_ticket_whose_skus_share_one_daily_capacity(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await identity.supplier(app)
    answer = await client.post(
        PRODUCTS,
        json=ticket(
            attributes={"entry_rules": "凭码入园", "validity": {"by": "date"}},
            skus=[
                {"name": "成人票", "list_price": 12000, "code": "ADULT"},
                {"name": "儿童票", "list_price": 6000},
                {"name": "家庭票", "list_price": 26000, "units": 3, "attributes": {"人数": "2 大 1 小"}},
            ],
        ),
        headers=supplier.headers,
    )
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/products/{made['id']}"
    assert answer.headers["ETag"] == f'"{made["version"]}"'
    assert made["status"] == "draft"
    assert is_code(made["product_code"])
    assert [sku["stock"] for sku in made["skus"]] == [
        [{"item_id": made["item_id"], "units": units}] for units in (1, 1, 3)
    ]
    assert made["attributes"] == {"entry_rules": "凭码入园", "validity": {"by": "date"}}
    again = await client.get(f"{PRODUCTS}/{made['id']}", headers=supplier.headers)
    assert again.json() == made
    async with app.state.database.sessions() as session:
        item = await session.get(Item, made["item_id"])
    assert (item.mode, item.name, item.supplier_id) == ("daily", made["name"], supplier.organization_id)


@pytest.mark.capability("P1")
async def test_goods_and_a_shared_item(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await identity.supplier(app)
    tea = await product(client, supplier, kind="retail", **{k: v for k, v in retail().items() if k != "kind"})
    bundle = await product(
        client,
        supplier,
        **retail(
            name="双盒装",
            skus=[{"name": "两盒", "list_price": 30000, "stock": [{"item_id": tea["item_id"], "units": 2}]}],
        ),
    )
    assert bundle["item_id"] is None
    assert bundle["skus"][0]["stock"] == [{"item_id": tea["item_id"], "units": 2}]
    assert tea["attributes"] == {
        "specifications": [{"name": "净含量", "value": "250 克"}],
        "weight_g": 600,
        "shipping_note": None,
    }


@pytest.mark.capability("P1")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (ticket(kind="dining"), "not_supported_yet"),
        (ticket(kind="combo", combo={"main_product_id": "x"}), "not_supported_yet"),
        (ticket(combo={}), "not_supported_yet"),
        (ticket(images=["0197b9a0-0000-7000-8000-000000000000"]), "not_supported_yet"),
        (ticket(real_name="per_unit"), "not_supported_yet"),
        (ticket(stock_mode="slot"), "not_supported_yet"),
        (ticket(fulfilment="confirmation"), "not_supported_yet"),
        (ticket(fulfilment="shipment"), "fulfilment_not_for_kind"),
        (retail(fulfilment="code"), "fulfilment_not_for_kind"),
        (ticket(category_id="0197b9a0-0000-7000-8000-000000000000"), "unknown_reference"),
        (ticket(brand_id="0197b9a0-0000-7000-8000-000000000000"), "unknown_reference"),
        (ticket(kind="nonsense"), "validation_failed"),
        (ticket(skus=[]), "validation_failed"),
        (ticket(name=" "), "validation_failed"),
        (ticket(name="a\u0000b"), "validation_failed"),
        (ticket(attributes={"weight_g": 5}), "validation_failed"),
        (ticket(attributes={"kind": "retail"}), "validation_failed"),
        (ticket(attributes=[1]), "validation_failed"),
        (ticket(attributes={"validity": {"by": "days_after_order"}}), "validation_failed"),
        (ticket(skus=[{"name": "x", "list_price": -1}]), "validation_failed"),
        (ticket(skus=[{"name": "x", "list_price": 1.5}]), "validation_failed"),
        (ticket(skus=[{"name": "x", "list_price": 10**14}]), "validation_failed"),
        (ticket(skus=[{"name": "x", "list_price": 1, "units": 0}]), "validation_failed"),
        (ticket(skus=[{"name": "x", "list_price": 1, "stock": []}]), "validation_failed"),
        (ticket(status="on_sale"), "validation_failed"),
        ([], "validation_failed"),
    ],
)
async def test_what_cannot_be_sold_is_refused(client: httpx.AsyncClient, app: FastAPI, body: Any, code: str) -> None:
    supplier = await identity.supplier(app)
    answer = await client.post(PRODUCTS, json=body, headers=supplier.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert (await client.get(PRODUCTS, headers=supplier.headers)).json()["items"] == []


@pytest.mark.capability("P1")
async def test_anothers_item_cannot_be_taken(client: httpx.AsyncClient, app: FastAPI) -> None:
    mine, other = await identity.supplier(app), await identity.supplier(app)
    theirs = await product(client, other)
    taking = {"name": "x", "list_price": 1, "stock": [{"item_id": theirs["item_id"], "units": 1}]}
    answer = await client.post(PRODUCTS, json=ticket(skus=[taking]), headers=mine.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_reference")
    assert answer.json()["ids"] == [theirs["item_id"]]
    made = await product(client, mine)
    edit = {"skus": [{"id": made["skus"][0]["id"], "stock": taking["stock"]}]}
    assert (await client.patch(f"{PRODUCTS}/{made['id']}", json=edit, headers=mine.headers)).status_code == 422


@pytest.mark.capability("P1")
async def test_a_sku_code_names_one_sku_of_a_supplier(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await identity.supplier(app)
    coded = [{"name": "x", "list_price": 1, "code": "A1"}]
    first = await product(client, supplier, skus=[*coded, {"name": "y", "list_price": 1}])
    answer = await client.post(PRODUCTS, json=ticket(skus=coded), headers=supplier.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "sku_code_taken")
    removal = {"skus": [{"id": first["skus"][0]["id"], "remove": True}]}
    assert (await client.patch(f"{PRODUCTS}/{first['id']}", json=removal, headers=supplier.headers)).status_code == 200
    assert (await client.post(PRODUCTS, json=ticket(skus=coded), headers=supplier.headers)).status_code == 201


@pytest.mark.capability("P1")
async def test_drafts_are_edited_freely(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    category = await client.post("/api/v1/categories", json={"name": "景区"}, headers=admin.headers)
    made = await product(client, supplier, description="旧")
    adult, child = made["skus"]
    answer = await client.patch(
        f"{PRODUCTS}/{made['id']}",
        json={
            "name": "新名称",
            "description": None,
            "category_id": category.json()["id"],
            "skus": [
                {"id": adult["id"], "units": 2, "list_price": 13000},
                {"id": child["id"], "remove": True},
                {"name": "老人票", "list_price": 5000},
            ],
        },
        headers=supplier.headers | {"If-Match": f'"{made["version"]}"'},
    )
    edited = answer.json()
    assert answer.status_code == 200, answer.text
    assert (edited["name"], edited["description"], edited["status"]) == ("新名称", None, "draft")
    assert edited["category_id"] == category.json()["id"]
    assert edited["version"] == made["version"] + 1
    assert [(sku["name"], sku["list_price"], sku["stock"][0]["units"]) for sku in edited["skus"]] == [
        ("成人票", 13000, 2),
        ("老人票", 5000, 1),
    ]
    stale = await client.patch(
        f"{PRODUCTS}/{made['id']}", json={"name": "x"}, headers=supplier.headers | {"If-Match": f'"{made["version"]}"'}
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


@pytest.mark.capability("P1", "P2")
@pytest.mark.parametrize(
    ("edit", "status"),
    [
        ({"name": "另一个名字"}, "pending_review"),
        ({"attributes": {"entry_rules": "凭身份证"}}, "pending_review"),
        ({"fulfilment": "none"}, "pending_review"),
        ({"stock_mode": "total"}, "pending_review"),
        ({"skus": [{"name": "新规格", "list_price": 1}]}, "pending_review"),
        ({"skus": [{"id": 0, "name": "大人票"}]}, "pending_review"),
        ({"skus": [{"id": 0, "units": 2}]}, "pending_review"),
        ({"skus": [{"id": 0, "attributes": {"a": "b"}}]}, "pending_review"),
        ({"skus": [{"id": 0, "remove": True}]}, "pending_review"),
        ({"description": "新的介绍", "category_id": None}, "on_sale"),
        ({"name": "云海山风景区门票", "attributes": {}, "stock_mode": "daily"}, "on_sale"),
        ({"skus": [{"id": 0, "list_price": 1, "cost_price": 1, "code": "A"}]}, "on_sale"),
        ({"skus": [{"id": 0, "name": "成人票", "units": 1, "stock": None}]}, "on_sale"),
    ],
)
async def test_edits_of_what_is_sold_go_to_review_again(
    client: httpx.AsyncClient, app: FastAPI, edit: dict[str, Any], status: str
) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    made = await on_sale(client, supplier, admin)
    before = await catalogue_version(app, supplier)
    named = [sku | ({"id": made["skus"][sku["id"]]["id"]} if "id" in sku else {}) for sku in edit.get("skus", [])]
    answer = await client.patch(
        f"{PRODUCTS}/{made['id']}", json=edit | ({"skus": named} if named else {}), headers=supplier.headers
    )
    assert (answer.status_code, answer.json()["status"]) == (200, status), answer.text
    assert await catalogue_version(app, supplier) == before + 1


@pytest.mark.capability("P1")
async def test_another_way_of_counting_starts_a_new_item(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await identity.supplier(app)
    made = await product(client, supplier)
    edited = (
        await client.patch(f"{PRODUCTS}/{made['id']}", json={"stock_mode": "total"}, headers=supplier.headers)
    ).json()
    assert edited["item_id"] != made["item_id"]
    assert {take["item_id"] for sku in edited["skus"] for take in sku["stock"]} == {edited["item_id"]}


@pytest.mark.capability("P1")
async def test_a_sku_something_refers_to_is_retired(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: Any
) -> None:
    supplier = await identity.supplier(app)
    made = await product(client, supplier)
    referred, free = made["skus"]
    await refer_to(app, supplier, referred["id"])
    third = {"name": "第三", "list_price": 1}
    edit = {"skus": [third, *({"id": sku["id"], "remove": True} for sku in (referred, free))]}
    answer = await client.patch(f"{PRODUCTS}/{made['id']}", json=edit, headers=supplier.headers)
    assert [sku["name"] for sku in answer.json()["skus"]] == ["第三"]
    rows = await owner_connection.fetch("SELECT id::text, retired FROM skus WHERE name <> '第三'")
    assert [tuple(row) for row in rows] == [(referred["id"], True)]
    again = await client.patch(
        f"{PRODUCTS}/{made['id']}", json={"skus": [{"id": referred["id"], "name": "x"}]}, headers=supplier.headers
    )
    assert (again.status_code, again.json()["code"]) == (422, "unknown_reference")


@pytest.mark.capability("P1")
async def test_the_last_sku_stays(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await identity.supplier(app)
    made = await product(client, supplier)
    edit = {"skus": [{"id": sku["id"], "remove": True} for sku in made["skus"]]}
    answer = await client.patch(f"{PRODUCTS}/{made['id']}", json=edit, headers=supplier.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_sku")


@pytest.mark.capability("P1")
@pytest.mark.parametrize(
    "edit",
    [
        {"name": None},
        {"kind": "retail"},
        {"skus": None},
        {"attributes": {"weight_g": 1}},
        {"attributes": None},
        {"skus": [{"name": "无价"}]},
        {"skus": [{"remove": True}]},
        {"skus": [{"id": "0197b9a0-0000-7000-8000-000000000000", "remove": True, "name": "x"}]},
        {"skus": [{"id": "0197b9a0-0000-7000-8000-000000000000"}] * 2},
        {"version": 7},
    ],
)
async def test_edits_that_do_not_fit(client: httpx.AsyncClient, app: FastAPI, edit: dict[str, Any]) -> None:
    supplier = await identity.supplier(app)
    made = await product(client, supplier)
    answer = await client.patch(f"{PRODUCTS}/{made['id']}", json=edit, headers=supplier.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), answer.text


@pytest.mark.capability("P1")
async def test_products_are_their_suppliers_business(client: httpx.AsyncClient, app: FastAPI) -> None:
    mine, other = await identity.supplier(app), await identity.supplier(app)
    admin, distributor = await identity.admin(app), await identity.distributor(app)
    made = await product(client, mine)
    path = f"{PRODUCTS}/{made['id']}"
    assert (await client.get(path, headers=admin.headers)).status_code == 200
    for method, where, body in [
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/submit", None),
        ("POST", f"{path}/publish", None),
    ]:
        answer = await client.request(method, where, json=body, headers=other.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert (await client.request(method, where, json=body, headers=distributor.headers)).status_code == 403
        assert (await client.request(method, where, json=body)).status_code == 401
    assert (await client.get(PRODUCTS, headers=other.headers)).json()["items"] == []
    assert (await client.post(f"{path}/approve", headers=mine.headers)).status_code == 403
    assert (await client.post(PRODUCTS, json=ticket(), headers=admin.headers)).status_code == 403


@pytest.mark.capability("P1")
async def test_the_list_filters_and_searches(client: httpx.AsyncClient, app: FastAPI) -> None:
    mine, other, admin = await identity.supplier(app), await identity.supplier(app), await identity.admin(app)
    one = await product(client, mine, name="云海 100% 门票")
    tea = await product(client, mine, **retail())
    theirs = await on_sale(client, other, admin, name="别家门票")

    async def ids(who: identity.Signed, **query: Any) -> list[str]:
        answer = await client.get(PRODUCTS, params=query, headers=who.headers)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["items"]]

    assert await ids(mine) == [tea["id"], one["id"]]
    assert await ids(mine, sort="created_at") == [one["id"], tea["id"]]
    assert await ids(admin) == [theirs["id"], tea["id"], one["id"]]
    assert await ids(admin, supplier_id=str(other.organization_id)) == [theirs["id"]]
    assert await ids(admin, kind="retail") == [tea["id"]]
    assert await ids(admin, status="on_sale") == [theirs["id"]]
    assert await ids(mine, q="绿茶") == [tea["id"]]
    assert await ids(mine, q=one["product_code"].lower()) == [one["id"]]
    assert await ids(mine, q="100%") == [one["id"]]
    assert await ids(mine, q="%") == [one["id"]]
    assert await ids(mine, supplier_id=str(other.organization_id)) == []
    assert (await client.get(PRODUCTS, params={"q": "\x00"}, headers=mine.headers)).status_code == 422
    first = (await client.get(PRODUCTS, params={"limit": 1, "with_total": True}, headers=mine.headers)).json()
    assert (first["total"], len(first["items"])) == (2, 1)
    rest = await client.get(PRODUCTS, params={"limit": 1, "cursor": first["next_cursor"]}, headers=mine.headers)
    assert [row["id"] for row in rest.json()["items"]] == [one["id"]]
    assert rest.json()["next_cursor"] is None


@pytest.mark.capability("P1")
async def test_a_replayed_creation_makes_one_product(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await identity.supplier(app)
    answers = [
        await client.post(PRODUCTS, json=ticket(), headers=supplier.headers | {"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert len((await client.get(PRODUCTS, headers=supplier.headers)).json()["items"]) == 1
