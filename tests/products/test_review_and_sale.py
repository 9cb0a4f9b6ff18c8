"""A product's life: submitted, reviewed, on and off sale, deleted; and the platform's categories and brands."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from distro_api.core import clock
from distro_api.products.models import CatalogueVersion
from distro_api.products.service.life import review_due
from make import identity
from make.products import PRODUCTS, act, on_sale, product, ticket

SHANGHAI = "Asia/Shanghai"


@pytest.mark.capability("P2", "P3")
async def test_submitted_rejected_submitted_again_approved_taken_off_put_back(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: Any
) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    made = await product(client, supplier)
    submitted = await act(client, supplier, made, "submit")
    assert submitted["status"] == "pending_review"
    assert submitted["submitted_at"] < submitted["review_due_at"]
    rejected = await act(client, admin, made, "reject", reason="图片与描述不符")
    assert (rejected["status"], rejected["reject_reason"]) == ("rejected", "图片与描述不符")
    again = await act(client, supplier, made, "submit")
    assert (again["status"], again["reject_reason"]) == ("pending_review", None)
    assert (await act(client, admin, made, "approve"))["status"] == "on_sale"
    assert (await act(client, supplier, made, "unpublish"))["status"] == "off_sale"
    assert (await act(client, supplier, made, "publish"))["status"] == "on_sale"
    facts = await owner_connection.fetch("SELECT name, supplier_id FROM outbox ORDER BY id")
    assert [row["name"].removeprefix("products.") for row in facts] == [
        "submitted",
        "rejected",
        "submitted",
        "approved",
        "unpublished",
        "published",
    ]
    assert {row["supplier_id"] for row in facts} == {supplier.organization_id}
    acts = await owner_connection.fetch("SELECT action FROM audit_log WHERE object_type = 'product' ORDER BY id")
    assert [row[0].removeprefix("products.") for row in acts] == [
        "create",
        "submit",
        "reject",
        "submit",
        "approve",
        "unpublish",
        "publish",
    ]
    reviews = await owner_connection.fetch("SELECT decision, reason, reviewed_by FROM product_reviews ORDER BY id")
    assert [tuple(row) for row in reviews] == [
        ("rejected", "图片与描述不符", admin.user_id),
        ("approved", None, admin.user_id),
    ]
    async with app.state.database.sessions() as session:
        assert (await session.get(CatalogueVersion, supplier.organization_id)).version == 6


@pytest.mark.capability("P2", "P3")
async def test_what_a_state_does_not_allow(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    made = await product(client, supplier)
    for who, action in ((admin, "approve"), (supplier, "publish"), (supplier, "unpublish")):
        answer = await client.post(f"{PRODUCTS}/{made['id']}/{action}", headers=who.headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
        assert (await client.get(f"{PRODUCTS}/{made['id']}", headers=supplier.headers)).json()["status"] == "draft"
    without_reason = await client.post(f"{PRODUCTS}/{made['id']}/reject", json={"reason": " "}, headers=admin.headers)
    assert without_reason.status_code == 422


@pytest.mark.capability("P2")
async def test_an_edit_off_sale_is_approved_off_sale(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    made = await on_sale(client, supplier, admin)
    await act(client, supplier, made, "unpublish")
    await client.patch(f"{PRODUCTS}/{made['id']}", json={"name": "新名称"}, headers=supplier.headers)
    assert (await act(client, admin, made, "approve"))["status"] == "off_sale"


@pytest.mark.capability("P2")
async def test_the_platform_approves_what_it_saw(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    seen = await act(client, supplier, await product(client, supplier), "submit")
    edited = await client.patch(f"{PRODUCTS}/{seen['id']}", json={"name": "另一件东西"}, headers=supplier.headers)
    assert edited.json()["status"] == "pending_review"
    answer = await client.post(
        f"{PRODUCTS}/{seen['id']}/approve", headers=admin.headers | {"If-Match": f'"{seen["version"]}"'}
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


@pytest.mark.capability("P2")
async def test_the_review_queue_is_first_come_first_served(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    drafts = [await product(client, supplier, name=f"门票 {n}") for n in range(4)]
    for made in (drafts[2], drafts[0], drafts[3]):
        await act(client, supplier, made, "submit")
    # an edit under review goes to the end of the queue
    await client.patch(f"{PRODUCTS}/{drafts[2]['id']}", json={"name": "门票 二"}, headers=supplier.headers)
    query = {"status": "pending_review", "sort": "submitted_at", "limit": 2}
    first = (await client.get(PRODUCTS, params=query, headers=admin.headers)).json()
    rest = (await client.get(PRODUCTS, params=query | {"cursor": first["next_cursor"]}, headers=admin.headers)).json()
    assert [row["name"] for row in first["items"] + rest["items"]] == ["门票 0", "门票 3", "门票 二"]


@pytest.mark.capability("P2")
@pytest.mark.parametrize(
    ("submitted", "due"),
    [
        ("2026-03-02T10:00+08:00", "2026-03-04T10:00+08:00"),  # Monday: Wednesday
        ("2026-03-05T10:00+08:00", "2026-03-09T10:00+08:00"),  # Thursday: Monday
        ("2026-03-06T23:59+08:00", "2026-03-10T23:59+08:00"),  # Friday: Tuesday
        ("2026-03-07T08:00+08:00", "2026-03-10T08:00+08:00"),  # Saturday: Tuesday
        ("2026-03-08T16:30+00:00", "2026-03-11T00:30+08:00"),  # Sunday in London is Monday here: Wednesday
    ],
)
def test_two_working_days(submitted: str, due: str) -> None:
    assert review_due(datetime.fromisoformat(submitted), SHANGHAI) == datetime.fromisoformat(due)


@pytest.mark.capability("P2")
async def test_the_promise_is_shown(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await identity.supplier(app)
    made = await product(client, supplier)
    with clock.at(datetime(2026, 3, 6, 2, 0, tzinfo=UTC)):
        submitted = await act(client, supplier, made, "submit")
    assert submitted["submitted_at"] == "2026-03-06T02:00:00Z"
    assert datetime.fromisoformat(submitted["review_due_at"]) == datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


@pytest.mark.capability("P3")
async def test_deletion_is_final_and_refused_while_something_refers(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    made = await on_sale(client, supplier, admin)
    strategy = await client.post(
        "/api/v1/strategies",
        json={
            "name": "散客",
            "channel": "individual",
            "business_mode": "wholesale",
            "audience": {"kind": "all"},
            "valid_from": "2026-01-01",
            "pay_by": ["prepaid"],
            "refund_rules": [],
            "items": [{"sku_id": made["skus"][0]["id"], "settlement_price": 100}],
        },
        headers=supplier.headers,
    )
    assert strategy.status_code == 201, strategy.text
    path = f"{PRODUCTS}/{made['id']}"
    answer = await client.delete(path, headers=supplier.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "product_in_use")
    assert (await client.get(path, headers=supplier.headers)).json()["status"] == "on_sale"
    items = f"/api/v1/strategies/{strategy.json()['id']}/items/{made['skus'][0]['id']}"
    assert (await client.delete(items, headers=supplier.headers)).status_code == 204
    assert (await client.delete(path, headers=supplier.headers)).status_code == 204
    assert (await client.get(path, headers=supplier.headers)).status_code == 404
    assert (await client.delete(path, headers=supplier.headers)).status_code == 404


@pytest.mark.capability("P2")
async def test_two_reviewers_at_once_decide_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    made = await act(client, supplier, await product(client, supplier), "submit")
    path = f"{PRODUCTS}/{made['id']}"
    answers = await asyncio.gather(
        client.post(f"{path}/approve", headers=admin.headers),
        client.post(f"{path}/reject", json={"reason": "不清楚"}, headers=admin.headers),
        client.post(f"{path}/approve", headers=admin.headers),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


@pytest.mark.capability("P1")
@pytest.mark.parametrize("path", ["/api/v1/categories", "/api/v1/brands"])
async def test_the_platform_keeps_categories_and_brands(client: httpx.AsyncClient, app: FastAPI, path: str) -> None:
    supplier, admin, distributor = (
        await identity.supplier(app),
        await identity.admin(app),
        await identity.distributor(app),
    )
    made = await client.post(path, json={"name": "景区"}, headers=admin.headers)
    one = made.headers["Location"]
    assert (made.status_code, one) == (201, f"{path}/{made.json()['id']}")
    taken = await client.post(path, json={"name": "景区"}, headers=admin.headers)
    assert (taken.status_code, taken.json()["code"]) == (409, "label_taken")
    assert (await client.post(path, json={"name": "酒店"}, headers=supplier.headers)).status_code == 403
    other = await client.post(path, json={"name": "茶叶"}, headers=admin.headers)
    clash = await client.patch(other.headers["Location"], json={"name": "景区"}, headers=admin.headers)
    assert (clash.status_code, clash.json()["code"]) == (409, "label_taken")
    renamed = await client.patch(one, json={"name": "景点"}, headers=admin.headers | {"If-Match": made.headers["ETag"]})
    assert renamed.json()["name"] == "景点"
    for who in (supplier, admin, distributor):
        listed = (await client.get(path, headers=who.headers)).json()["items"]
        assert [row["name"] for row in listed] == ["景点", "茶叶"]
    field = "category_id" if "categories" in path else "brand_id"
    used = await client.post(PRODUCTS, json=ticket(**{field: made.json()["id"]}), headers=supplier.headers)
    refused = await client.delete(one, headers=admin.headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "label_in_use")
    await client.patch(f"{PRODUCTS}/{used.json()['id']}", json={field: None}, headers=supplier.headers)
    assert (await client.delete(one, headers=admin.headers)).status_code == 204
    assert (await client.get(one, headers=admin.headers)).status_code == 404


@pytest.mark.capability("P1")
@pytest.mark.parametrize("label", ["category", "brand"])
async def test_a_label_that_is_being_deleted_is_no_label_for_a_new_product(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: Any, label: str
) -> None:
    """Either the product has it and it stays, or it is gone and unknown: never in between."""
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    table = {"category": "categories", "brand": "brands"}[label]
    made = await client.post(f"/api/v1/{table}", json={"name": "景区"}, headers=admin.headers)
    deleting = owner_connection.transaction()
    await deleting.start()
    await owner_connection.execute(f"DELETE FROM {table} WHERE id = $1", UUID(made.json()["id"]))
    body = ticket(**{f"{label}_id": made.json()["id"]})
    creating = asyncio.create_task(client.post(PRODUCTS, json=body, headers=supplier.headers))
    await asyncio.sleep(0.3)  # it waits for the deletion to be decided
    await deleting.commit()
    answer = await creating
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_reference")
