"""Finding orders again: filters, pages, what a list shows of people."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from distro_api.core import clock
from make.products import on_sale
from make.store import ADULT, CHILD, OpenStore, Person, Store, noon
from make.worker import settle


async def ids(who: Person, **filters: Any) -> list[str]:
    return [order["id"] for order in (await who.get("/orders", **filters))["items"]]


@pytest.mark.capability("O4")
async def test_every_filter(store: Store) -> None:
    other_product = await on_sale(store.client, store.supplier.signed, store.admin.signed, name="夜游门票")
    await store.sells(
        {"sku_id": store.adult, "settlement_price": ADULT}, {"sku_id": store.child, "settlement_price": CHILD}
    )
    next_day = store.day + timedelta(days=1)
    first = await store.place(store.line(1, store.child))
    second = await store.place(
        store.line(2, day=next_day),
        pay=None,
        source="erp",
        outside_no="TB-77",
        customer={"name": "欧阳小明", "phone": "13911112222"},
    )
    both = [second["id"], first["id"]]
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, both),
        ({"status": "paid"}, [first["id"]]),
        ({"status": "pending_payment"}, [second["id"]]),
        ({"status": "closed"}, []),
        ({"supplier_id": store.supplier.id}, both),
        ({"supplier_id": store.distributor.id}, []),
        ({"distributor_id": store.distributor.id}, both),
        ({"distributor_id": store.supplier.id}, []),
        ({"channel": "individual"}, both),
        ({"channel": "enterprise"}, []),
        ({"source": "erp"}, [second["id"]]),
        ({"source": "direct"}, [first["id"]]),
        ({"order_no": first["order_no"]}, [first["id"]]),
        ({"outside_no": "TB-77"}, [second["id"]]),
        ({"customer_phone": "13911112222"}, [second["id"]]),
        ({"customer_phone": "139"}, []),
        ({"product_id": store.product["id"]}, both),
        ({"product_id": other_product["id"]}, []),
        ({"date": str(store.day)}, [first["id"]]),
        ({"date": str(next_day)}, [second["id"]]),
        ({"product_id": store.product["id"], "date": str(next_day)}, [second["id"]]),
        ({"total_amount_from": CHILD}, both),
        ({"total_amount_from": CHILD + 1}, [second["id"]]),
        ({"total_amount_to": 2 * ADULT}, both),
        ({"total_amount_to": 2 * ADULT - 1}, [first["id"]]),
        ({"q": "TB-77"}, [second["id"]]),
        ({"q": first["order_no"]}, [first["id"]]),
        ({"q": "小明"}, [second["id"]]),
        ({"q": "晓"}, [first["id"]]),
        ({"q": "TB"}, []),
        ({"q": "_阳%"}, []),
        ({"status": "paid", "q": "小明"}, []),
        ({"created_from": second["created_at"]}, [second["id"]]),
        ({"created_to": second["created_at"]}, [first["id"]]),
        ({"sort": "created_at"}, both[::-1]),
        ({"sort": "-created_at"}, both),
    ]
    for filters, expected in cases:
        for who in (store.distributor, store.supplier, store.admin):
            assert await ids(who, **filters) == expected, filters


@pytest.mark.capability("O4")
async def test_filters_that_make_no_sense(store: Store) -> None:
    for name, value in (
        ("status", "lost"),
        ("supplier_id", "1"),
        ("date", "0"),
        ("date", "2026-02-30"),
        ("date", "9999-12-31"),
        ("created_from", "2026-01-01"),
        ("created_from", "2026-01-01T00:00:00"),
        ("created_to", "9999-12-31T23:59:59-12:00"),
        ("total_amount_from", "-1"),
        ("total_amount_from", str(10**30)),
        ("q", "x" * 51),
        ("q", "\0"),
        ("order_no", "\0"),
        ("sort", "total_amount"),
        ("limit", "0"),
        ("limit", "201"),
    ):
        await store.distributor.refused(422, "validation_failed", "GET", "/orders", params={name: value})
    for cursor in ("x", "é", "W10", "eyJhIjoxfQ", "WyItY3JlYXRlZF9hdCIsMSwiMSJd"):
        await store.distributor.refused(400, "bad_cursor", "GET", "/orders", params={"cursor": cursor})


@pytest.mark.capability("O4")
async def test_pages_do_not_move_while_orders_come_in(store: Store) -> None:
    before = [(await store.place(pay=None))["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = await store.distributor.get("/orders", limit=2, with_total=True, **cursor)
        seen += [order["id"] for order in page["items"]]
        await store.place(pay=None)
        cursor = {"cursor": page["next_cursor"] or ""}
    assert seen == before[::-1]
    assert (page["next_cursor"], page["total"]) == (None, 7)
    oldest = await store.distributor.get("/orders", limit=5, sort="created_at")
    assert [order["id"] for order in oldest["items"]] == before
    other = {"cursor": oldest["next_cursor"], "sort": "-created_at"}
    await store.distributor.refused(400, "bad_cursor", "GET", "/orders", params=other)
    assert (await store.distributor.get("/orders"))["total"] is None


@pytest.mark.capability("O4", "I15")
async def test_a_list_hides_who_the_customer_is(store: Store) -> None:
    people = {
        ("李晓雨", "13800138000"): ("李**", "138****8000"),
        ("王", "+8613900139000"): ("*", "+86****9000"),
        ("Alexander Constantinopolitan", "5551234"): ("A********", "****34"),
        ("张三", "62345678"): ("张*", "****78"),
    }
    address = {"address": "文三路 1 号", "name": "李晓雨"}
    for name, phone in people:
        order = await store.place(
            pay=None, customer={"name": name, "phone": phone}, shipping_address=address, note="联系人王五 13700137000"
        )
        (shown,) = (await store.supplier.get("/orders", limit=1))["items"]
        assert (shown["customer"]["name"], shown["customer"]["phone"]) == people[name, phone]
        assert shown["shipping_address"] is None and shown["note"] is None
        whole = await store.supplier.get(f"/orders/{order['id']}")
        assert (whole["customer"]["name"], whole["customer"]["phone"]) == (name, phone)
        assert whole["shipping_address"]["address"] == "文三路 1 号" and whole["note"] == "联系人王五 13700137000"


@pytest.mark.capability("O4", "I15")
async def test_everybody_sees_only_their_own(opens: OpenStore) -> None:
    first, second = await opens(), await opens()
    orders = [await store.place() for store in (first, second)]
    for store, order in zip((first, second), orders, strict=True):
        assert await ids(store.distributor) == await ids(store.supplier) == [order["id"]]
    assert await ids(first.admin) == [orders[1]["id"], orders[0]["id"]]
    assert await ids(first.supplier, distributor_id=second.distributor.id) == []


@pytest.mark.capability("O7")
async def test_the_timeline_tells_all_that_happened(opens: OpenStore) -> None:
    store = await opens(order_approval=True)
    order = await store.place(store.line(4), pay=None)
    await store.supplier.post(f"/orders/{order['id']}/approve")
    paid = await store.distributor.post(f"/orders/{order['id']}/pay", {"method": "prepaid"})
    await store.refund(paid, {0: 1})
    ticket = await store.redeem(paid, 1)
    await settle(store.app)
    await store.supplier.post(f"/tickets/{ticket['id']}/reverse", {"reason": "扫错了"})
    await settle(store.app)
    await store.redeem(paid, 2)
    await settle(store.app)
    await store.refund(paid)
    steps = (await store.read(order))["timeline"]
    assert [(step["action"], step["status"]) for step in steps] == [
        ("place", "pending_approval"),
        ("approve", "pending_payment"),
        ("pay", "paid"),
        ("refund", "paid"),
        ("fulfil", "fulfilling"),
        ("unfulfil", "paid"),
        ("fulfil", "fulfilling"),
        ("refund", "fulfilling"),
        ("complete", "completed"),
    ]
    sides = [step["actor_organization_id"] for step in steps]
    bought, sold = store.distributor.id, store.supplier.id
    assert sides == [bought, sold, bought, bought, None, None, None, bought, None]
    times = [datetime.fromisoformat(step["created_at"]) for step in steps[:4]]
    assert times == sorted(times)
    assert steps[3]["reason"] == "人数减少"


@pytest.mark.capability("O4")
async def test_many_read_while_orders_are_placed(store: Store) -> None:
    reads = (store.distributor.get("/orders", limit=3) for _ in range(10))
    await asyncio.gather(*(store.place() for _ in range(10)), *reads)
    assert len(await ids(store.supplier)) == 10


@pytest.mark.capability("O4", "O7")
async def test_a_list_has_no_timelines_and_a_use_undone_reopens_nothing(store: Store) -> None:
    order = await store.place(store.line(3))
    ticket = await store.redeem(order, 1)
    await settle(store.app)
    with clock.at(noon(store.day)):
        await store.supplier.post(f"/tickets/{ticket['id']}/reverse", {"reason": "刷错票"})
    await settle(store.app)
    (listed,) = (await store.supplier.get("/orders"))["items"]
    assert (listed["status"], "timeline" in listed) == ("paid", False)
    assert [step["action"] for step in (await store.read(order))["timeline"]] == ["place", "fulfil", "unfulfil"]
    told = [event["name"] for event in (await store.supplier.get("/events"))["items"]]
    assert "tickets.reversed" in told and "orders.reopened" not in told  # it never was completed
