"""Each side polls what happened to it; the platform sees what got stuck."""

import importlib
import pkgutil
from typing import Any, ClassVar
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

import distro_api
from distro_api.core import consume, outbox
from distro_api.core.outbox import Event, Stored, Subscriber
from make import identity
from make.trade import trade
from make.worker import settle, worker_sessions

EVENTS = "/api/v1/events"


async def feed(client: httpx.AsyncClient, who: identity.Signed, **params: Any) -> dict[str, Any]:
    answer = await client.get(EVENTS, params=params, headers=who.headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def names(told: dict[str, Any]) -> list[str]:
    return [event["name"] for event in told["items"]]


@pytest.mark.capability("O7")
async def test_each_side_reads_its_own(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    t = await trade(app, client, owner_connection, tiers=(None, None))
    order = await t.paid(distributor=1)
    first, second = t.distributors
    assert names(await feed(client, t.supplier)) == [
        "relations.opened",
        "relations.opened",
        "orders.placed",
        "orders.paid",
    ]
    assert names(await feed(client, first)) == ["relations.opened"]
    told = await feed(client, second)
    assert names(told) == ["relations.opened", "orders.placed", "orders.paid"]
    assert told["items"][2] == told["items"][2] | {
        "position": 4,
        "aggregate_id": order["id"],
        "payload": {
            "supplier_id": str(t.supplier.organization_id),
            "distributor_id": str(second.organization_id),
            "order_id": order["id"],
            "order_no": order["order_no"],
            "status": "paid",
            "total_amount": order["total_amount"],
        },
    }
    assert told["next_after"] == 4
    assert names(await feed(client, await identity.supplier(app))) == []
    assert len((await feed(client, await identity.admin(app)))["items"]) == 4


@pytest.mark.capability("O7")
async def test_polling_misses_nothing_and_repeats_nothing(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    t = await trade(app, client, owner_connection, tiers=(None, None))
    assert (await feed(client, t.distributor)) == {"items": [], "next_after": 0}
    after, seen = 0, []
    for number in range(6):
        await t.paid(distributor=number % 2)
        while True:
            told = await feed(client, t.distributor, after=after, limit=2)
            seen += names(told)
            after = told["next_after"]
            if len(told["items"]) < 2:
                break
    assert seen == ["relations.opened", *["orders.placed", "orders.paid"] * 3]
    assert after == 2 + 2 * 6, "another's events are passed by, not looked at again"
    assert await feed(client, t.distributor, after=after) == {"items": [], "next_after": after}
    assert await feed(client, t.distributor, after=10**12) == {"items": [], "next_after": 10**12}
    paid = await feed(client, t.distributor, names=["orders.paid", "orders.closed"])
    assert names(paid) == ["orders.paid"] * 3
    assert paid["next_after"] == after
    for nonsense in ({"after": -1}, {"after": "x"}, {"limit": 0}, {"limit": 201}, {"names": "'; --"}, {"after": 2**70}):
        assert (await client.get(EVENTS, params=nonsense, headers=t.distributor.headers)).status_code == 422


def test_every_field_of_an_event_is_fit_for_its_readers() -> None:
    """Both sides named in an event read all of its payload: a new field is looked at before it is let through here."""
    for module in pkgutil.walk_packages(distro_api.__path__, "distro_api."):
        if module.name.endswith(".events"):
            importlib.import_module(module.name)
    fields = {
        name for event in _all(Event) if event.__module__.startswith("distro_api.") for name in event.model_fields
    }
    ids = {name for name in fields if name.endswith("_id")}
    shared = {
        "order_no",
        "product_code",
        "status",
        "kind",
        "quantity",
        "points",
        "amount",
        "fee_amount",
        "total_amount",
        "asked_by",
        "change",
    }
    # asked_by: which of the two invited; change: of somebody's second factor, in an event that names neither side
    of_one_side = {"reason"}  # products.rejected: distributor_id is null
    assert fields - ids == shared | of_one_side
    assert {"supplier_id", "distributor_id"} <= ids


def _all(kind: type[Event]) -> list[type[Event]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _all(child))]


class Happened(Event):
    name: ClassVar[str] = "tests.happened"
    aggregate: ClassVar[str] = "thing_id"

    thing_id: UUID


@pytest.mark.capability("O7")
async def test_parked_events_are_seen_and_released(client: httpx.AsyncClient, app: FastAPI) -> None:
    admin, supplier = await identity.admin(app), await identity.supplier(app)
    broken, thing, other = True, uuid4(), uuid4()
    handled: list[UUID] = []

    async def handle(session: AsyncSession, events: list[Stored]) -> None:
        if broken and any(event.aggregate_id == thing for event in events):
            raise ValueError("not today")
        handled.extend(event.aggregate_id for event in events)

    subscriber = Subscriber("tests.sees", frozenset({Happened.name}), handle)
    async with app.state.database.sessions.begin() as session:
        for about in (thing, other, thing):
            outbox.publish(session, Happened(supplier_id=None, distributor_id=None, thing_id=about))
    with pytest.raises(AssertionError):
        await settle(app, [subscriber])
    assert handled == [other]

    async def parked(**params: Any) -> list[dict[str, Any]]:
        answer = await client.get(f"{EVENTS}/parked", params=params, headers=admin.headers)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    first, second = await parked()
    assert (first["position"], first["subscriber"], first["error"]) == (1, "tests.sees", "ValueError('not today')")
    assert (second["position"], "waits" in second["error"]) == (3, True)
    assert await parked(subscriber="orders.follow_tickets") == await parked(aggregate_id=str(other)) == []
    page = (await client.get(f"{EVENTS}/parked", params={"limit": 1}, headers=admin.headers)).json()
    assert page["items"] == [first]
    assert await parked(limit=1, after=page["next_after"]) == [second]
    bad = await client.get(f"{EVENTS}/parked", params={"after": "nonsense"}, headers=admin.headers)
    assert bad.json()["code"] == "bad_cursor"

    async with worker_sessions(app.state.settings) as sessions:
        assert await consume.retry_parked(sessions, subscriber) == 0, "it is not due yet"
        broken = False
        retry = f"{EVENTS}/parked/tests.sees/3/retry"
        for who, status in [(supplier, 403), (admin, 200)]:
            assert (await client.post(retry, headers=who.headers)).status_code == status
        assert await consume.retry_parked(sessions, subscriber) == 1, "the first of the aggregate"
        assert await consume.retry_parked(sessions, subscriber) == 1, "then the one that waited behind it"
    assert handled == [other, thing, thing]
    assert await parked() == []
    assert (await client.post(retry, headers=admin.headers)).status_code == 404
    assert (await client.get(f"{EVENTS}/parked", headers=supplier.headers)).status_code == 403
