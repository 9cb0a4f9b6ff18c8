"""Every state of an order meets every action."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from distro_api.core.errors import StateConflict
from distro_api.orders.states import TRANSITIONS, Action, OrderStatus, after
from make.store import OpenStore, Person, Store, refund_body
from make.worker import settle

S, A = OrderStatus, Action
LEADS = {
    S.PENDING_APPROVAL: {
        A.APPROVE: S.PENDING_PAYMENT,
        A.APPROVE_PAID: S.PAID,
        A.REJECT: S.CANCELLED,
        A.CANCEL: S.CANCELLED,
        A.CLOSE: S.CLOSED,
    },
    S.PENDING_PAYMENT: {A.PAY: S.PAID, A.CLOSE: S.CLOSED, A.CANCEL: S.CANCELLED},
    S.PAID: {A.CANCEL: S.CANCELLED, A.FULFIL: S.FULFILLING, A.COMPLETE: S.COMPLETED},
    S.FULFILLING: {A.CANCEL: S.CANCELLED, A.COMPLETE: S.COMPLETED, A.UNFULFIL: S.PAID},
    S.COMPLETED: {A.REOPEN: S.FULFILLING, A.UNFULFIL: S.PAID},
    S.CANCELLED: {},
    S.CLOSED: {},
}


@pytest.mark.capability("O6", "O7")
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("status", OrderStatus)
def test_where_an_action_leads(status: OrderStatus, action: Action) -> None:
    expected = LEADS[status].get(action)
    assert TRANSITIONS.get((status, action)) is expected
    if expected is None:
        with pytest.raises(StateConflict) as refused:
            after(status, action)
        assert refused.value.extra == {"state": status.value, "action": action.value}
    else:
        assert after(status, action) is expected


async def _pending_approval(store: Store) -> dict[str, Any]:
    return await store.place(store.line(2))


async def _pending_payment(store: Store) -> dict[str, Any]:
    order = await store.place(store.line(2), pay=None)
    return await _approved(store, order)


async def _approved(store: Store, order: dict[str, Any]) -> dict[str, Any]:
    approved: dict[str, Any] = await store.supplier.post(f"/orders/{order['id']}/approve")
    return approved


async def _paid(store: Store) -> dict[str, Any]:
    return await _approved(store, await _pending_approval(store))


async def _fulfilling(store: Store) -> dict[str, Any]:
    order = await _paid(store)
    await store.redeem(order, 1)
    await settle(store.app)
    return await store.read(order)


async def _completed(store: Store) -> dict[str, Any]:
    order = await _paid(store)
    await store.redeem(order)
    await settle(store.app)
    return await store.read(order)


async def _cancelled(store: Store) -> dict[str, Any]:
    return await store.cancel(await _paid(store))


async def _closed(store: Store) -> dict[str, Any]:
    order = await _pending_payment(store)
    await store.window_over(order)
    await store.sweep()
    return await store.read(order)


ORDERS: dict[OrderStatus, Callable[[Store], Awaitable[dict[str, Any]]]] = {
    S.PENDING_APPROVAL: _pending_approval,
    S.PENDING_PAYMENT: _pending_payment,
    S.PAID: _paid,
    S.FULFILLING: _fulfilling,
    S.COMPLETED: _completed,
    S.CANCELLED: _cancelled,
    S.CLOSED: _closed,
}
ANSWERS = {  # what cancelling and refunding by either side leads to; the rest is refused as a conflict of states
    S.PENDING_APPROVAL: {"approve": S.PAID, "reject": S.CANCELLED, "cancel": S.CANCELLED},
    S.PENDING_PAYMENT: {"pay": S.PAID, "cancel": S.CANCELLED},
    S.PAID: {"cancel": S.CANCELLED, "refunds": S.CANCELLED},
    S.FULFILLING: {"cancel": S.COMPLETED, "refunds": S.COMPLETED},
    S.COMPLETED: {},
    S.CANCELLED: {},
    S.CLOSED: {},
}


@pytest.mark.capability("O6", "O8", "Y6", "O7")
@pytest.mark.parametrize("status", OrderStatus)
async def test_every_action_over_http(opens: OpenStore, status: OrderStatus) -> None:
    store = await opens(order_approval=True)
    calls: list[tuple[Person, str, Any]] = [
        (store.supplier, "approve", None),
        (store.supplier, "reject", {"reason": "资料不全"}),
        (store.distributor, "pay", {"method": "prepaid"}),
        (store.distributor, "cancel", {"reason": "行程有变"}),
        (store.supplier, "cancel", {"reason": "景区闭园"}),
        (store.distributor, "refunds", {"reason": "人数减少"}),
        (store.supplier, "refunds", {"reason": "景区闭园"}),
    ]
    order = await ORDERS[status](store)
    assert order["status"] == status
    for who, verb, body in calls:
        path = f"/orders/{order['id']}/{verb}"
        expected = ANSWERS[status].get(verb)
        if expected is None:
            before = await store.read(order)
            refused = await who.refused(409, "state_conflict", "POST", path, body)
            assert refused["state"] == status
            assert await store.read(order) == before
        else:
            await who.post(path, body)
            after_it = await store.read(order)
            assert (after_it["status"], after_it["timeline"][-1]["status"]) == (expected, expected)
            order = await ORDERS[status](store)


@pytest.mark.capability("O6", "O7")
@pytest.mark.parametrize("side", ["supplier", "distributor"])
@pytest.mark.parametrize("status", [S.PENDING_APPROVAL, S.PENDING_PAYMENT, S.PAID, S.FULFILLING])
async def test_cancelling_gives_back_all_that_was_not_used(opens: OpenStore, status: OrderStatus, side: str) -> None:
    store = await opens(order_approval=True)
    money, used = await store.money(), 1 if status is S.FULFILLING else 0
    order = await ORDERS[status](store)
    cancelled = await store.cancel(order, getattr(store, side))
    assert (await store.stock())[:2] == (0, used)
    spent = used * 10000
    assert await store.money() == (money[0] - spent, 0, money[2] - spent)
    line = cancelled["lines"][0]
    assert line["refunded"] == (2 - used if status in (S.PAID, S.FULFILLING) else 0)
    assert cancelled["refund_status"] == {S.PAID: "full", S.FULFILLING: "partial"}.get(status, "none")
    assert cancelled["timeline"][-2 if line["refunded"] else -1]["reason"] == "行程有变"


@pytest.mark.capability("O6")
async def test_who_may_not_cancel(opens: OpenStore) -> None:
    store, other = await opens(), await opens()
    order = await store.place()
    path = f"/orders/{order['id']}"
    for who in (other.supplier, other.distributor):
        for verb in ("cancel", "refunds"):
            await who.refused(404, "not_found", "POST", f"{path}/{verb}", {"reason": "x"})
        await who.refused(404, "not_found", "GET", path)
    await other.distributor.refused(404, "not_found", "POST", f"{path}/pay", {"method": "prepaid"})
    await store.admin.refused(403, "permission_denied", "POST", f"{path}/cancel", {"reason": "x"})
    for body in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": "a\0b"}):
        await store.distributor.refused(422, "validation_failed", "POST", f"{path}/cancel", body)
    assert await store.read(order) == order


@pytest.mark.capability("O6", "O7", "O14")
async def test_orders_are_as_their_tickets_are_before_the_worker_has_seen_it(store: Store) -> None:
    begun, used, undone = [await store.place(store.line(3)) for _ in range(3)]
    await store.redeem(begun, 1)
    refund = await store.refund(begun, {0: 1})
    assert refund["lines"][0]["quantity"] == 1
    order = await store.read(begun)
    assert (order["status"], order["lines"][0]["fulfilled"], order["refund_status"]) == ("fulfilling", 1, "partial")
    assert [step["action"] for step in order["timeline"]] == ["place", "fulfil", "refund"]

    await store.redeem(used)
    path = f"/orders/{used['id']}/refunds"
    conflict = await store.distributor.refused(409, "state_conflict", "POST", path, refund_body(used))
    assert conflict["state"] == "completed"

    ticket = await store.redeem(undone)
    await settle(store.app)
    await store.supplier.post(f"/tickets/{ticket['id']}/reverse", {"reason": "扫错了"})
    assert (await store.read(undone))["status"] == "completed"
    assert (await store.cancel(undone))["status"] == "cancelled"

    await settle(store.app)
    statuses = [(await store.read(order))["status"] for order in (begun, used, undone)]
    assert statuses == ["fulfilling", "completed", "cancelled"]
    told = [event["name"] for event in (await store.supplier.get("/events", limit=200))["items"]]
    assert told.count("orders.completed") == 2
    assert told.count("orders.reopened") == 1
