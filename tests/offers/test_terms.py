"""What a process keeps of terms: how much, how long, and what happens when it is stale."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from distro_api.core.errors import DomainError
from distro_api.offers.queries import RelationRow
from distro_api.offers.service import Quote, Terms, quote
from distro_api.offers.service.terms import _terms
from distro_api.relations.models import RelationStatus, Sells
from make import identity, products, strategies
from make.processes import statements

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = date(2026, 6, 2)


@dataclass(frozen=True)
class Line:
    """What an order asks for."""

    sku_id: UUID
    quantity: int = 1
    date: Any = DAY
    slot: str | None = None
    strategy_id: UUID | None = None


@dataclass
class Shop:
    supplier: identity.Signed
    distributor: identity.Signed
    skus: list[UUID]
    strategy: dict[str, Any]


async def shop(client: httpx.AsyncClient, app: FastAPI, distributor: identity.Signed | None = None) -> Shop:
    supplier, admin = await identity.supplier(app), await identity.admin(app)
    distributor = distributor or await identity.distributor(app)
    made = await products.on_sale(client, supplier, admin)
    items = [{"sku_id": sku["id"], "settlement_price": 100} for sku in made["skus"]]
    strategy = await strategies.active(client, supplier, *items)
    await strategies.partner(app, supplier, distributor)
    return Shop(supplier, distributor, [UUID(sku["id"]) for sku in made["skus"]], strategy)


async def ask(terms: Terms, at: Shop, *lines: Line) -> Quote:
    return await quote(
        terms,
        distributor_id=at.distributor.organization_id,
        channel="individual",
        lines=lines or (Line(at.skus[0]),),
        at=NOW,
        time_zone="Asia/Shanghai",
    )


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read but what is asked for."""
    monkeypatch.setattr("distro_api.offers.service.terms.TOGETHER", 0)


@pytest.mark.capability("G5")
async def test_known_terms_need_no_statement(client: httpx.AsyncClient, app: FastAPI) -> None:
    here = await shop(client, app)
    terms = Terms(app.state.database.sessions)
    async with statements(app) as first:
        made = await ask(terms, here, *map(Line, here.skus))
    async with statements(app) as again:
        assert await ask(terms, here, *map(Line, here.skus)) == made
    assert len(first) == 6
    assert again == []
    assert made.total_amount == 200


async def test_a_price_may_be_stale_but_a_refusal_is_not(client: httpx.AsyncClient, app: FastAPI) -> None:
    here = await shop(client, app)
    terms = Terms(app.state.database.sessions)  # another process: nobody tells it of changes
    stale = await ask(terms, here)
    path = f"{strategies.STRATEGIES}/{here.strategy['id']}"
    put = {"settlement_price": 1}
    await client.put(f"{path}/items/{here.skus[0]}", json=put, headers=here.supplier.headers)
    again = await ask(terms, here)
    assert (again.total_amount, again.catalogue_version) == (100, stale.catalogue_version)  # the lane will see that
    terms.forget(here.supplier.organization_id)
    fresh = await ask(terms, here)
    assert (fresh.total_amount, fresh.catalogue_version) == (1, stale.catalogue_version + 1)
    await client.post(f"{path}/pause", headers=here.supplier.headers)
    terms.forget(here.supplier.organization_id)
    with pytest.raises(DomainError):
        await ask(terms, here)
    await client.post(f"{path}/activate", headers=here.supplier.headers)
    assert (await ask(terms, here)).total_amount == 1


async def test_lines_are_quoted_by_one_version(client: httpx.AsyncClient, app: FastAPI, one_by_one: None) -> None:
    here = await shop(client, app)
    terms = Terms(app.state.database.sessions)
    await ask(terms, here, Line(here.skus[0]))
    items = [{"sku_id": str(sku), "settlement_price": 7} for sku in here.skus]
    path = f"{strategies.STRATEGIES}/{here.strategy['id']}/items"
    await client.put(path, json={"items": items}, headers=here.supplier.headers)
    made = await ask(terms, here, *map(Line, here.skus))
    assert [line.settlement_price for line in made.lines] == [7, 7]


async def test_what_is_read_while_it_changes_is_not_kept(client: httpx.AsyncClient, app: FastAPI) -> None:
    here = await shop(client, app)
    terms = Terms(app.state.database.sessions)
    reading = asyncio.create_task(ask(terms, here))
    await asyncio.sleep(0)
    terms.forget(here.supplier.organization_id)
    assert (await reading).total_amount == 100
    async with statements(app) as seen:
        await ask(terms, here)
    assert seen != []


async def test_it_keeps_so_many_and_the_least_used_leave(
    client: httpx.AsyncClient, app: FastAPI, one_by_one: None
) -> None:
    one = await shop(client, app)
    two = await shop(client, app, one.distributor)
    terms = Terms(app.state.database.sessions, capacity=3)
    buyer = one.distributor.organization_id
    await terms.get(buyer, one.skus)
    await terms.get(buyer, two.skus[:1])
    await terms.get(buyer, one.skus[:1])  # used again: the child's ticket is the oldest now
    await terms.get(buyer, two.skus[1:])
    assert len(terms) == 3 + 2, "three SKUs and the two relations"
    async with statements(app) as seen:
        await terms.get(buyer, [one.skus[0], *two.skus])
    assert seen == []
    async with statements(app) as seen:
        await terms.get(buyer, one.skus[1:])
    assert len(seen) == 5, "the relation is known"
    terms.forget(one.supplier.organization_id)
    terms.forget(two.supplier.organization_id)
    assert len(terms) == 0
    terms.forget(two.supplier.organization_id)


async def test_unknown_skus_take_no_room(client: httpx.AsyncClient, app: FastAPI) -> None:
    here = await shop(client, app)
    stranger = await identity.distributor(app)
    terms = Terms(app.state.database.sessions)
    assert await terms.get(here.distributor.organization_id, [UUID(int=7)]) == {}
    assert len(terms) == 0
    assert await terms.get(stranger.organization_id, here.skus) == {}
    assert len(terms) == len(here.skus), "the SKUs, which others may see; no relation"


async def test_distributors_share_what_is_the_same(client: httpx.AsyncClient, app: FastAPI) -> None:
    here = await shop(client, app)
    other = await identity.distributor(app)
    await strategies.partner(app, here.supplier, other)
    terms = Terms(app.state.database.sessions)
    sku = here.skus[0]
    mine = (await terms.get(here.distributor.organization_id, [sku]))[sku]
    theirs = (await terms.get(other.organization_id, [sku]))[sku]
    assert mine.facts is theirs.facts
    assert mine.strategies[0] is theirs.strategies[0]


async def test_many_at_once_ask_and_change(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Whatever is asked while prices change: a quote's version is never newer than its price."""
    here = await shop(client, app)
    terms = Terms(app.state.database.sessions)
    path = f"{strategies.STRATEGIES}/{here.strategy['id']}/items/{here.skus[0]}"
    first = (await ask(terms, here)).catalogue_version

    async def change() -> None:
        for step in range(1, 11):
            answer = await client.put(path, json={"settlement_price": 100 + step}, headers=here.supplier.headers)
            assert answer.status_code == 200
            terms.forget(here.supplier.organization_id)

    async def look() -> None:
        for _ in range(20):
            made = await ask(terms, here)
            assert made.total_amount == 100 + made.catalogue_version - first
            await asyncio.sleep(0.001)

    await asyncio.gather(change(), *(look() for _ in range(5)))


def test_terms_are_as_old_as_the_older_of_what_they_are_made_of() -> None:
    """A SKU read after a change and a relation read before it: the lane has to see that the quote is stale."""
    sku: Any = SimpleNamespace(
        sku=SimpleNamespace(id=UUID(int=1)),
        supplier_id=UUID(int=2),
        catalogue_version=8,
        supplier_active=True,
        facts=SimpleNamespace(on_sale=True),
        strategies=(),
        calendar=None,
    )
    old = RelationRow(UUID(int=3), None, Sells.ALL, RelationStatus.ACTIVE, 7, {}, True)
    assert _terms(sku, old).catalogue_version == 7
