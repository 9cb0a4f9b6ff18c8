"""Money paid in outside the platform: recorded by either side, counted once the supplier approves it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from make.store import ADULT, API, OpenStore, Store


async def requested(store: Store, amount: int = 500, **more: Any) -> dict[str, Any]:
    body = {"amount": amount, "method": "offline"} | more
    made: dict[str, Any] = await store.distributor.post(f"/accounts/{store.account_id}/recharges", body)
    return made


@pytest.mark.capability("Y2")
async def test_the_distributor_asks_and_the_supplier_approves(opens: OpenStore) -> None:
    store = await opens(money=0)
    path = f"/accounts/{store.account_id}/recharges"
    answer = await store.distributor.ask("POST", path, {"amount": 500, "method": "offline", "note": "网银转账"})
    recharge = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{API}/recharges/{recharge['id']}")
    assert (recharge["kind"], recharge["status"], recharge["note"]) == ("recharge", "pending_approval", "网银转账")
    assert await store.money() == (0, 0, 0)
    approve = f"/recharges/{recharge['id']}/approve"
    for who in (store.distributor, store.admin):
        await who.refused(403, "permission_denied", "POST", approve)
    done = await store.supplier.post(approve)
    assert (done["status"], done["decided_by"]) == ("succeeded", str(store.supplier.signed.user_id))
    assert done["decided_at"] is not None
    assert await store.money() == (500, 0, 500)
    twice = await store.supplier.refused(409, "state_conflict", "POST", approve)
    assert (twice["state"], twice["action"]) == ("succeeded", "approve")
    await store.supplier.refused(409, "state_conflict", "POST", f"/recharges/{recharge['id']}/reject", {"reason": "x"})
    assert await store.money() == (500, 0, 500)


@pytest.mark.capability("Y2")
async def test_a_rejection_says_why(opens: OpenStore) -> None:
    store = await opens(money=0)
    recharge = await requested(store)
    path = f"/recharges/{recharge['id']}"
    for body in ({}, {"reason": " "}, {"reason": "a\0b"}):
        await store.supplier.refused(422, "validation_failed", "POST", f"{path}/reject", body)
    await store.distributor.refused(403, "permission_denied", "POST", f"{path}/reject", {"reason": "x"})
    rejected = await store.supplier.post(f"{path}/reject", {"reason": "未到账"})
    assert (rejected["status"], rejected["reject_reason"]) == ("rejected", "未到账")
    assert await store.distributor.get(path) == rejected
    await store.supplier.refused(409, "state_conflict", "POST", f"{path}/approve")
    assert await store.money() == (0, 0, 0)


@pytest.mark.capability("Y2", "Y11")
async def test_approved_by_many_at_once_it_counts_once(opens: OpenStore) -> None:
    store = await opens(money=0)
    recharge = await requested(store)
    path = f"/recharges/{recharge['id']}"
    answers = await asyncio.gather(
        *(store.supplier.ask("POST", f"{path}/approve") for _ in range(5)),
        *(store.supplier.ask("POST", f"{path}/reject", {"reason": "未到账"}) for _ in range(5)),
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    succeeded = (await store.supplier.get(path))["status"] == "succeeded"
    assert await store.money() == ((500, 0, 500) if succeeded else (0, 0, 0))


@pytest.mark.capability("Y2", "Y11", "Y3")
async def test_money_comes_in_while_it_is_spent(opens: OpenStore) -> None:
    store = await opens(money=10 * ADULT)
    waiting = [await requested(store, ADULT) for _ in range(5)]
    await asyncio.gather(
        *(store.place() for _ in range(10)),
        *(store.supplier.post(f"/recharges/{recharge['id']}/approve") for recharge in waiting),
    )
    assert await store.money() == (5 * ADULT, 0, 5 * ADULT)


@pytest.mark.capability("Y2")
async def test_recharges_that_make_no_sense(opens: OpenStore) -> None:
    store = await opens(money=0)
    path, good = f"/accounts/{store.account_id}/recharges", {"amount": 1, "method": "offline"}
    for change, code in (
        *(({"amount": amount}, "validation_failed") for amount in (0, -1, 1.5, "1", 10**30, None, True)),
        ({"method": "cash"}, "validation_failed"),
        ({"method": "online"}, "not_supported_yet"),
        ({"proof_file_id": str(uuid4())}, "not_supported_yet"),
        ({"note": "x" * 201}, "validation_failed"),
        ({"note": "\0"}, "validation_failed"),
        ({"status": "succeeded"}, "validation_failed"),
    ):
        await store.distributor.refused(422, code, "POST", path, good | change)
    wrong = f"/accounts/{store.account_id}/repayments"
    assert (await store.distributor.refused(409, "wrong_account_kind", "POST", wrong, good))["kind"] == "prepaid"
    body = {"distributor_id": store.distributor.id, "kind": "credit", "credit_limit_amount": 1}
    credit = (await store.supplier.post("/accounts", body))["id"]
    refused = await store.distributor.refused(409, "wrong_account_kind", "POST", f"/accounts/{credit}/recharges", good)
    assert refused["kind"] == "credit"
    await store.admin.refused(403, "permission_denied", "POST", path, good)
    assert (await store.supplier.get("/recharges"))["items"] == []


@pytest.mark.capability("Y2", "I15")
async def test_recharges_are_found_by_their_two_sides(opens: OpenStore) -> None:
    store, other = await opens(money=0), await opens(money=0)
    first, second = await requested(store, 1), await requested(store, 2)
    first = await store.supplier.post(f"/recharges/{first['id']}/approve")
    cases: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        ({}, [second, first]),
        ({"sort": "created_at"}, [first, second]),
        ({"status": "succeeded"}, [first]),
        ({"status": "pending_approval"}, [second]),
        ({"account_id": store.account_id}, [second, first]),
        ({"account_id": other.account_id}, []),
        ({"created_from": second["created_at"]}, [second]),
        ({"created_to": second["created_at"]}, [first]),
    ]
    for filters, expected in cases:
        for who in (store.supplier, store.distributor, store.admin):
            assert (await who.get("/recharges", **filters))["items"] == expected, filters
    for who in (other.supplier, other.distributor):
        assert (await who.get("/recharges"))["items"] == []
        await who.refused(404, "not_found", "GET", f"/recharges/{second['id']}")
    for verb, body in (("approve", None), ("reject", {"reason": "x"})):
        await other.supplier.refused(404, "not_found", "POST", f"/recharges/{second['id']}/{verb}", body)
