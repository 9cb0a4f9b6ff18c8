"""Accounts that distributors pay from: opened, limited, suspended, valid for a time."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from distro_api.core import clock
from make import identity
from make.store import ADULT, API, MONEY, OpenStore, Person, Store, noon, today


async def credit(store: Store, limit: int, **more: Any) -> str:
    body = {"distributor_id": store.distributor.id, "kind": "credit", "credit_limit_amount": limit} | more
    return str((await store.supplier.post("/accounts", body))["id"])


async def amounts(store: Store, account_id: str) -> dict[str, int]:
    account = await store.distributor.get(f"/accounts/{account_id}")
    return {name: account[f"{name}_amount"] for name in ("balance", "frozen", "available", "credit_limit", "owed")}


@pytest.mark.capability("Y1")
async def test_a_supplier_opens_one_account_of_each_kind(opens: OpenStore) -> None:
    store = await opens(money=0)
    body = {"distributor_id": store.distributor.id, "kind": "credit", "credit_limit_amount": 5000}
    answer = await store.supplier.ask("POST", "/accounts", body)
    account = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{API}/accounts/{account['id']}")
    assert (account["status"], account["currency"], account["supplier_id"]) == ("active", "CNY", store.supplier.id)
    assert (account["available_amount"], account["credit_limit_amount"], account["owed_amount"]) == (5000, 5000, 0)
    assert (account["valid_from"], account["valid_to"]) == (None, None)
    twice = await store.supplier.refused(409, "account_exists", "POST", "/accounts", body)
    assert twice["kind"] == "credit"
    prepaid = await store.account()
    assert (prepaid["credit_limit_amount"], prepaid["owed_amount"]) == (None, None)


@pytest.mark.capability("Y1")
async def test_accounts_that_make_no_sense(store: Store) -> None:
    stranger = await identity.distributor(store.app)
    good = {"distributor_id": store.distributor.id, "kind": "credit"}
    for change, status, code in (
        ({"kind": "prepaid", "credit_limit_amount": 1}, 422, "validation_failed"),
        ({"kind": "bonus"}, 422, "validation_failed"),
        ({"credit_limit_amount": -1}, 422, "validation_failed"),
        ({"credit_limit_amount": 1.5}, 422, "validation_failed"),
        ({"credit_limit_amount": 10**30}, 422, "validation_failed"),
        ({"valid_from": "2026-02-01", "valid_to": "2026-01-31"}, 422, "validation_failed"),
        ({"valid_to": 0}, 422, "validation_failed"),
        ({"balance_amount": 1}, 422, "validation_failed"),
        ({"distributor_id": str(uuid4())}, 404, "not_found"),
        ({"distributor_id": str(stranger.organization_id)}, 404, "not_found"),
        ({"distributor_id": store.supplier.id}, 404, "not_found"),
    ):
        await store.supplier.refused(status, code, "POST", "/accounts", good | change)
    for who in (store.distributor, store.admin):
        await who.refused(403, "permission_denied", "POST", "/accounts", good)


@pytest.mark.capability("Y1", "Y3")
async def test_a_suspended_account_pays_for_nothing_new(store: Store) -> None:
    held = await store.place(pay=None)
    path = f"/accounts/{store.account_id}"
    for _ in range(2):
        assert (await store.supplier.post(f"{path}/suspend"))["status"] == "suspended"
    assert (await store.refuse("account_not_usable"))["account_status"] == "suspended"
    pay = f"/orders/{held['id']}/pay"
    await store.distributor.refused(409, "account_not_usable", "POST", pay, {"method": "prepaid"})
    await store.fund(1)
    for _ in range(2):
        assert (await store.supplier.post(f"{path}/enable"))["status"] == "active"
    assert (await store.distributor.post(pay, {"method": "prepaid"}))["status"] == "paid"
    for verb in ("suspend", "enable"):
        for who in (store.distributor, store.admin):
            await who.refused(403, "permission_denied", "POST", f"{path}/{verb}")


@pytest.mark.capability("Y1", "Y3", "Y6")
async def test_a_credit_account_lends_up_to_its_limit(opens: OpenStore) -> None:
    store = await opens(pay_by=["credit", "prepaid"], money=0)
    account = await credit(store, 3 * ADULT)
    await store.place(store.line(2), pay="credit")
    assert await amounts(store, account) == {
        "balance": -2 * ADULT,
        "frozen": 0,
        "available": ADULT,
        "credit_limit": 3 * ADULT,
        "owed": 2 * ADULT,
    }
    refused = await store.refuse("insufficient_funds", store.line(2), pay="credit")
    assert (refused["amount"], refused["available_amount"]) == (2 * ADULT, ADULT)
    await store.refuse("insufficient_funds", pay="prepaid")

    repayment = await store.distributor.post(
        f"/accounts/{account}/repayments", {"amount": 2 * ADULT + 1, "method": "offline"}
    )
    assert (repayment["kind"], repayment["status"]) == ("repayment", "pending_approval")
    assert (await amounts(store, account))["owed"] == 2 * ADULT
    await store.supplier.post(f"/recharges/{repayment['id']}/approve")
    assert await amounts(store, account) == {
        "balance": 1,
        "frozen": 0,
        "available": 3 * ADULT + 1,
        "credit_limit": 3 * ADULT,
        "owed": 0,
    }


@pytest.mark.capability("Y1", "Y3", "Y6")
async def test_a_limit_may_fall_below_what_is_owed(opens: OpenStore) -> None:
    store = await opens(pay_by=["credit"], order_approval=True)
    account = await credit(store, 5 * ADULT)
    order, frozen = await store.place(store.line(3), pay="credit"), await store.place(store.line(1), pay="credit")
    await store.supplier.post(f"/orders/{order['id']}/approve")
    path = f"/accounts/{account}"
    cut = await store.supplier.do("PATCH", path, {"credit_limit_amount": ADULT})
    assert (cut["available_amount"], cut["owed_amount"], cut["frozen_amount"]) == (-3 * ADULT, 3 * ADULT, ADULT)
    assert (await store.refuse("insufficient_funds", pay="credit"))["available_amount"] == -3 * ADULT

    await store.supplier.post(f"/orders/{frozen['id']}/approve")
    assert (await amounts(store, account))["owed"] == 4 * ADULT
    await store.refund(order, {0: 2})
    assert (await amounts(store, account))["available"] == -ADULT
    await store.refuse("insufficient_funds", pay="credit")
    await store.cancel(order)
    assert (await amounts(store, account))["available"] == 0
    await store.cancel(frozen)
    assert await amounts(store, account) == {
        "balance": 0,
        "frozen": 0,
        "available": ADULT,
        "credit_limit": ADULT,
        "owed": 0,
    }
    floor = await store.connection.fetchval("SELECT limit_floor FROM accounts WHERE kind = 'credit'")
    assert floor == ADULT, "what was given back lets the CHECK bite at the limit again"


@pytest.mark.capability("Y1")
async def test_an_account_pays_only_while_it_is_valid(store: Store) -> None:
    path = f"/accounts/{store.account_id}"
    first, last = today() + timedelta(days=1), today() + timedelta(days=3)
    await store.supplier.do("PATCH", path, {"valid_from": str(first), "valid_to": str(last)})
    for day, usable in ((today(), False), (first, True), (last, True), (last + timedelta(days=1), False)):
        with clock.at(noon(day)):
            if usable:
                assert (await store.place())["status"] == "paid"
            else:
                refused = await store.refuse("account_not_usable")
                assert (refused["account_status"], refused["valid_to"]) == ("expired", str(last))
    open_end = await store.supplier.do("PATCH", path, {"valid_from": None, "valid_to": None})
    assert (open_end["valid_from"], open_end["valid_to"]) == (None, None)
    assert (await store.place())["status"] == "paid"


@pytest.mark.capability("Y1")
async def test_changes_that_make_no_sense(opens: OpenStore) -> None:
    store, other = await opens(), await opens()
    path = f"/accounts/{store.account_id}"
    await store.supplier.refused(409, "limit_not_for_prepaid", "PATCH", path, {"credit_limit_amount": 1})
    await store.supplier.do("PATCH", path, {"valid_from": "2026-01-31"})
    for change in (
        {"credit_limit_amount": None},
        {"credit_limit_amount": -1},
        {"valid_to": "2026-01-30"},
        {"valid_from": "2026-02-02", "valid_to": "2026-02-01"},
        {"valid_to": "9999-12-31"},
        {"valid_to": 0},
        {"status": "active"},
        {"balance_amount": 1},
    ):
        await store.supplier.refused(422, "validation_failed", "PATCH", path, change)
    seen = await store.supplier.ask("GET", path)
    assert seen.headers["ETag"] == f'"{seen.json()["version"]}.{seen.json()["entry_count"]}"'
    stale = {"If-Match": '"99"'}
    await store.supplier.refused(412, "precondition_failed", "PATCH", path, {"valid_to": None}, headers=stale)
    fresh = {"If-Match": seen.headers["ETag"]}
    assert (await store.supplier.ask("PATCH", path, {"valid_to": "2027-01-01"}, headers=fresh)).status_code == 200
    await store.distributor.refused(403, "permission_denied", "PATCH", path, {"valid_to": None})
    await other.supplier.refused(404, "not_found", "PATCH", path, {"valid_to": None})


@pytest.mark.capability("Y1", "I15")
async def test_an_account_is_seen_by_its_two_sides_and_the_platform(opens: OpenStore) -> None:
    store, other = await opens(), await opens()
    account = await credit(store, 100)
    for who in (store.supplier, store.distributor):
        found = await who.get("/accounts", with_total=True)
        assert ([a["id"] for a in found["items"]], found["total"]) == ([account, store.account_id], 2)
        assert [a["id"] for a in (await who.get("/accounts", kind="credit"))["items"]] == [account]
        assert [a["id"] for a in (await who.get("/accounts", sort="created_at", limit=1))["items"]] == [
            store.account_id
        ]
    await store.supplier.post(f"/accounts/{account}/suspend")
    filters: list[tuple[dict[str, str], int]] = [
        ({}, 3),
        ({"status": "suspended"}, 1),
        ({"supplier_id": other.supplier.id}, 1),
        ({"distributor_id": store.distributor.id}, 2),
        ({"kind": "prepaid", "status": "active"}, 2),
    ]
    for wanted, count in filters:
        assert len((await store.admin.get("/accounts", **wanted))["items"]) == count, wanted
    strangers: list[Person] = [other.supplier, other.distributor]
    for who in strangers:
        for path in (f"/accounts/{account}", f"/accounts/{account}/entries"):
            await who.refused(404, "not_found", "GET", path)
        recharge = {"amount": 1, "method": "offline"}
        await who.refused(404, "not_found", "POST", f"/accounts/{store.account_id}/recharges", recharge)
    for verb in ("suspend", "enable"):
        await other.supplier.refused(404, "not_found", "POST", f"/accounts/{account}/{verb}")
    assert await store.money() == (MONEY, 0, MONEY)
