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
