"""Whom a supplier sells to: stopped relations, authorised products, suspended organizations, changed catalogues."""

from typing import Any

import pytest

from distro_api.orders.service import place as placing
from make.store import ADULT, MONEY, OpenStore, Store
from make.worker import settle


@pytest.mark.capability("R2", "Y2")
async def test_a_stopped_relation_starts_nothing_and_finishes_everything(store: Store) -> None:
    waiting = await store.place(pay=None)
    unwanted, paid = await store.place(store.line(2)), await store.place(store.line(3))
    await store.supplier.post(f"/supply-relations/{store.relation_id}/stop")
    assert (await store.refuse("offer_not_available"))["reason"] == "relation_stopped"
    body = {"amount": 1, "method": "offline"}
    path = f"/accounts/{store.account_id}/recharges"
    for who in (store.distributor, store.supplier):
        await who.refused(409, "relation_stopped", "POST", path, body)

    done = await store.distributor.post(f"/orders/{waiting['id']}/pay", {"method": "prepaid"})
    assert done["status"] == "paid"
    assert (await store.cancel(unwanted))["status"] == "cancelled"
    await store.refund(paid, {0: 1})
    await store.redeem(paid, 2)
    await settle(store.app)
    assert (await store.read(paid))["status"] == "completed"

    await store.supplier.post(f"/supply-relations/{store.relation_id}/resume")
    assert (await store.place())["status"] == "paid"
    await store.fund(1)


async def authorised(store: Store, price: int) -> None:
    path = f"/supply-relations/{store.relation_id}/product-authorizations"
    await store.supplier.post(path, {"lines": [{"sku_id": store.adult, "settlement_price": price}]})


@pytest.mark.capability("R3", "O1")
async def test_an_authorised_price_goes_into_the_order(store: Store) -> None:
    await authorised(store, 7777)
    order = await store.place(store.line(2))
    assert order["total_amount"] == 2 * 7777
    assert order["lines"][0]["strategy_id"] == store.strategy["id"]


@pytest.mark.capability("R3", "O1", "Y6")
async def test_without_a_strategy_the_built_in_one_sells_what_is_authorised(store: Store) -> None:
    await store.supplier.post(f"/strategies/{store.strategy['id']}/pause")
    assert (await store.refuse("offer_not_available"))["reason"] == "no_strategy"
    await authorised(store, 7777)
    order = await store.place(store.line(2))
    assert (order["total_amount"], order["lines"][0]["strategy_id"], order["pay_by"]) == (15554, None, ["prepaid"])
    assert (await store.refuse("offer_not_available", channel="enterprise"))["reason"] == "no_strategy"
    assert (await store.cancel(order))["refunded_amount"] == 15554


@pytest.mark.capability("R3")
async def test_what_is_withdrawn_is_not_sold_and_what_was_sold_stays(store: Store) -> None:
    await store.supplier.post(f"/strategies/{store.strategy['id']}/pause")
    await authorised(store, 7777)
    held, paid = await store.place(pay=None), await store.place()
    path = f"/supply-relations/{store.relation_id}/product-authorizations/{store.adult}"
    await store.supplier.do("DELETE", path)
    await store.refuse("offer_not_available")
    done = await store.distributor.post(f"/orders/{held['id']}/pay", {"method": "prepaid"})
    assert (done["status"], done["paid_amount"]) == ("paid", 7777)
    assert (await store.redeem(paid))["status"] == "redeemed"


@pytest.mark.capability("R3")
async def test_a_listed_relation_sells_only_what_is_authorised(store: Store) -> None:
    await store.supplier.do("PATCH", f"/supply-relations/{store.relation_id}", {"sells": "listed"})
    assert (await store.refuse("offer_not_available"))["reason"] == "not_authorised"
    await authorised(store, 7777)
    assert (await store.place())["total_amount"] == 7777
    assert (await store.refuse("offer_not_available", store.line(1, store.child)))["reason"] == "not_authorised"


@pytest.mark.capability("I4", "O1")
async def test_a_suspended_supplier_sells_nothing_and_keeps_its_word(opens: OpenStore) -> None:
    store = await opens()
    held, paid = await store.place(pay=None), await store.place()
    await store.admin.post(f"/organizations/{store.supplier.id}/suspend", {"reason": "证照过期"})
    assert (await store.refuse("offer_not_available"))["reason"] == "organization_not_active"
    done = await store.distributor.post(f"/orders/{held['id']}/pay", {"method": "prepaid"})
    assert done["status"] == "paid"
    assert (await store.cancel(paid))["status"] == "cancelled"


@pytest.mark.capability("G2", "O1")
async def test_a_price_that_changes_between_quote_and_lane_is_asked_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    dearer = {"items": [{"sku_id": store.adult, "settlement_price": ADULT + 1}]}
    quoted: list[int] = []
    real = placing.quote

    async def then_the_price_rises(*args: Any, **asked: Any) -> Any:
        found = await real(*args, **asked)
        quoted.append(found.total_amount)
        if len(quoted) == 1:
            await store.supplier.do("PUT", f"/strategies/{store.strategy['id']}/items", dearer)
        return found

    monkeypatch.setattr(placing, "quote", then_the_price_rises)
    order = await store.place()
    assert (order["total_amount"], quoted) == (ADULT + 1, [ADULT, ADULT + 1])
    assert (await store.money())[0] == MONEY - ADULT - 1


@pytest.mark.capability("I4", "O1")
async def test_who_is_suspended_between_quote_and_lane_does_not_sell(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = placing.quote

    async def then_suspended(*args: Any, **asked: Any) -> Any:
        found = await real(*args, **asked)
        await store.admin.post(f"/organizations/{store.supplier.id}/suspend", {"reason": "证照过期"})
        monkeypatch.setattr(placing, "quote", real)
        return found

    monkeypatch.setattr(placing, "quote", then_suspended)
    assert (await store.refuse("offer_not_available"))["reason"] == "organization_not_active"


@pytest.mark.capability("G2", "O1")
async def test_a_catalogue_that_never_rests_is_too_busy_to_sell_from(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = placing.quote

    async def always_changed(*args: Any, **asked: Any) -> Any:
        found = await real(*args, **asked)
        await authorised(store, found.total_amount + 1)
        return found

    monkeypatch.setattr(placing, "quote", always_changed)
    busy = await store.distributor.ask("POST", "/orders", store.order())
    assert (busy.status_code, busy.json()["code"]) == (503, "overloaded")
    assert int(busy.headers["Retry-After"]) >= 1
    assert await store.stock() == (0, 0, 100)
