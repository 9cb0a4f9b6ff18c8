"""What goes back: units that were not used, money by the ladder that was copied into the order."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from distro_api.core import clock
from make.store import ADULT, MONEY, OpenStore, Store, noon, refund_body, today
from make.worker import settle


async def refused(store: Store, order: dict[str, Any], code: str, units: dict[int, int] | None = None) -> Any:
    path = f"/orders/{order['id']}/refunds"
    return await store.distributor.refused(409, code, "POST", path, refund_body(order, units))


@pytest.mark.capability("Y6", "G5")
async def test_each_rung_of_the_ladder_has_its_fee(store: Store) -> None:
    order = await store.place(store.line(4))
    anchor = noon(store.day) - timedelta(hours=12)
    second = timedelta(seconds=1)
    for at, fee in (
        (anchor - timedelta(days=7), 0),
        (anchor - timedelta(days=7) + second, ADULT // 5),
        (anchor - timedelta(days=1), ADULT // 5),
        (anchor, 5000),
    ):
        with clock.at(at):
            refund = await store.refund(order, {0: 1})
        assert (refund["status"], refund["amount"], refund["fee_amount"]) == ("succeeded", ADULT - fee, fee)
    after = await store.read(order)
    fees = 2 * ADULT // 5 + 5000
    assert (after["status"], after["refund_status"]) == ("cancelled", "full")
    assert after["refunded_amount"] == 4 * ADULT - fees
    assert (after["lines"][0]["refunded"], after["lines"][0]["fee_amount"]) == (4, fees)
    assert (await store.money())[0] == MONEY - fees
    assert await store.stock() == (0, 0, 100)


@pytest.mark.capability("Y6", "G5", "O6")
async def test_past_the_last_rung_only_the_supplier_gives_back(store: Store) -> None:
    order = await store.place(store.line(2))
    path = f"/orders/{order['id']}"
    with clock.at(noon(store.day)):
        too_late = await refused(store, order, "not_refundable")
        assert too_late["lines"] == [{"line_id": order["lines"][0]["id"], "refundable": 2, "reason": "too_late"}]
        await store.distributor.refused(409, "not_refundable", "POST", f"{path}/cancel", {"reason": "行程有变"})
        one = await store.refund(order, {0: 1}, store.supplier)
        assert (one["amount"], one["fee_amount"]) == (ADULT, 0)
        cancelled = await store.cancel(order, store.supplier)
    assert (cancelled["status"], cancelled["refunded_amount"]) == ("cancelled", 2 * ADULT)
    assert await store.money() == (MONEY, 0, MONEY)


@pytest.mark.capability("Y6", "G5")
async def test_on_the_day_itself_it_is_too_late(store: Store) -> None:
    await store.open_days(today(), today())
    order = await store.place(store.line(day=today()))
    await refused(store, order, "not_refundable")
    assert (await store.cancel(order, store.supplier))["refunded_amount"] == ADULT


@pytest.mark.capability("Y6", "G5")
async def test_without_a_ladder_nothing_goes_back(opens: OpenStore) -> None:
    store = await opens(refund_rules=[])
    order = await store.place()
    assert (await refused(store, order, "not_refundable"))["lines"][0]["reason"] == "too_late"


@pytest.mark.capability("Y6", "G5")
async def test_the_ladder_is_the_one_of_the_order(store: Store) -> None:
    order = await store.place()
    path = f"/strategies/{store.strategy['id']}"
    await store.supplier.do("PATCH", path, {"refund_rules": [{"until_hours_before": 0, "fee_percent": "100"}]})
    assert order["lines"][0]["refund_rules"] == (await store.read(order))["lines"][0]["refund_rules"]
    assert (await store.cancel(order))["refunded_amount"] == ADULT
    with_fee = await store.place()
    assert (await store.cancel(with_fee))["refunded_amount"] == 0
    assert (await store.read(with_fee))["lines"][0]["fee_amount"] == ADULT


@pytest.mark.capability("Y6", "G5")
async def test_a_fee_is_never_more_than_what_goes_back(opens: OpenStore) -> None:
    store = await opens(refund_rules=[{"until_hours_before": 0, "fee_amount": ADULT + 1}])
    refund = await store.refund(await store.place(store.line(2)), {0: 1})
    assert (refund["amount"], refund["fee_amount"]) == (0, ADULT)


@pytest.mark.capability("Y6", "G2")
async def test_what_division_leaves_goes_back_with_the_last_unit(store: Store) -> None:
    items = [{"sku_id": store.adult, "retail_price": 9999, "commission_percent": "33.33"}]
    await store.sells(*items, business_mode="agency", refund_rules=[{"until_hours_before": 0, "fee_percent": "0"}])
    order = await store.place(store.line(7))
    parts = [await store.refund(order, {0: n}) for n in (1, 2, 1, 3)]
    for field, whole in (
        ("amount", "total_amount"),
        ("retail_amount", "retail_amount"),
        ("settlement_amount", "settlement_amount"),
        ("commission_amount", "commission_amount"),
    ):
        assert sum(part[field] for part in parts) == order[whole], field
    assert parts[0]["amount"] != parts[2]["amount"], "46662 fen do not divide by seven"
    assert await store.money() == (MONEY, 0, MONEY)


@pytest.mark.capability("Y6")
async def test_lines_go_back_each_by_itself(store: Store) -> None:
    order = await store.place(store.line(2), store.line(3, store.child), store.line(1, store.family))
    first = await store.refund(order, {0: 1, 1: 3})
    assert [line["quantity"] for line in first["lines"]] == [1, 3]
    after = await store.read(order)
    assert (after["status"], after["refund_status"]) == ("paid", "partial")
    assert [line["refunded"] for line in after["lines"]] == [1, 3, 0]
    assert [line["tickets"][0]["status"] for line in after["lines"]] == ["valid", "refunded", "valid"]
    assert await store.stock() == (0, 4, 96)
    twice = {"reason": "x", "lines": [{"line_id": order["lines"][0]["id"], "quantity": 1}] * 2}
    path = f"/orders/{order['id']}/refunds"
    over = await store.distributor.refused(409, "not_refundable", "POST", path, twice)
    assert over["lines"] == [{"line_id": order["lines"][0]["id"], "refundable": 1, "reason": "not_open"}]
    rest = await store.refund(order)
    assert [line["quantity"] for line in rest["lines"]] == [1, 1]
    assert (await store.read(order))["status"] == "cancelled"
    assert await store.money() == (MONEY, 0, MONEY)


@pytest.mark.capability("Y6", "O14")
async def test_what_was_used_does_not_go_back(store: Store) -> None:
    order = await store.place(store.line(3), store.line(1, store.child))
    await store.redeem(order, 2)
    await settle(store.app)
    over = await refused(store, order, "not_refundable", {0: 2})
    assert over["lines"] == [{"line_id": order["lines"][0]["id"], "refundable": 1, "reason": "not_open"}]
    await store.refund(order, {0: 1})
    assert (await store.read(order))["status"] == "fulfilling"
    assert (await refused(store, order, "not_refundable", {0: 1}))["lines"][0]["refundable"] == 0
    await store.refund(order)
    after = await store.read(order)
    assert (after["status"], after["refund_status"]) == ("completed", "partial")
    assert [(line["fulfilled"], line["refunded"]) for line in after["lines"]] == [(2, 1), (0, 1)]
    assert (await refused(store, order, "state_conflict"))["state"] == "completed"
    assert (await store.money())[0] == MONEY - 2 * ADULT


@pytest.mark.capability("Y6")
async def test_what_was_not_paid_does_not_go_back(store: Store) -> None:
    order = await store.place(pay=None)
    conflict = await refused(store, order, "state_conflict")
    assert (conflict["state"], conflict["action"]) == ("pending_payment", "refund")


@pytest.mark.capability("Y6", "Y1")
async def test_a_suspended_account_still_gets_its_money_back(store: Store) -> None:
    order = await store.place(store.line(2))
    await store.supplier.post(f"/accounts/{store.account_id}/suspend")
    await store.refund(order, {0: 1})
    await store.cancel(order)
    assert await store.money() == (MONEY, 0, MONEY)


@pytest.mark.capability("Y6")
async def test_money_goes_back_to_the_account_that_paid(opens: OpenStore) -> None:
    store = await opens(pay_by=["prepaid", "credit"])
    credit = await store.supplier.post(
        "/accounts", {"distributor_id": store.distributor.id, "kind": "credit", "credit_limit_amount": ADULT}
    )
    order = await store.place(pay="credit")
    owed = await store.supplier.get(f"/accounts/{credit['id']}")
    assert (owed["balance_amount"], owed["owed_amount"], owed["available_amount"]) == (-ADULT, ADULT, 0)
    await store.cancel(order)
    free = await store.supplier.get(f"/accounts/{credit['id']}")
    assert (free["balance_amount"], free["owed_amount"], free["available_amount"]) == (0, 0, ADULT)
    assert await store.money() == (MONEY, 0, MONEY)


@pytest.mark.capability("Y6")
async def test_refunds_are_listed_for_both_sides(opens: OpenStore) -> None:
    store, other = await opens(), await opens()
    order = await store.place(store.line(3))
    made = [await store.refund(order, {0: 1}) for _ in range(3)]
    for who in (store.distributor, store.supplier, store.admin):
        assert await who.get(f"/refunds/{made[0]['id']}") == made[0]
        page = await who.get("/refunds", order_id=order["id"], limit=2, with_total=True)
        assert (page["items"], page["total"]) == ([made[2], made[1]], 3)
        rest = await who.get("/refunds", order_id=order["id"], limit=2, cursor=page["next_cursor"])
        assert (rest["items"], rest["next_cursor"]) == ([made[0]], None)
    assert (await store.supplier.get("/refunds", sort="created_at"))["items"] == made
    for who in (other.distributor, other.supplier):
        await who.refused(404, "not_found", "GET", f"/refunds/{made[0]['id']}")
        assert (await who.get("/refunds"))["items"] == []


@pytest.mark.capability("Y6")
async def test_refunds_that_make_no_sense(store: Store) -> None:
    order, other = await store.place(store.line(2)), await store.place()
    path, line = f"/orders/{order['id']}/refunds", order["lines"][0]["id"]
    for body, status, code in (
        ({}, 422, "validation_failed"),
        ({"reason": " "}, 422, "validation_failed"),
        ({"reason": "x", "lines": []}, 422, "validation_failed"),
        *(
            ({"reason": "x", "lines": [{"line_id": line, "quantity": n}]}, 422, "validation_failed")
            for n in (0, -1, 1.5, "1", 10**30)
        ),
        ({"reason": "x", "lines": [{"line_id": line, "quantity": 3}]}, 409, "not_refundable"),
        ({"reason": "x", "amount": 100}, 422, "not_supported_yet"),
        ({"reason": "x", "fee_amount": 0}, 422, "validation_failed"),
        ({"reason": "x", "lines": [{"line_id": str(uuid4()), "quantity": 1}]}, 404, "not_found"),
        ({"reason": "x", "lines": [{"line_id": other["lines"][0]["id"], "quantity": 1}]}, 404, "not_found"),
    ):
        await store.distributor.refused(status, code, "POST", path, body)
    await store.distributor.refused(404, "not_found", "POST", f"/orders/{uuid4()}/refunds", {"reason": "x"})
    await store.admin.refused(403, "permission_denied", "POST", path, {"reason": "x"})
    assert await store.read(order) == order


@pytest.mark.capability("Y6", "P1")
async def test_without_a_service_date_it_is_free_until_the_validity_ends(opens: OpenStore) -> None:
    validity = {"attributes": {"validity": {"by": "days_after_order", "days": 5}}, "stock_mode": "total"}
    store = await opens(product=validity)
    await store.supplier.do("PUT", f"/inventory/items/{store.item_id}/stock", {"capacity": 9})
    line = {"sku_id": store.adult, "quantity": 2}
    order = await store.place(line)
    ticket = order["lines"][0]["tickets"][0]
    assert (ticket["valid_from"], ticket["valid_to"]) == (str(today()), str(today() + timedelta(days=5)))
    with clock.at(noon(today() + timedelta(days=5))):
        assert (await store.refund(order, {0: 1}))["fee_amount"] == 0
    with clock.at(noon(today() + timedelta(days=6))):
        assert (await refused(store, order, "not_refundable"))["lines"][0]["reason"] == "too_late"


@pytest.mark.capability("Y6", "G5")
async def test_giving_back_one_by_one_costs_what_it_costs_together(store: Store) -> None:
    """A tenth of 4 fen is nothing and a tenth of 5 is one: twenty times, nothing is not two and one not two."""
    for price, fee in ((4, 8), (5, 10)):
        item = {"sku_id": store.adult, "settlement_price": price}
        await store.sells(item, refund_rules=[{"until_hours_before": 0, "fee_percent": "10"}])
        order = await store.place(store.line(20))
        for _ in range(20):
            await store.refund(order, {0: 1})
        assert (await store.read(order))["lines"][0]["fee_amount"] == fee
