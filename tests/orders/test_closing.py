"""Orders that nobody pays close by themselves."""

from datetime import datetime, time, timedelta

import pytest

from distro_api.app import create_app
from distro_api.core import clock
from make.store import ADULT, MONEY, OpenStore, Store, noon


@pytest.mark.capability("O16", "N6")
async def test_an_unpaid_order_closes_and_gives_its_places_back(opens: OpenStore) -> None:
    store = await opens(limits={"per_day": 5})
    late, waiting = await store.place(store.line(3), pay=None), await store.place(store.line(2), pay=None)
    await store.refuse("limit_exceeded")
    await store.window_over(late)
    assert await store.stock() == (5, 0, 95)
    assert await store.sweep() == 1
    closed = await store.read(late)
    assert (closed["status"], closed["refund_status"], closed["pay_before"]) == ("closed", "none", None)
    step = closed["timeline"][-1]
    assert (step["action"], step["actor_id"], step["actor_organization_id"]) == ("close", None, None)
    assert (await store.read(waiting))["status"] == "pending_payment"
    assert await store.stock() == (2, 0, 98)
    assert await store.sweep() == 0
    assert (await store.place(store.line(3)))["status"] == "paid"


@pytest.mark.capability("O16")
async def test_it_cannot_be_paid_when_its_time_is_over(store: Store) -> None:
    order = await store.place(pay=None)
    await store.window_over(order)
    path = f"/orders/{order['id']}/pay"
    over = await store.distributor.refused(409, "payment_window_over", "POST", path, {"method": "prepaid"})
    assert datetime.fromisoformat(over["pay_before"]) < datetime.fromisoformat(order["pay_before"])
    await store.sweep()
    closed = await store.distributor.refused(409, "state_conflict", "POST", path, {"method": "prepaid"})
    assert (closed["state"], closed["action"]) == ("closed", "pay")
    assert await store.money() == (MONEY, 0, MONEY)


@pytest.mark.capability("O16")
async def test_what_was_paid_or_cancelled_in_time_stays_so(store: Store) -> None:
    paid, cancelled = await store.place(), await store.place(pay=None)
    await store.cancel(cancelled)
    assert await store.sweep() == 0
    assert [(await store.read(order))["status"] for order in (paid, cancelled)] == ["paid", "cancelled"]


@pytest.mark.capability("O16", "O8")
async def test_an_order_that_nobody_approves_closes_when_its_day_is_over(opens: OpenStore) -> None:
    store = await opens(order_approval=True)
    order = await store.place(store.line(2))
    assert order["pay_before"] is None
    path = f"/orders/{order['id']}/approve"
    with clock.at(noon(store.day)):
        assert await store.sweep() == 0
    with clock.at(noon(store.day + timedelta(days=1))):
        over = await store.supplier.refused(409, "validity_over", "POST", path)
        assert over["lines"] == [{"line_id": order["lines"][0]["id"], "valid_to": str(store.day)}]
        assert await store.money() == (MONEY, 2 * ADULT, MONEY - 2 * ADULT)
        assert await store.sweep() == 1
    assert (await store.read(order))["status"] == "closed"
    assert await store.money() == (MONEY, 0, MONEY)
    assert await store.stock() == (0, 0, 100)


@pytest.mark.capability("O16", "O8")
async def test_an_order_that_is_approved_waits_for_its_payment(opens: OpenStore) -> None:
    store = await opens(order_approval=True)
    order = await store.place(pay=None)
    approved = await store.supplier.post(f"/orders/{order['id']}/approve")
    await store.window_over(approved)
    assert await store.sweep() == 1
    assert (await store.read(order))["status"] == "closed"


@pytest.mark.capability("O16")
async def test_nobody_pays_for_yesterday(store: Store) -> None:
    """Ten to midnight, for today: the window of half an hour ends with the day."""
    midnight = datetime.combine(store.day + timedelta(days=1), time(), clock.zone("Asia/Shanghai"))
    with clock.at(midnight - timedelta(minutes=10)):
        order = await store.place(pay=None)
    assert datetime.fromisoformat(order["pay_before"]) == midnight
    with clock.at(midnight + timedelta(minutes=5)):
        path = f"/orders/{order['id']}/pay"
        await store.distributor.refused(409, "validity_over", "POST", path, {"method": "prepaid"})


@pytest.mark.capability("O16")
async def test_how_long_it_waits_is_a_setting(store: Store) -> None:
    hasty = create_app(store.app.state.settings.model_copy(update={"payment_window_s": 7}))
    async with hasty.router.lifespan_context(hasty):
        store.client._transport.app = hasty  # type: ignore[attr-defined]
        order = await store.place(pay=None)
    store.client._transport.app = store.app  # type: ignore[attr-defined]
    waits = datetime.fromisoformat(order["pay_before"]) - datetime.fromisoformat(order["created_at"])
    assert abs(waits - timedelta(seconds=7)) < timedelta(milliseconds=100)
