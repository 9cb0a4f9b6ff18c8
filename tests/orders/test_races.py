"""Distributors send the same thing twice, through two processes at once."""

import asyncio
from typing import Any

import pytest

from distro_api.app import create_app
from make.store import OpenStore


@pytest.mark.capability("O1")
async def test_one_outside_number_sent_to_two_processes_is_one_order(opens: OpenStore) -> None:
    store, other = await opens(), await opens()
    await other.supplier.post("/supply-relations", {"distributor_id": store.distributor.id})
    second = create_app(store.app.state.settings)
    async with second.router.lifespan_context(second):
        transport: Any = store.client._transport

        async def send(app: Any, body: Any) -> Any:
            transport.app = app
            return await store.distributor.ask("POST", "/orders", body)

        for number in range(8):
            bodies = [
                shop.order(shop.line(), pay=None, outside_no=f"N-{number}") for shop in (store, other) for _ in range(3)
            ]
            answers = await asyncio.gather(*(send((store.app, second)[n % 2], body) for n, body in enumerate(bodies)))
            assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5, [a.text for a in answers]
            made = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
            refusals = [answer.json() for answer in answers if answer.status_code == 409]
            assert {(r["code"], r["order_id"]) for r in refusals} == {("outside_no_taken", made)}
        transport.app = store.app


@pytest.mark.capability("O1", "R2")
async def test_a_key_has_one_answer_though_the_offer_ends_at_that_moment(opens: OpenStore) -> None:
    store = await opens()
    for number in range(4):
        verb = ("stop", "resume")[number % 2]
        acts = [store.distributor.ask("POST", "/orders", store.order(), key=f"race-{number}") for _ in range(10)]
        acts.insert(3, store.supplier.ask("POST", f"/supply-relations/{store.relation_id}/{verb}"))
        answers = await asyncio.gather(*acts)
        del answers[3]
        told = {(answer.status_code, answer.json().get("id") or answer.json()["code"]) for answer in answers}
        assert len(told) == 1, told
        assert {status for status, _ in told} <= {201, 409}
    orders = (await store.supplier.get("/orders"))["items"]
    assert await store.stock() == (0, len(orders), 100 - len(orders))
