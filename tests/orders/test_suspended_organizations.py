"""What becomes of running orders when the platform suspends one of the two sides.

A suspension stops new business and locks people out; what was sold stays sold. The other side goes on with what is
running: codes are redeemed, orders are paid, cancelled and refunded. A suspended supplier's visitors are let in by the
platform, in the supplier's name; a suspended distributor's guests by the supplier as ever.
"""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from distro_api.app import create_app
from distro_api.core import clock
from distro_api.core.settings import Settings
from make.store import MONEY, OpenStore, Person, Store, code_of, noon, today
from make.worker import settle

pytestmark = pytest.mark.capability("I11", "O14")
REASON = {"reason": "证照过期"}


async def suspend(store: Store, who: Person) -> None:
    done = await store.admin.post(f"/organizations/{who.id}/suspend", REASON)
    assert done["status"] == "suspended"


@pytest.fixture
async def other_process(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to another process of the same platform."""
    made = create_app(settings)
    async with made.router.lifespan_context(made):
        transport = httpx.ASGITransport(made, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


async def test_tokens_die_in_every_process_within_seconds(store: Store, other_process: httpx.AsyncClient) -> None:
    headers = store.distributor.signed.headers
    assert (await other_process.get("/api/v1/me", headers=headers)).status_code == 200
    await suspend(store, store.distributor)
    assert (await store.client.get("/api/v1/me", headers=headers)).status_code == 401  # here at once
    started = time.monotonic()
    async with asyncio.timeout(5):
        while (await other_process.get("/api/v1/me", headers=headers)).status_code == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert time.monotonic() - started < 3
    refreshed = {"refresh_token": store.distributor.signed.refresh_token}
    assert (await other_process.post("/api/v1/auth/refresh", json=refreshed)).status_code == 401


async def test_visitors_of_a_suspended_supplier_get_in_by_the_platform(opens: OpenStore) -> None:
    store = await opens()
    with clock.at(noon(today())):
        order = await store.place(store.line(3))
    await suspend(store, store.supplier)
    shown = (await store.distributor.get("/tickets", order_id=order["id"]))["items"]
    assert [ticket["status"] for ticket in shown] == ["valid"]
    with clock.at(noon(store.day)):
        code = {"code": code_of(order)}
        assert (await store.supplier.ask("POST", "/tickets/redeem", code)).status_code == 401
        for _ in range(2):  # a gate that says it twice
            gate = code | {"quantity": 2, "device": "platform", "serial": "1"}
            ticket = await store.admin.post("/tickets/redeem", gate)
            assert (ticket["redeemed"], ticket["status"]) == (2, "valid")
        back = await store.admin.post(f"/tickets/{ticket['id']}/reverse", {"reason": "扫错了"})
        assert back["redeemed"] == 0
        assert (await store.admin.post("/tickets/redeem", code))["status"] == "redeemed"
        await store.admin.refused(409, "ticket_not_redeemable", "POST", "/tickets/redeem", code)
    await settle(store.app)
    assert (await store.distributor.get(f"/orders/{order['id']}"))["status"] == "completed"
    trail = (await store.admin.get("/audit", on_behalf_of=store.supplier.id))["items"]
    assert [row["action"] for row in trail] == ["tickets.redeem", "tickets.reverse", "tickets.redeem"]


async def test_the_platform_finds_no_code_that_does_not_exist(store: Store) -> None:
    order = await store.place()
    wrong = code_of(order)[:-1] + ("2" if code_of(order)[-1] != "2" else "3")
    await store.admin.refused(404, "not_found", "POST", "/tickets/redeem", {"code": wrong})


async def test_a_suspended_supplier_that_is_resumed_redeems_what_it_sold(
    opens: OpenStore, client: httpx.AsyncClient
) -> None:
    store = await opens()
    with clock.at(noon(today())):
        order = await store.place()
    await suspend(store, store.supplier)
    await store.admin.post(f"/organizations/{store.supplier.id}/resume", {"reason": "已更新"})
    login = {"username": store.supplier.signed.username, "password": "Correct-Horse-7"}
    tokens = (await client.post("/api/v1/auth/login", json=login)).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "Idempotency-Key": "gate"}
    with clock.at(noon(store.day)):
        used = await client.post("/api/v1/tickets/redeem", json={"code": code_of(order)}, headers=headers)
    assert (used.status_code, used.json()["status"]) == (200, "redeemed")


async def test_a_suspended_distributors_paid_orders_stay_valid(opens: OpenStore) -> None:
    store = await opens()
    with clock.at(noon(today())):
        used, refunded, held = await store.place(), await store.place(), await store.place(pay=None)
    await suspend(store, store.distributor)
    with clock.at(noon(store.day)):
        ticket = await store.supplier.post("/tickets/redeem", {"code": code_of(used)})
    assert ticket["status"] == "redeemed"
    with clock.at(noon(today())):
        cancelled = await store.supplier.post(f"/orders/{refunded['id']}/cancel", {"reason": "景区关闭"})
    assert (cancelled["status"], cancelled["refund_status"]) == ("cancelled", "full")
    waiting = await store.supplier.get(f"/orders/{held['id']}")
    assert waiting["status"] == "pending_payment"  # it closes by itself when its time is over
    assert (await store.distributor.ask("POST", f"/orders/{held['id']}/pay", {"method": "prepaid"})).status_code == 401
    left = (await store.supplier.get(f"/accounts/{store.account_id}"))["balance_amount"]
    assert left == MONEY - used["total_amount"]  # its money with the supplier is its own


async def test_suspending_tells_the_trail_why(store: Store, app: FastAPI) -> None:
    await suspend(store, store.distributor)
    asked = {"object_id": store.distributor.id, "action": "identity.suspend_organization"}
    [row] = (await store.admin.get("/audit", **asked))["items"]
    assert row["detail"]["reason"] == "证照过期"
