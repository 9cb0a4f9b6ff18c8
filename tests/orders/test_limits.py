"""Limits, dates and prices of a strategy, as an order meets them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from distro_api.core import clock
from distro_api.strategies.models import DayKind
from make.store import ADULT, OpenStore, Store, noon, today
from make.strategies import published


@pytest.mark.capability("G3")
async def test_least_and_most_per_order(opens: OpenStore) -> None:
    store = await opens(limits={"min_quantity": 2, "max_quantity": 4})
    for lines, limit, quantity in (
        ([store.line(1)], "min_quantity", 1),
        ([store.line(5)], "max_quantity", 5),
        ([store.line(3), store.line(2, day=store.day + timedelta(days=1))], "max_quantity", 5),
    ):
        refused = await store.refuse("limit_exceeded", *lines)
        assert (refused["limit"], refused["quantity"], refused["sku_id"]) == (limit, quantity, store.adult)
    assert (await store.place(store.line(1), store.line(1)))["status"] == "paid"
    assert (await store.place(store.line(4)))["status"] == "paid"


@pytest.mark.capability("G3")
async def test_a_limit_per_day_counts_all_orders_and_gives_back(opens: OpenStore) -> None:
    store = await opens(limits={"per_day": 5}, refund_rules=[{"until_hours_before": 0, "fee_percent": "0"}])
    first = await store.place(store.line(3))
    held = await store.place(store.line(1), pay=None)
    refused = await store.refuse("limit_exceeded", store.line(1), store.line(1))
    assert (refused["limit"], refused["per_day"], refused["left"], refused["sku_id"]) == ("per_day", 5, 1, store.adult)
    assert (await store.place(store.line(5, store.child)))["status"] == "paid"
    await store.cancel(held)
    await store.place(store.line(2))
    assert (await store.refuse("limit_exceeded"))["left"] == 0
    await store.refund(first, {0: 1})
    await store.place()
    await store.cancel(first)
    await store.place(store.line(2))
    assert (await store.refuse("limit_exceeded"))["left"] == 0
    with clock.at(noon(today() + timedelta(days=1))):
        assert (await store.place(store.line(5)))["status"] == "paid"


@pytest.mark.capability("G3", "O8")
async def test_a_rejected_order_gives_its_share_of_the_day_back(opens: OpenStore) -> None:
    store = await opens(order_approval=True, limits={"per_day": 1})
    order = await store.place()
    await store.refuse("limit_exceeded")
    await store.supplier.post(f"/orders/{order['id']}/reject", {"reason": "资料不全"})
    assert (await store.place())["status"] == "pending_approval"


@pytest.mark.capability("G3")
async def test_when_a_date_can_be_booked(opens: OpenStore) -> None:
    limits = {"advance_days_min": 1, "advance_days_max": 10, "cut_off": {"days_before": 2, "time": "18:00"}}
    store = await opens(limits=limits)
    midnight = noon(store.day) - timedelta(hours=12)
    cut_off = midnight - timedelta(days=2) + timedelta(hours=18)
    second = timedelta(seconds=1)
    for at, bookable in (
        (midnight - timedelta(days=10) - second, False),
        (midnight - timedelta(days=10), True),
        (cut_off, True),
        (cut_off + second, False),
        (midnight, False),
    ):
        with clock.at(at):
            if bookable:
                assert (await store.place())["status"] == "paid"
            else:
                refused = await store.refuse("booking_window_closed")
                assert refused["date"] == str(store.day)
                assert refused["bookable_until"].startswith(str(cut_off.date()))
                assert refused["bookable_from"] == str(store.day - timedelta(days=10))


@pytest.mark.capability("G3", "O1")
async def test_yesterday_is_not_for_sale(store: Store) -> None:
    yesterday = today() - timedelta(days=1)
    await store.open_days(yesterday, today())
    refused = await store.refuse("booking_window_closed", store.line(day=yesterday))
    assert refused["bookable_from"] is None
    until = datetime.combine(today(), time(), ZoneInfo("Asia/Shanghai")).astimezone(UTC)
    assert refused["bookable_until"] == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    assert refused["detail"] == f"{yesterday} 可预订时间：… 至 {refused['bookable_until']}"
    assert (await store.place(store.line(day=today())))["status"] == "paid"


@pytest.mark.capability("G2", "G3")
async def test_quote_and_order_agree_on_every_price(store: Store) -> None:
    saturday = store.day + timedelta(days=3)
    holiday = store.day + timedelta(days=1)
    await published(store.app, [(date(store.day.year, 1, 1), DayKind.HOLIDAY), (holiday, DayKind.HOLIDAY)])
    span = {"date_from": str(store.day), "date_to": str(saturday)}
    await store.sells(
        {
            "sku_id": store.adult,
            "settlement_price": ADULT,
            "date_prices": [
                span | {"holidays": True, "settlement_price": 15000},
                span | {"weekdays": [6, 7], "settlement_price": 12000},
            ],
            "quantity_prices": [{"min_quantity": 3, "settlement_price": 9000}],
        }
    )
    cases: list[tuple[dict[str, Any], int]] = [
        (store.line(2), 2 * ADULT),
        (store.line(3), 3 * 9000),
        (store.line(3, day=saturday), 3 * 12000),
        (store.line(1, day=holiday), 15000),
    ]
    for line, amount in cases:
        quoted = await store.distributor.post("/quotes", {"channel": "individual", "lines": [line]})
        order = await store.place(line, expected_total_amount=amount)
        (asked,), (taken,) = quoted["lines"], order["lines"]
        assert quoted["total_amount"] == order["total_amount"] == taken["settlement_amount"] == amount
        assert asked["unit_price"] * line["quantity"] == amount
        assert asked["strategy_id"] == taken["strategy_id"] == store.strategy["id"]
    whole = await store.distributor.post("/quotes", {"channel": "individual", "lines": [line for line, _ in cases]})
    assert (await store.place(*(line for line, _ in cases)))["total_amount"] == whole["total_amount"]
