"""Placing orders: what is answered, what is asked of the price, what is refused before anything is taken."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from make.products import on_sale
from make.store import ADULT, API, CHILD, FAMILY, MONEY, OpenStore, Store


@pytest.mark.capability("O1", "O7", "N6")
async def test_an_individual_order_is_paid_with_codes_in_one_call(store: Store) -> None:
    lines = [store.line(2), store.line(1, store.child), store.line(1, store.family)]
    answer = await store.distributor.ask(
        "POST", "/orders", store.order(*lines, note="靠窗", source="erp", outside_no="A-1"), key="first"
    )
    order = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{API}/orders/{order['id']}"
    assert (order["status"], order["payer"], order["refund_status"]) == ("paid", "distributor", "none")
    assert order["total_amount"] == order["paid_amount"] == 2 * ADULT + CHILD + FAMILY
    assert order["retail_amount"] == 2 * 12000 + 6000 + 26000
    assert [line["settlement_amount"] for line in order["lines"]] == [2 * ADULT, CHILD, FAMILY]
    assert [line["quantity"] for line in order["lines"]] == [2, 1, 1]
    assert (order["note"], order["source"], order["outside_no"]) == ("靠窗", "erp", "A-1")
    codes = [ticket["code"] for line in order["lines"] for ticket in line["tickets"]]
    assert len(set(codes)) == 3
    assert await store.stock() == (0, 6, 94)
    assert await store.money() == (MONEY - order["total_amount"], 0, MONEY - order["total_amount"])
    for who in (store.distributor, store.supplier, store.admin):
        read = await who.ask("GET", f"/orders/{order['id']}")
        assert read.json() == order
        assert read.headers["ETag"] == f'"{order["version"]}"'


@pytest.mark.capability("O1", "Y3", "N6")
async def test_without_pay_the_order_holds_its_places_and_waits(store: Store) -> None:
    order = await store.place(store.line(4), pay=None)
    assert (order["status"], order["paid_amount"]) == ("pending_payment", 0)
    assert order["pay_before"] > order["created_at"]
    assert await store.stock() == (4, 0, 96)
    assert await store.money() == (MONEY, 0, MONEY)
    paid = await store.distributor.post(f"/orders/{order['id']}/pay", {"method": "prepaid"})
    assert (paid["status"], paid["pay_before"]) == ("paid", None)
    assert await store.stock() == (0, 4, 96)
    assert [(step["action"], step["status"]) for step in paid["timeline"]] == [
        ("place", "pending_payment"),
        ("pay", "paid"),
    ]


@pytest.mark.capability("O2")
async def test_an_enterprise_order_has_its_own_strategy(opens: OpenStore) -> None:
    store = await opens(channel="enterprise")
    order = await store.place(customer={"name": "王建国", "phone": "+8613900139000", "organization": "市教育局"})
    assert (order["channel"], order["status"]) == ("enterprise", "paid")
    refused = await store.refuse("offer_not_available", channel="individual")
    assert refused["reason"] == "no_strategy"


@pytest.mark.capability("O1")
async def test_the_price_that_was_shown_is_the_price_that_is_paid(store: Store) -> None:
    refused = await store.refuse("price_changed", store.line(2), expected_total_amount=2 * ADULT - 1)
    assert (refused["expected_total_amount"], refused["total_amount"]) == (2 * ADULT - 1, 2 * ADULT)
    assert await store.stock() == (0, 0, 100)
    order = await store.place(store.line(2), expected_total_amount=2 * ADULT)
    assert order["total_amount"] == 2 * ADULT


@pytest.mark.capability("O1")
async def test_an_outside_number_is_placed_once(store: Store) -> None:
    order = await store.place(outside_no="TB-20260101-1")
    again = await store.refuse("outside_no_taken", store.line(2), outside_no="TB-20260101-1")
    assert again["order_id"] == order["id"]
    await store.cancel(order)
    await store.refuse("outside_no_taken", outside_no="TB-20260101-1")
    assert (await store.place(outside_no="TB-20260101-1", source="jd"))["status"] == "paid"


@pytest.mark.capability("O1")
async def test_another_distributor_may_use_the_same_outside_number(opens: OpenStore) -> None:
    for store in (await opens(), await opens()):
        assert (await store.place(outside_no="1"))["status"] == "paid"


@pytest.mark.capability("O1")
async def test_lines_of_two_suppliers_are_two_orders(opens: OpenStore) -> None:
    store, other = await opens(), await opens()
    await other.supplier.post("/supply-relations", {"distributor_id": store.distributor.id})
    mixed = await store.refuse("mixed_suppliers", store.line(), other.line(), status=422)
    assert set(mixed["supplier_ids"]) == {store.supplier.id, other.supplier.id}
    named = await store.refuse("other_supplier", status=422, supplier_id=other.supplier.id)
    assert named["supplier_id"] == store.supplier.id
    assert (await store.place(supplier_id=store.supplier.id))["supplier_id"] == store.supplier.id


@pytest.mark.capability("O1", "R2")
async def test_what_is_not_for_this_distributor_is_not_there(opens: OpenStore) -> None:
    store, stranger = await opens(), await opens()
    unknown = str(uuid4())
    missing = await store.refuse("not_found", store.line(), store.line(1, unknown), status=404)
    assert missing["sku_ids"] == [unknown]
    await store.refuse("not_found", store.line(1, stranger.adult), status=404)


@pytest.mark.capability("O1", "N6")
async def test_every_short_place_is_named_and_nothing_is_taken(opens: OpenStore) -> None:
    store = await opens(capacity=5)
    next_day = store.day + timedelta(days=1)
    never_set = store.day + timedelta(days=10)
    short = await store.refuse(
        "insufficient_stock",
        store.line(2),
        store.line(2, store.family),
        store.line(6, day=next_day),
        store.line(1, day=never_set),
    )
    wanted = {(place["date"], place["wanted"], place["available"]) for place in short["short"]}
    assert wanted == {(str(store.day), 8, 5), (str(next_day), 6, 5), (str(never_set), 1, 0)}
    assert {place["item_id"] for place in short["short"]} == {store.item_id}
    assert await store.stock() == (0, 0, 5)


@pytest.mark.capability("P1", "O1")
async def test_goods_that_are_sent_need_an_address(store: Store) -> None:
    tea = await on_sale(store.client, store.supplier.signed, store.admin.signed, kind="retail")
    sku = tea["skus"][0]["id"]
    (item,) = (await store.supplier.get("/inventory/items", product_id=tea["id"]))["items"]
    await store.supplier.do("PUT", f"/inventory/items/{item['id']}/stock", {"capacity": 3})
    await store.sells({"sku_id": sku, "settlement_price": 15000})
    line = {"sku_id": sku, "quantity": 2}
    await store.refuse("address_required", line, status=422)
    address = {"address": "杭州市西湖区文三路 1 号", "name": "李晓雨", "phone": "13800138000", "region_code": "330106"}
    order = await store.place(line, shipping_address=address)
    assert (order["status"], order["lines"][0]["tickets"]) == ("paid", [])
    assert order["shipping_address"]["region_code"] == "330106"
    await store.refuse("date_not_allowed", line | {"date": str(store.day)}, status=422)
    short = await store.refuse("insufficient_stock", line, shipping_address=address)
    assert short["short"] == [
        {"item_id": item["id"], "date": None, "slot": None, "wanted": 2, "available": 1},
    ]


@pytest.mark.capability("P1", "O1", "O7")
async def test_what_needs_no_fulfilment_is_complete_when_paid(opens: OpenStore) -> None:
    store = await opens(product={"fulfilment": "none"})
    order = await store.place(store.line(2))
    assert (order["status"], order["lines"][0]["fulfilled"], order["lines"][0]["tickets"]) == ("completed", 2, [])
    await store.distributor.refused(409, "state_conflict", "POST", f"/orders/{order['id']}/cancel", {"reason": "x"})


@pytest.mark.capability("O1", "Y3")
async def test_ways_to_pay(opens: OpenStore) -> None:
    store = await opens(pay_by=["credit"])
    refused = await store.refuse("payment_method_not_allowed")
    assert (refused["method"], refused["pay_by"]) == ("prepaid", ["credit"])
    await store.refuse("no_account", pay="credit")
    held = await store.place(pay=None)
    path = f"/orders/{held['id']}/pay"
    await store.distributor.refused(409, "payment_method_not_allowed", "POST", path, {"method": "prepaid"})
    await store.distributor.refused(422, "validation_failed", "POST", path, {"method": "cash"})
    await store.supplier.refused(403, "permission_denied", "POST", path, {"method": "credit"})


LI = {"name": "李晓雨", "phone": "13800138000"}


@pytest.mark.capability("O1")
async def test_orders_that_make_no_sense(store: Store) -> None:
    good = store.order()
    lines: list[tuple[dict[str, Any], str]] = [
        *(({"quantity": quantity}, "validation_failed") for quantity in (0, -1, 1.5, "2", 10**30, None, True, [])),
        *(
            ({"date": day}, "validation_failed")
            for day in ("2026-02-30", "0001-01-01", "9999-12-31", 0, 86400, "2026-10-01T00:00:00Z", True)
        ),
        ({"date": None}, "date_required"),
        ({"slot": "09:00"}, "slot_not_allowed"),
        ({"slot": "25:00"}, "validation_failed"),
        ({"sku_id": "1"}, "validation_failed"),
        ({"price": 1}, "validation_failed"),
        ({"travellers": [{"name": "李晓雨"}]}, "not_supported_yet"),
    ]
    changes: list[tuple[dict[str, Any], str]] = [
        *(({"lines": [store.line() | change]}, code) for change, code in lines),
        ({"customer": LI | {"id_number": "1"}}, "not_supported_yet"),
        ({"customer": LI | {"name": "李\0雨"}}, "validation_failed"),
        ({"customer": LI | {"name": "李" * 101}}, "validation_failed"),
        ({"customer": LI | {"name": " "}}, "validation_failed"),
        ({"customer": {"name": "李晓雨"}}, "validation_failed"),
        ({"note": "\0"}, "validation_failed"),
        ({"outside_no": "a b"}, "validation_failed"),
        ({"outside_no": ""}, "validation_failed"),
        ({"source": "ERP!"}, "validation_failed"),
        ({"expected_total_amount": -1}, "validation_failed"),
        ({"expected_total_amount": "1"}, "validation_failed"),
        ({"channel": "employee"}, "validation_failed"),
        ({"pay": {"method": "online"}}, "validation_failed"),
        ({"pay": {"method": "prepaid", "amount": 1}}, "validation_failed"),
        ({"lines": []}, "validation_failed"),
        ({"lines": [store.line()] * 201}, "validation_failed"),
        ({"status": "paid"}, "validation_failed"),
        ({"supplier_id": "x"}, "validation_failed"),
        ({"shipping_address": {"address": ""}}, "validation_failed"),
    ]
    for change, code in changes:
        await store.distributor.refused(422, code, "POST", "/orders", good | change)
    await store.distributor.refused(422, "validation_failed", "POST", "/orders", [good])
    assert await store.stock() == (0, 0, 100)
    assert (await store.distributor.get("/orders"))["items"] == []


@pytest.mark.capability("O1")
async def test_a_body_that_is_no_order(store: Store) -> None:
    for content, content_type, status, code in (
        (b'{"channel": ', "application/json", 400, "malformed_json"),
        (b"\xff\xfe", "application/json", 400, "malformed_json"),
        (b'{"note": "\\ud800"}', "application/json", 400, "malformed_json"),
        (b"", "application/json", 422, "validation_failed"),
        (b"null", "application/json", 422, "validation_failed"),
        (b'{"note": "' + b"x" * 3_000_000 + b'"}', "application/json", 413, "body_too_large"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"channel=individual", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    ):
        headers = {"Content-Type": content_type}
        await store.distributor.refused(status, code, "POST", "/orders", headers=headers, content=content)


@pytest.mark.capability("O1")
async def test_a_large_body_is_refused_though_its_length_is_not_told(store: Store) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b" " * 1_000_000

    headers = {"Content-Type": "application/json"}
    problem = await store.distributor.refused(
        413, "body_too_large", "POST", "/orders", headers=headers, content=parts()
    )
    assert problem["request_id"]


@pytest.mark.capability("O1")
async def test_two_hundred_lines_are_one_order(store: Store) -> None:
    order = await store.place(*[store.line() for _ in range(100)], pay=None)
    assert len(order["lines"]) == 100
    short = await store.refuse("insufficient_stock", *[store.line() for _ in range(200)])
    assert short["short"][0]["wanted"] == 200


@pytest.mark.capability("O1")
async def test_an_order_costs_no_more_than_money_can_count(opens: OpenStore) -> None:
    store = await opens(product={"stock_mode": "unlimited"})
    most = 10**13
    await store.sells({"sku_id": store.adult, "settlement_price": 1, "retail_price": most})
    one = {"sku_id": store.adult, "quantity": 1}
    assert (await store.place(one))["retail_amount"] == most
    for lines in ([one, one], [one | {"quantity": 100_000}] * 200):
        assert (await store.refuse("amount_too_large", *lines, status=422, pay=None))["most"] == most
        asked = {"channel": "individual", "lines": lines}
        await store.distributor.refused(422, "amount_too_large", "POST", "/quotes", asked)


@pytest.mark.capability("O1", "G2")
async def test_an_agency_order_nets_the_commission_at_the_sale(store: Store) -> None:
    items = [{"sku_id": store.adult, "retail_price": 9999, "commission_percent": "12.5"}]
    await store.sells(*items, business_mode="agency")
    order = await store.place(store.line(3))
    assert (order["retail_amount"], order["commission_amount"]) == (29997, 3750)
    assert order["total_amount"] == order["settlement_amount"] == 29997 - 3750
    assert (await store.money())[0] == MONEY - 26247
