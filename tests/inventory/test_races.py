"""The calendar is edited while places are sold, on connections of their own."""

import asyncio
import random
from typing import Any

import pytest

from make.store import OpenStore


@pytest.mark.capability("N1", "N6")
async def test_edits_of_the_calendar_against_sales_never_oversell(opens: OpenStore) -> None:
    store = await opens(capacity=10)
    path = f"/inventory/items/{store.item_id}"
    day = str(store.day)

    async def set_to(capacity: int) -> Any:
        body = {"date_from": day, "date_to": day, "capacity": capacity}
        return await store.supplier.ask("PUT", f"{path}/calendar", body)

    async def change_by(delta: int) -> Any:
        body = {"date": day, "delta": delta, "reason": "并发"}
        return await store.supplier.ask("POST", f"{path}/adjustments", body)

    async def buy(number: int) -> Any:
        return await store.distributor.ask("POST", "/orders", store.order(store.line(1 + number % 3)))

    edits = [set_to(random.randint(0, 30)) for _ in range(15)] + [change_by(n) for n in (-3, -2, -1, 1, 2, 3)]
    acts = edits + [buy(n) for n in range(25)]
    random.shuffle(acts)
    answers = await asyncio.gather(*acts)
    assert {answer.status_code for answer in answers} <= {200, 201, 409}, [
        a.text for a in answers if a.status_code > 409
    ]
    refusals = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert refusals <= {"below_taken", "insufficient_stock"}
    held, sold, available = await store.stock()
    orders = (await store.supplier.get("/orders", limit=200))["items"]
    assert sold == sum(line["quantity"] for order in orders for line in order["lines"])
    assert held == 0
    assert available >= 0


@pytest.mark.capability("N1")
async def test_two_who_set_the_same_days_for_the_first_time(opens: OpenStore) -> None:
    store = await opens()
    first, last = "2027-03-01", "2027-03-31"
    path = f"/inventory/items/{store.item_id}/calendar"
    bodies = [{"date_from": first, "date_to": last, "capacity": n} for n in (5, 6, 7, 8)]
    answers = await asyncio.gather(*(store.supplier.ask("PUT", path, body) for body in bodies))
    assert {answer.status_code for answer in answers} == {200}
    found = (await store.supplier.get(path, date_from=first, date_to=last))["items"]
    assert len(found) == 31
    assert len({bucket["capacity"] for bucket in found}) == 1
