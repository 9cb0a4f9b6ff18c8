"""Stock by date: set by range and weekday, closed, adjusted, never below what is taken; and every movement of it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from make.store import OpenStore, Store, today
from make.worker import settle

MONDAY = today() + timedelta(days=(7 - today().weekday()) + 28)


async def capacities(store: Store, days: int) -> list[int]:
    last = MONDAY + timedelta(days=days - 1)
    found = await store.supplier.get(
        f"/inventory/items/{store.item_id}/calendar", date_from=str(MONDAY), date_to=str(last)
    )
    return [bucket["capacity"] for bucket in found["items"]]


@pytest.mark.capability("N1", "N2")
async def test_days_of_a_range_and_weekdays_in_it(store: Store) -> None:
    path, last = f"/inventory/items/{store.item_id}/calendar", MONDAY + timedelta(days=13)
    span = {"date_from": str(MONDAY), "date_to": str(last)}
    every = await store.supplier.do("PUT", path, span | {"capacity": 10})
    assert [bucket["date"] for bucket in every["items"]] == [str(MONDAY + timedelta(days=n)) for n in range(14)]
    weekend = await store.supplier.do("PUT", path, span | {"weekdays": [6, 7], "capacity": 3})
    assert len(weekend["items"]) == 4
    assert await capacities(store, 14) == [10, 10, 10, 10, 10, 3, 3] * 2
    assert (await store.supplier.do("PUT", path, {"date_from": str(MONDAY), "date_to": str(MONDAY), "capacity": 0}))[
        "items"
    ][0]["available"] == 0
    none = {"date_from": str(MONDAY), "date_to": str(MONDAY), "weekdays": [7], "capacity": 99}
    assert (await store.supplier.do("PUT", path, none))["items"] == []
    assert await store.admin.get(path, date_from=str(MONDAY), date_to=str(last)) == await store.supplier.get(
        path, date_from=str(MONDAY), date_to=str(last)
    )


@pytest.mark.capability("N1", "N6")
async def test_a_closed_day_sells_nothing_until_it_opens(store: Store) -> None:
    held = await store.place(store.line(2), pay=None)
    await store.open_days(store.day, store.day, 100, closed=True)
    assert await store.stock() == (2, 0, 0)
    refused = await store.refuse("insufficient_stock")
    assert refused["short"][0]["available"] == 0
    paid = await store.distributor.post(f"/orders/{held['id']}/pay", {"method": "prepaid"})
    assert paid["status"] == "paid"
    await store.open_days(store.day, store.day, 90)
    assert await store.stock() == (0, 2, 0), "a new capacity does not open the day"
    await store.open_days(store.day, store.day, 90, closed=False)
    assert await store.stock() == (0, 2, 88)
    assert (await store.place())["status"] == "paid"


@pytest.mark.capability("N1", "N6")
async def test_capacity_never_falls_below_what_is_taken(store: Store) -> None:
    next_day = store.day + timedelta(days=1)
    await store.place(store.line(3))
    await store.place(store.line(4, day=next_day), pay=None)
    before = await store.stock()
    path = f"/inventory/items/{store.item_id}"
    span = {"date_from": str(store.day), "date_to": str(next_day + timedelta(days=1)), "capacity": 2}
    refused = await store.supplier.refused(409, "below_taken", "PUT", f"{path}/calendar", span)
    assert refused["below"] == [{"date": str(store.day), "taken": 3}, {"date": str(next_day), "taken": 4}]
    down = {"date": str(store.day), "delta": -98, "reason": "设备检修"}
    too_far = await store.supplier.refused(409, "below_taken", "POST", f"{path}/adjustments", down)
    assert too_far["below"] == [{"date": str(store.day), "taken": 3}]
    assert await store.stock() == before
    full = await store.supplier.post(f"{path}/adjustments", down | {"delta": -97})
    assert (full["capacity"], full["available"]) == (3, 0)
    await store.refuse("insufficient_stock")


@pytest.mark.capability("N1")
async def test_adjustments_have_a_reason(store: Store) -> None:
    path = f"/inventory/items/{store.item_id}/adjustments"
    good = {"date": str(store.day), "delta": 5, "reason": "加开场次"}
    answer = await store.supplier.ask("POST", path, good, key="adjust")
    again = await store.supplier.ask("POST", path, good, key="adjust")
    assert (answer.status_code, answer.json()["capacity"]) == (201, 105)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (answer.json(), "true")
    never = str(store.day + timedelta(days=60))
    missing = await store.supplier.refused(409, "no_such_bucket", "POST", path, good | {"date": never})
    assert missing["date"] == never
    for change, code in (
        ({"delta": 0}, "validation_failed"),
        ({"delta": 1.5}, "validation_failed"),
        ({"delta": 10**30}, "validation_failed"),
        ({"reason": " "}, "validation_failed"),
        ({"date": "9999-12-31"}, "validation_failed"),
        ({"date": None}, "wrong_stock_mode"),
        ({"slot": "09:00"}, "not_supported_yet"),
    ):
        await store.supplier.refused(422, code, "POST", path, good | change)
    (newest,) = (await store.supplier.get("/inventory/movements", kind="adjust"))["items"]
    assert (newest["capacity_delta"], newest["reason"], newest["date"]) == (5, "加开场次", str(store.day))
    assert newest["actor_id"] == str(store.supplier.signed.user_id)


@pytest.mark.capability("N1")
async def test_calendars_that_make_no_sense(opens: OpenStore) -> None:
    store, other = await opens(), await opens()
    path = f"/inventory/items/{store.item_id}/calendar"
    good = {"date_from": str(MONDAY), "date_to": str(MONDAY), "capacity": 1}
    for change, code in (
        ({"date_to": str(MONDAY - timedelta(days=1))}, "validation_failed"),
        ({"date_to": str(MONDAY + timedelta(days=733))}, "validation_failed"),
        ({"date_from": "0001-01-01"}, "validation_failed"),
        ({"date_from": "9999-12-31", "date_to": "9999-12-31"}, "validation_failed"),
        ({"date_from": 0, "date_to": 0}, "validation_failed"),
        *(({"weekdays": days}, "validation_failed") for days in ([], [0], [8], [1.5], "weekend")),
        *(({"capacity": n}, "validation_failed") for n in (-1, 1.5, "1", 10**30, None)),
        ({"held": 1}, "validation_failed"),
        ({"slots": [{"start": "09:00", "end": "10:00"}]}, "not_supported_yet"),
    ):
        await store.supplier.refused(422, code, "PUT", path, good | change)
    for name, value in (("date_from", "0"), ("date_to", "9999-12-31")):
        await store.supplier.refused(422, "validation_failed", "GET", path, params={name: value})
    for who in (store.distributor, store.admin):
        await who.refused(403, "permission_denied", "PUT", path, good)
    await store.distributor.refused(403, "permission_denied", "GET", path)
    for method, where, body in (
        ("GET", path, None),
        ("PUT", path, good),
        ("PUT", f"/inventory/items/{store.item_id}/stock", {"capacity": 1}),
        ("POST", f"/inventory/items/{store.item_id}/adjustments", {"delta": 1, "reason": "x"}),
        ("GET", f"/inventory/items/{store.item_id}", None),
        ("GET", f"/inventory/items/{uuid4()}", None),
    ):
        await other.supplier.refused(404, "not_found", method, where, body)
    assert (await other.supplier.get("/inventory/movements", item_id=store.item_id))["items"] == []
    wrong = f"/inventory/items/{store.item_id}/stock"
    assert (await store.supplier.refused(422, "wrong_stock_mode", "PUT", wrong, {"capacity": 1}))["mode"] == "daily"


@pytest.mark.capability("N1", "N6")
async def test_total_stock_knows_no_date(opens: OpenStore) -> None:
    store = await opens(product={"stock_mode": "total"})
    path = f"/inventory/items/{store.item_id}"
    line = {"sku_id": store.adult, "quantity": 2}
    assert (await store.refuse("insufficient_stock", line))["short"][0]["available"] == 0
    assert (await store.supplier.do("PUT", f"{path}/stock", {"capacity": 5}))["available"] == 5
    order = await store.place(line)
    ticket = order["lines"][0]["tickets"][0]
    assert (ticket["valid_from"], ticket["valid_to"]) == (None, None)
    await store.place(line, pay=None)
    assert (await store.refuse("insufficient_stock", line))["short"] == [
        {"item_id": store.item_id, "date": None, "slot": None, "wanted": 2, "available": 1}
    ]
    below = await store.supplier.refused(409, "below_taken", "PUT", f"{path}/stock", {"capacity": 3})
    assert below["below"] == [{"date": None, "taken": 4}]
    more = await store.supplier.post(f"{path}/adjustments", {"delta": 1, "reason": "补货"})
    assert (more["capacity"], more["held"], more["sold"]) == (6, 2, 2)
    wrong = {"date_from": str(store.day), "date_to": str(store.day), "capacity": 1}
    await store.supplier.refused(422, "wrong_stock_mode", "PUT", f"{path}/calendar", wrong)
    (bucket,) = (await store.supplier.get(f"{path}/calendar"))["items"]
    assert (bucket["date"], bucket["available"]) == (None, 2)


@pytest.mark.capability("N1", "P1")
async def test_unlimited_stock_is_not_counted(opens: OpenStore) -> None:
    store = await opens(product={"stock_mode": "unlimited"}, money=0, pay_by=["credit"])
    body = {"distributor_id": store.distributor.id, "kind": "credit", "credit_limit_amount": 10**13}
    await store.supplier.post("/accounts", body)
    order = await store.place({"sku_id": store.adult, "quantity": 100_000}, pay="credit")
    assert order["total_amount"] == 100_000 * 10000
    assert (await store.supplier.get("/inventory/movements"))["items"] == []
    assert (await store.cancel(order))["status"] == "cancelled"


@pytest.mark.capability("N5", "N6")
async def test_skus_of_several_products_share_what_is_counted(store: Store) -> None:
    seats = await store.supplier.post("/inventory/items", {"name": "索道座位", "mode": "daily"})
    path = f"/inventory/items/{seats['id']}/calendar"
    span = {"date_from": str(store.day), "date_to": str(store.day), "capacity": 4}
    await store.supplier.do("PUT", path, span)
    made = []
    for name, stock in (
        ("索道票", [{"item_id": seats["id"], "units": 1}]),
        ("门票加索道", [{"item_id": store.item_id, "units": 1}, {"item_id": seats["id"], "units": 2}]),
    ):
        body = {
            "kind": "ticket",
            "name": name,
            "stock_mode": "daily",
            "fulfilment": "code",
            "skus": [{"name": "成人", "list_price": 8000, "stock": stock}],
        }
        product = await store.supplier.post("/products", body)
        await store.supplier.post(f"/products/{product['id']}/submit")
        await store.admin.post(f"/products/{product['id']}/approve")
        made.append(product["skus"][0]["id"])
    ride, both = made
    await store.sells(*({"sku_id": sku, "settlement_price": 5000} for sku in (ride, both, store.family)))

    order = await store.place(store.line(1, both), store.line(1, store.family))
    assert await store.stock() == (0, 4, 96)
    assert await store.stock(item_id=seats["id"]) == (0, 2, 2)
    short = await store.refuse("insufficient_stock", store.line(1, ride), store.line(1, both))
    assert [(place["item_id"], place["wanted"], place["available"]) for place in short["short"]] == [
        (seats["id"], 3, 2)
    ]
    await store.place(store.line(2, ride))
    await store.refuse("insufficient_stock", store.line(1, both))
    assert await store.stock() == (0, 4, 96)
    await store.cancel(order)
    assert await store.stock() == (0, 0, 100)
    assert await store.stock(item_id=seats["id"]) == (0, 2, 2)
    offers = await store.distributor.get("/offers", date=str(store.day))
    available = {offer["sku"]["id"]: offer["available"] for offer in offers["items"]}
    assert (available[ride], available[both], available[store.family]) == (2, 1, 33)


@pytest.mark.capability("N5", "N6", "O14")
async def test_a_family_takes_three_places(opens: OpenStore) -> None:
    store = await opens(capacity=7)
    order = await store.place(store.line(2, store.family))
    assert await store.stock() == (0, 6, 1)
    refused = await store.refuse("insufficient_stock", store.line(1, store.family))
    assert refused["short"][0]["wanted"] == 3
    assert (await store.place())["status"] == "paid"
    await store.redeem(order, 1)
    await settle(store.app)
    on = {"date_from": str(store.day), "date_to": str(store.day)}
    (bucket,) = (await store.supplier.get(f"/inventory/items/{store.item_id}/calendar", **on))["items"]
    assert (bucket["sold"], bucket["issued"]) == (7, 3)


@pytest.mark.capability("N1", "N6")
async def test_every_movement_is_told(store: Store) -> None:
    held = await store.place(store.line(2), pay=None)
    paid = await store.distributor.post(f"/orders/{held['id']}/pay", {"method": "prepaid"})
    ticket = await store.redeem(paid, 1)
    await settle(store.app)
    await store.supplier.post(f"/tickets/{ticket['id']}/reverse", {"reason": "扫错了"})
    await settle(store.app)
    await store.cancel(held)
    unpaid = await store.place(pay=None)
    await store.cancel(unpaid)
    of_order = await store.supplier.get("/inventory/movements", reference_id=held["id"], sort="created_at")
    deltas = [
        (m["kind"], m["held_delta"], m["sold_delta"], m["issued_delta"], m["capacity_delta"]) for m in of_order["items"]
    ]
    assert sorted(deltas) == sorted(
        [
            ("hold", 2, 0, 0, 0),
            ("sell", -2, 2, 0, 0),
            ("issue", 0, 0, 1, 0),
            ("unissue", 0, 0, -1, 0),
            ("return", 0, -2, 0, 0),
        ]
    )
    cases: list[tuple[dict[str, Any], int]] = [
        ({}, 7 + 7),
        ({"kind": "capacity"}, 7),
        ({"kind": "release"}, 1),
        ({"reference_id": unpaid["id"]}, 2),
        ({"item_id": store.item_id}, 14),
        ({"item_id": str(uuid4())}, 0),
        ({"created_from": unpaid["created_at"]}, 2),
        ({"created_to": held["created_at"]}, 7),
    ]
    for filters, count in cases:
        for who in (store.supplier, store.admin):
            found = await who.get("/inventory/movements", with_total=True, **filters)
            assert (len(found["items"]), found["total"]) == (count, count), filters
    seen, cursor = [], {}
    for _ in range(3):
        page = await store.supplier.get("/inventory/movements", limit=5, **cursor)
        seen += page["items"]
        cursor = {"cursor": page["next_cursor"]}
    assert len({movement["id"] for movement in seen}) == 14
    await store.distributor.refused(403, "permission_denied", "GET", "/inventory/movements")
    for name, value in (("kind", "lost"), ("created_from", "2026-01-01T00:00:00"), ("item_id", "1")):
        await store.supplier.refused(422, "validation_failed", "GET", "/inventory/movements", params={name: value})
