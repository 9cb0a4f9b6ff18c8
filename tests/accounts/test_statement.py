"""The statement: every entry, and the balance after it."""

import base64
import json
from datetime import datetime
from typing import Any

import pytest

from make.store import ADULT, OpenStore, Store
from make.worker import settle


async def entries(store: Store, **filters: Any) -> list[dict[str, Any]]:
    found = await store.distributor.get(f"/accounts/{store.account_id}/entries", **filters)
    items: list[dict[str, Any]] = found["items"]
    return items


@pytest.mark.capability("Y4", "Y11")
async def test_every_move_of_money_is_an_entry(opens: OpenStore) -> None:
    store = await opens(order_approval=True, money=5 * ADULT)
    approved, rejected = await store.place(store.line(2)), await store.place()
    await store.supplier.post(f"/orders/{approved['id']}/approve")
    await store.supplier.post(f"/orders/{rejected['id']}/reject", {"reason": "资料不全"})
    await store.refund(approved, {0: 1})
    told = [
        (e["kind"], e["amount"], e["frozen_amount"], e["balance_after"], e["available_after"])
        for e in await entries(store, sort="created_at")
    ]
    assert told == [
        ("recharge", 5 * ADULT, 0, 5 * ADULT, 5 * ADULT),
        ("order_freeze", 0, 2 * ADULT, 5 * ADULT, 3 * ADULT),
        ("order_freeze", 0, ADULT, 5 * ADULT, 2 * ADULT),
        ("order_payment", -2 * ADULT, -2 * ADULT, 3 * ADULT, 2 * ADULT),
        ("order_unfreeze", 0, -ADULT, 3 * ADULT, 3 * ADULT),
        ("order_refund", ADULT, 0, 4 * ADULT, 4 * ADULT),
    ]
    references = [e["reference"] for e in await entries(store, sort="created_at")][1:]
    a, r = approved["id"], rejected["id"]
    assert references == [a, r, a, r, a]
    balance, frozen, available = await store.money()
    assert (sum(e["amount"] for e in await entries(store)), balance, frozen, available) == (
        4 * ADULT,
        4 * ADULT,
        0,
        4 * ADULT,
    )
    assert await store.supplier.get(f"/accounts/{store.account_id}/entries") == await store.admin.get(
        f"/accounts/{store.account_id}/entries"
    )


@pytest.mark.capability("Y4")
async def test_filters_and_pages(store: Store) -> None:
    for _ in range(4):
        await store.place()
    every = await entries(store)
    assert await entries(store, sort="created_at") == every[::-1]
    assert await entries(store, kind="order_payment") == every[:4]
    assert await entries(store, kind="order_refund") == []
    third = every[2]["created_at"]
    assert await entries(store, created_from=third) == every[:3]
    assert await entries(store, created_to=third) == every[3:]
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = await store.distributor.get(f"/accounts/{store.account_id}/entries", limit=2, with_total=True, **cursor)
        seen += page["items"]
        await store.place()
        cursor = {"cursor": page["next_cursor"]}
    assert seen == every
    assert page["total"] == 7
    assert datetime.fromisoformat(third).tzinfo is not None


@pytest.mark.capability("Y4")
async def test_questions_that_make_no_sense(store: Store) -> None:
    path = f"/accounts/{store.account_id}/entries"
    (entry,) = await entries(store)
    for name, value in (
        ("created_from", "yesterday"),
        ("created_from", "2026-01-01T00:00:00"),
        ("created_to", "0001-01-01T00:00:00Z"),
        ("created_to", "9999-12-31T23:59:59-12:00"),
        ("kind", "x" * 41),
        ("limit", "201"),
        ("sort", "amount"),
    ):
        await store.distributor.refused(422, "validation_failed", "GET", path, params={name: value})
    for value in (10**30, float("inf"), float("nan"), [], None, "x", {}):
        forged = base64.urlsafe_b64encode(json.dumps(["-created_at", value, entry["id"]]).encode()).decode()
        await store.distributor.refused(400, "bad_cursor", "GET", path, params={"cursor": forged})
    for path in ("/recharges", "/accounts"):
        for value in ("2026-01-01T00:00:00", "9999-12-31T23:59:59-12:00", "x", 1, None):
            forged = base64.urlsafe_b64encode(json.dumps(["-created_at", value, entry["id"]]).encode()).decode()
            await store.distributor.refused(400, "bad_cursor", "GET", path, params={"cursor": forged})


@pytest.mark.capability("Y4", "Y11")
async def test_the_books_add_up_after_a_day_of_business(store: Store) -> None:
    orders = [await store.place(store.line(n)) for n in (1, 2, 3)]
    await store.redeem(orders[2], 1)
    await settle(store.app)
    for order in orders[:2]:
        await store.cancel(order)
    await store.refund(orders[2], {0: 1})
    balance, frozen, available = await store.money()
    every = await entries(store, sort="created_at")
    assert sum(e["amount"] for e in every) == every[-1]["balance_after"] == balance
    assert sum(e["frozen_amount"] for e in every) == frozen == 0
    assert every[-1]["available_after"] == available
    running = 0
    for entry in every:
        running += entry["amount"]
        assert entry["balance_after"] == running
