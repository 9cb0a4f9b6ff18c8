"""Idempotency keys of orders: the first answer is the answer, whatever has changed since."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from distro_api.core import clock
from make.identity import PASSWORD
from make.store import ADULT, MONEY, OpenStore, Person, Store, code_of, noon, refund_body


async def sent(who: Person, path: str, body: Any, key: str | None, **headers: str) -> httpx.Response:
    """A POST with exactly these headers."""
    more = headers | ({} if key is None else {"Idempotency-Key": key})
    return await who.client.post(f"/api/v1{path}", json=body, headers=who.signed.headers | more)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.capability("O1")
async def test_the_same_question_has_the_same_answer(store: Store) -> None:
    first = await sent(store.distributor, "/orders", store.order(), "k")
    again = await sent(store.distributor, "/orders", store.order(), "k")
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Location"] == first.headers["Location"]
    assert (await store.money())[0] == MONEY - ADULT
    other = await sent(store.distributor, "/orders", store.order(store.line(2)), "k")
    assert problem(other) == (422, "idempotency_key_reused")
    assert "Idempotency-Replayed" not in other.headers


@pytest.mark.capability("O1", "Y3", "O6", "Y6", "O14", "O8")
async def test_every_act_on_an_order_happens_once(opens: OpenStore) -> None:
    store = await opens(order_approval=True)
    order = await store.place(store.line(4), pay=None)
    path = f"/orders/{order['id']}"
    acts: list[tuple[Person, str, Any]] = [
        (store.supplier, f"{path}/approve", None),
        (store.distributor, f"{path}/pay", {"method": "prepaid"}),
        (store.distributor, f"{path}/refunds", refund_body(order, {0: 1})),
        (store.distributor, f"{path}/cancel", {"reason": "行程有变"}),
    ]
    for n, (who, act, body) in enumerate(acts):
        first, again = [await sent(who, act, body, f"act-{n}") for _ in range(2)]
        assert first.is_success, first.text
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert problem(await sent(store.distributor, acts[1][1], acts[1][2], "act-3")) == (422, "idempotency_key_reused")
    assert await store.money() == (MONEY, 0, MONEY)
    refunds = (await store.distributor.get("/refunds", order_id=order["id"]))["items"]
    assert sorted(refund["lines"][0]["quantity"] for refund in refunds) == [1, 3]


@pytest.mark.capability("O1", "Y2")
async def test_a_refusal_stays_the_answer_of_its_key(opens: OpenStore) -> None:
    store = await opens(money=0)
    first = await sent(store.distributor, "/orders", store.order(), "poor")
    assert problem(first) == (409, "insufficient_funds")
    assert first.json()["available_amount"] == 0
    await store.fund(ADULT)
    again = await sent(store.distributor, "/orders", store.order(), "poor")
    assert problem(again) == (409, "insufficient_funds")
    assert again.json()["available_amount"] == 0
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await sent(store.distributor, "/orders", store.order(), "rich")).status_code == 201


@pytest.mark.capability("O1")
async def test_what_was_badly_asked_may_be_asked_better_under_the_same_key(store: Store) -> None:
    for bad in (store.order(store.line(0)), store.order(store.line(date=None))):
        assert (await sent(store.distributor, "/orders", bad, "k")).status_code == 422
    assert (await sent(store.distributor, "/orders", store.order(), "k")).status_code == 201


@pytest.mark.capability("O1")
async def test_a_replayed_refusal_is_in_the_callers_language(store: Store) -> None:
    body = store.order(expected_total_amount=1)
    chinese = await sent(store.distributor, "/orders", body, "k")
    english = await sent(store.distributor, "/orders", body, "k", **{"Accept-Language": "en-GB"})
    assert (chinese.json()["title"], english.json()["title"]) == ("价格已变化", "The price has changed")
    assert "Expected 1" in english.json()["detail"]
    assert english.headers["Content-Language"] == "en"
    assert english.headers["Idempotency-Replayed"] == "true"


@pytest.mark.capability("O1")
async def test_keys_are_needed_and_bounded(store: Store) -> None:
    order = await store.place(pay=None)
    writes: list[tuple[Person, str, Any]] = [
        (store.distributor, "/orders", store.order()),
        (store.distributor, f"/orders/{order['id']}/pay", {"method": "prepaid"}),
        (store.distributor, f"/orders/{order['id']}/cancel", {"reason": "x"}),
        (store.distributor, f"/orders/{order['id']}/refunds", {"reason": "x"}),
        (store.supplier, f"/orders/{order['id']}/approve", None),
        (store.supplier, f"/orders/{order['id']}/reject", {"reason": "x"}),
        (store.supplier, f"/accounts/{store.account_id}/recharges", {"amount": 1, "method": "offline"}),
        (store.supplier, f"/inventory/items/{store.item_id}/adjustments", {"delta": 1, "reason": "x"}),
        (store.supplier, "/tickets/redeem", {"code": "7K2M9QXA4TBD"}),
    ]
    for who, path, body in writes:
        assert problem(await sent(who, path, body, None)) == (400, "idempotency_key_required"), path
        for key in ("", "k" * 256, "a\tb"):
            assert problem(await sent(who, path, body, key)) == (400, "idempotency_key_invalid"), path
    assert (await sent(store.distributor, "/orders", store.order(), "k" * 255)).status_code == 201
    assert (await store.read(order))["version"] == order["version"]


@pytest.mark.capability("O1", "I15")
async def test_keys_of_two_organizations_do_not_meet(opens: OpenStore) -> None:
    first, second = await opens(), await opens()
    answers = [await sent(store.distributor, "/orders", store.order(), "same") for store in (first, second)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]
    seen = await sent(second.distributor, "/orders", first.order(), "same")
    assert problem(seen) == (422, "idempotency_key_reused")


@pytest.mark.capability("O1")
async def test_the_answer_outlives_the_offer(store: Store) -> None:
    first = await sent(store.distributor, "/orders", store.order(), "k")
    await store.supplier.post(f"/products/{store.product['id']}/unpublish")
    await store.supplier.post(f"/supply-relations/{store.relation_id}/stop")
    again = await sent(store.distributor, "/orders", store.order(), "k")
    assert (again.status_code, again.content) == (201, first.content)
    assert problem(await sent(store.distributor, "/orders", store.order(), "new")) == (409, "offer_not_available")


@pytest.mark.capability("O1")
async def test_a_refused_offer_stays_refused_under_its_key(store: Store) -> None:
    await store.supplier.post(f"/supply-relations/{store.relation_id}/stop")
    assert problem(await sent(store.distributor, "/orders", store.order(), "k")) == (409, "offer_not_available")
    await store.supplier.post(f"/supply-relations/{store.relation_id}/resume")
    again = await sent(store.distributor, "/orders", store.order(), "k")
    assert problem(again) == (409, "offer_not_available")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await sent(store.distributor, "/orders", store.order(), "new")).status_code == 201


@pytest.mark.capability("O1", "Y2")
async def test_a_key_is_one_for_orders_and_money(store: Store) -> None:
    recharge = {"amount": 100, "method": "offline"}
    path = f"/accounts/{store.account_id}/recharges"
    assert (await sent(store.distributor, path, recharge, "k")).status_code == 201
    assert problem(await sent(store.distributor, "/orders", store.order(), "k")) == (422, "idempotency_key_reused")
    assert (await sent(store.distributor, "/orders", store.order(), "o")).status_code == 201
    assert problem(await sent(store.distributor, path, recharge, "o")) == (422, "idempotency_key_reused")


@pytest.mark.capability("O1", "N6")
async def test_twenty_at_once_under_one_key_are_one_order(opens: OpenStore) -> None:
    store = await opens(capacity=5)
    answers = await asyncio.gather(*(sent(store.distributor, "/orders", store.order(), "k") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 19
    assert await store.stock() == (0, 1, 4)


@pytest.mark.capability("O14")
async def test_a_redemption_under_a_key_happens_once(store: Store) -> None:
    order = await store.place(store.line(3))
    code = code_of(order)
    with clock.at(noon(store.day)):
        use = {"code": code, "quantity": 1}
        first, again = [await sent(store.supplier, "/tickets/redeem", use, "k") for _ in range(2)]
        assert (first.json()["redeemed"], again.json()["redeemed"]) == (1, 1)
        assert again.headers["Idempotency-Replayed"] == "true"
        other = await sent(store.supplier, "/tickets/redeem", use | {"quantity": 2}, "k")
        assert problem(other) == (422, "idempotency_key_reused")


@pytest.mark.capability("G5")
async def test_many_keyed_questions_at_once_are_all_answered(store: Store) -> None:
    """Each holds a connection for its key and needs a second one to read: a pool of twenty must do for thirty."""
    body = {"channel": store.strategy["channel"], "lines": [store.line()]}
    asked = [sent(store.distributor, "/quotes", body, f"many-{n}") for n in range(30)]
    async with asyncio.timeout(4):
        answers = await asyncio.gather(*asked, store.distributor.ask("GET", "/me"))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.capability("G5", "I8")
async def test_a_stored_answer_is_for_those_who_may_ask(store: Store) -> None:
    body = {"channel": store.strategy["channel"], "lines": [store.line()]}
    assert (await sent(store.distributor, "/quotes", body, "mine")).status_code == 200
    signed = store.distributor.signed
    asked = {"username": signed.username, "password": PASSWORD, "scope": "me"}
    tokens = (await store.client.post("/api/v1/auth/login", json=asked)).json()
    narrowed = Person(store.client, replace(signed, access_token=tokens["access_token"]))
    answer = await sent(narrowed, "/quotes", body, "mine")
    assert problem(answer) == (403, "permission_denied")


@pytest.mark.capability("O1")
async def test_a_key_in_use_elsewhere_makes_its_own_order_wait_only(store: Store) -> None:
    """A slow request under a key must not hold up the others of a lane, who may be other tenants."""
    transaction = store.connection.transaction()
    await transaction.start()
    await store.connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1::text || 'slow', 0))", store.distributor.id
    )
    waiting = asyncio.create_task(sent(store.distributor, "/orders", store.order(), "slow"))
    try:
        await asyncio.sleep(0.1)
        for n in range(5):
            async with asyncio.timeout(1):
                assert (await sent(store.distributor, "/orders", store.order(), f"quick-{n}")).status_code == 201
        assert not waiting.done()
    finally:
        await transaction.rollback()
    assert (await waiting).status_code == 201
