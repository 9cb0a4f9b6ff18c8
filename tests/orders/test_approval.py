"""Orders that the supplier approves: for individual and for government or enterprise customers."""

from typing import Any

import pytest

from make.store import ADULT, MONEY, OpenStore, Person, Store


async def waiting(opens: OpenStore, pay: str | None, channel: str = "enterprise") -> tuple[Store, dict[str, Any]]:
    """An order of three that waits for approval."""
    store = await opens(order_approval=True, channel=channel)
    customer = {"name": "王建国", "phone": "13900139000", "organization": "市教育局"}
    return store, await store.place(store.line(3), pay=pay, customer=customer)


@pytest.mark.capability("O2", "O8", "Y3")
@pytest.mark.parametrize("channel", ["individual", "enterprise"])
async def test_money_is_frozen_until_the_supplier_approves(opens: OpenStore, channel: str) -> None:
    store, order = await waiting(opens, "prepaid", channel)
    assert (order["status"], order["channel"], order["pay_before"]) == ("pending_approval", channel, None)
    assert (order["paid_amount"], order["paid_at"], order["lines"][0]["tickets"]) == (0, None, [])
    assert order["customer"]["organization"] == "市教育局"
    assert await store.money() == (MONEY, 3 * ADULT, MONEY - 3 * ADULT)
    assert await store.stock() == (3, 0, 97)

    approved = await store.supplier.post(f"/orders/{order['id']}/approve")
    assert (approved["status"], approved["paid_amount"]) == ("paid", 3 * ADULT)
    assert approved["paid_at"] is not None
    assert [ticket["quantity"] for ticket in approved["lines"][0]["tickets"]] == [3]
    assert await store.money() == (MONEY - 3 * ADULT, 0, MONEY - 3 * ADULT)
    assert await store.stock() == (0, 3, 97)
    steps = [(step["action"], step["status"]) for step in approved["timeline"]]
    assert steps == [("place", "pending_approval"), ("approve_paid", "paid")]
    assert approved["timeline"][1]["actor_organization_id"] == store.supplier.id


@pytest.mark.capability("O8")
async def test_a_rejection_with_its_reason_frees_everything(opens: OpenStore) -> None:
    store, order = await waiting(opens, "prepaid")
    path = f"/orders/{order['id']}/reject"
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": None}):
        await store.supplier.refused(422, "validation_failed", "POST", path, body)
    rejected = await store.supplier.post(path, {"reason": "资料不全"})
    assert (rejected["status"], rejected["refund_status"], rejected["refunded_amount"]) == ("cancelled", "none", 0)
    assert rejected["timeline"][-1]["reason"] == "资料不全"
    assert await store.money() == (MONEY, 0, MONEY)
    assert await store.stock() == (0, 0, 100)
    again = await store.supplier.refused(409, "state_conflict", "POST", path, {"reason": "再次"})
    assert (again["state"], again["action"]) == ("cancelled", "reject")


@pytest.mark.capability("O8", "Y3")
async def test_without_payment_approval_opens_the_time_to_pay(opens: OpenStore) -> None:
    store, order = await waiting(opens, None)
    assert await store.money() == (MONEY, 0, MONEY)
    pay = f"/orders/{order['id']}/pay"
    await store.distributor.refused(409, "state_conflict", "POST", pay, {"method": "prepaid"})
    approved = await store.supplier.post(f"/orders/{order['id']}/approve")
    assert approved["status"] == "pending_payment"
    assert approved["pay_before"] > approved["updated_at"]
    assert await store.stock() == (3, 0, 97)
    paid = await store.distributor.post(pay, {"method": "prepaid"})
    assert (paid["status"], paid["pay_before"]) == ("paid", None)
    assert [step["action"] for step in paid["timeline"]] == ["place", "approve", "pay"]


@pytest.mark.capability("O8")
async def test_only_the_orders_own_supplier_approves(opens: OpenStore) -> None:
    store, order = await waiting(opens, "prepaid")
    other = (await opens()).supplier
    decisions = {"approve": None, "reject": {"reason": "资料不全"}}
    strangers: list[tuple[Person, int, str]] = [
        (store.distributor, 403, "permission_denied"),
        (store.admin, 403, "permission_denied"),
        (other, 404, "not_found"),
    ]
    for verb, body in decisions.items():
        for who, status, code in strangers:
            await who.refused(status, code, "POST", f"/orders/{order['id']}/{verb}", body)
    assert (await store.read(order))["status"] == "pending_approval"


@pytest.mark.capability("O8")
async def test_what_is_frozen_cannot_be_spent_twice(opens: OpenStore) -> None:
    store = await opens(order_approval=True, money=5 * ADULT)
    await store.place(store.line(3))
    refused = await store.refuse("insufficient_funds", store.line(3))
    assert (refused["amount"], refused["available_amount"]) == (3 * ADULT, 2 * ADULT)


@pytest.mark.capability("O8", "O6")
async def test_the_distributor_withdraws_an_order_that_waits(opens: OpenStore) -> None:
    store, order = await waiting(opens, "prepaid")
    cancelled = await store.cancel(order)
    assert (cancelled["status"], cancelled["refund_status"]) == ("cancelled", "none")
    assert await store.money() == (MONEY, 0, MONEY)
    await store.supplier.refused(409, "state_conflict", "POST", f"/orders/{order['id']}/approve")


@pytest.mark.capability("O8", "Y1")
async def test_an_account_suspended_meanwhile_still_pays_what_was_frozen(opens: OpenStore) -> None:
    store, order = await waiting(opens, "prepaid")
    await store.supplier.post(f"/accounts/{store.account_id}/suspend")
    assert (await store.supplier.post(f"/orders/{order['id']}/approve"))["status"] == "paid"
    await store.refuse("account_not_usable")
