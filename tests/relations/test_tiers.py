"""A supplier's own list of tiers: ranked, renamed everywhere at once, never lost while in use."""

import asyncio
import time
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from make import identity as make
from make import strategies
from make.identity import Signed
from make.incentives import add_rule
from make.products import on_sale
from make.relations import RELATIONS, TIERS, relation

pytestmark = pytest.mark.capability("R4")


async def tiers_of(client: httpx.AsyncClient, who: Signed, query: str = "") -> list[tuple[str, int, int]]:
    """(name, rank, distributors) as listed."""
    answer = await client.get(f"{TIERS}?{query}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return [(row["name"], row["rank"], row["distributors"]) for row in answer.json()["items"]]


async def add(client: httpx.AsyncClient, who: Signed, name: str, **more: Any) -> dict[str, Any]:
    answer = await client.post(TIERS, json={"name": name} | more, headers=who.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_list_in_the_supplier_s_order(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other, admin = await make.supplier(app), await make.supplier(app), await make.admin(app)
    gold, plain = await add(client, supplier, " 金牌 "), await add(client, supplier, "普通")
    await add(client, supplier, "白金", rank=1)
    await add(client, other, "金牌")
    assert (gold["name"], gold["rank"], plain["rank"]) == ("金牌", 1, 2)
    assert {row[0] for row in (await tiers_of(client, supplier))[:2]} == {"金牌", "白金"}
    moved = await client.patch(
        f"{TIERS}/{gold['id']}", json={"rank": 5}, headers=supplier.headers | {"If-Match": '"1"'}
    )
    assert (moved.status_code, moved.json()["rank"], moved.headers["ETag"]) == (200, 5, '"2"')
    assert [row[0] for row in await tiers_of(client, supplier)] == ["白金", "普通", "金牌"]
    assert [row[0] for row in await tiers_of(client, supplier, "sort=-rank&limit=1")] == ["金牌"]
    assert await tiers_of(client, supplier, "q=普") == [("普通", 2, 0)]
    assert len(await tiers_of(client, admin)) == 4
    assert await tiers_of(client, admin, f"supplier_id={other.organization_id}") == [("金牌", 1, 0)]
    stale = await client.patch(
        f"{TIERS}/{gold['id']}", json={"rank": 1}, headers=supplier.headers | {"If-Match": '"1"'}
    )
    assert stale.status_code == 412


async def test_names_are_the_supplier_s_own_and_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier, other = await make.supplier(app), await make.supplier(app)
    gold, silver = await add(client, supplier, "金牌"), await add(client, supplier, "银牌")
    await add(client, other, "金牌")
    twice = await client.post(TIERS, json={"name": "金牌"}, headers=supplier.headers)
    assert (twice.status_code, twice.json()["code"]) == (409, "tier_exists")
    renamed = await client.patch(f"{TIERS}/{silver['id']}", json={"name": "金牌"}, headers=supplier.headers)
    assert (renamed.status_code, renamed.json()["code"]) == (409, "tier_exists")
    same = await client.patch(f"{TIERS}/{gold['id']}", json={"name": "金牌"}, headers=supplier.headers)
    assert same.headers["ETag"] == '"1"'  # nothing changed
    answers = await asyncio.gather(
        *(client.post(TIERS, json={"name": "钻石"}, headers=supplier.headers) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    for foreign in (f"{TIERS}/{gold['id']}",):
        assert (await client.get(foreign, headers=other.headers)).status_code == 404
        assert (await client.patch(foreign, json={"rank": 9}, headers=other.headers)).status_code == 404
        assert (await client.delete(foreign, headers=other.headers)).status_code == 404


async def test_naming_a_new_tier_adds_it_at_the_end(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Who wrote tiers as free text goes on writing them: relations, strategies and rules all fill the list."""
    supplier = await make.supplier(app)
    await add(client, supplier, "金牌", rank=3)
    made = await relation(client, supplier, await make.distributor(app), tier="银牌")
    await client.patch(f"{RELATIONS}/{made['id']}", json={"tier": "铜牌"}, headers=supplier.headers)
    await strategies.draft(client, supplier, audience={"kind": "tiers", "tiers": ["金牌", "个人"]})
    await add_rule(client, supplier, scope={"tiers": ["门店"]})
    assert await tiers_of(client, supplier) == [
        ("金牌", 3, 0),
        ("银牌", 4, 0),
        ("铜牌", 5, 1),
        ("个人", 6, 0),
        ("门店", 7, 0),
    ]


async def test_a_renamed_tier_sells_as_before(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    """Relations, strategies and rules follow in the same moment; no offer is lost on the way."""
    supplier, distributor, admin = await make.supplier(app), await make.distributor(app), await make.admin(app)
    sku_id = (await on_sale(client, supplier, admin))["skus"][0]["id"]
    made = await relation(client, supplier, distributor, tier="金牌")
    line = {"sku_id": sku_id, "settlement_price": 8800}
    strategy = await strategies.active(client, supplier, line, audience={"kind": "tiers", "tiers": ["金牌", "银牌"]})
    rule = await add_rule(client, supplier, scope={"tiers": ["金牌"]})
    [gold] = [row for row in (await client.get(TIERS, headers=supplier.headers)).json()["items"] if row["rank"] == 1]

    async def price() -> Any:
        offers = (await client.get("/api/v1/offers", headers=distributor.headers)).json()["items"]
        return [s["settlement_price"] for offer in offers for s in offer["strategies"]]

    async def quoted() -> Any:
        body = {"channel": "individual", "lines": [{"sku_id": sku_id, "quantity": 1, "date": "2030-05-01"}]}
        return (await client.post("/api/v1/quotes", json=body, headers=distributor.headers)).json()["total_amount"]

    assert (await price(), await quoted()) == ([8800], 8800)
    answer = await client.patch(f"{TIERS}/{gold['id']}", json={"name": "黄金会员"}, headers=supplier.headers)
    assert (answer.status_code, answer.json()["distributors"]) == (200, 1)
    assert (await price(), await quoted()) == ([8800], 8800)
    shown = (await client.get(f"{RELATIONS}/{made['id']}", headers=distributor.headers)).json()
    assert shown["tier"] == "黄金会员"
    shown = (await client.get(f"/api/v1/strategies/{strategy['id']}", headers=supplier.headers)).json()
    assert shown["audience"]["tiers"] == ["黄金会员", "银牌"]
    shown = (await client.get(f"/api/v1/incentives/rules/{rule['id']}", headers=supplier.headers)).json()
    assert shown["scope"]["tiers"] == ["黄金会员"]
    await client.patch(f"{RELATIONS}/{made['id']}", json={"tier": "普通"}, headers=supplier.headers)
    assert await price() == []
    [act] = await owner_connection.fetch("SELECT changes FROM audit_log WHERE action = 'relations.edit_tier'")
    assert '"金牌"' in act[0] and '"黄金会员"' in act[0]


async def test_what_is_in_use_is_not_deleted(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    made = await relation(client, supplier, await make.distributor(app), tier="金牌")
    strategy = await strategies.draft(client, supplier, audience={"kind": "tiers", "tiers": ["银牌"]})
    await add_rule(client, supplier, scope={"tiers": ["铜牌"]})
    ids = {row["name"]: row["id"] for row in (await client.get(TIERS, headers=supplier.headers)).json()["items"]}
    for name, distributors in (("金牌", 1), ("银牌", 0), ("铜牌", 0)):
        refused = await client.delete(f"{TIERS}/{ids[name]}", headers=supplier.headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "tier_in_use")
        assert refused.json()["distributors"] == distributors
    await client.patch(f"{RELATIONS}/{made['id']}", json={"tier": None}, headers=supplier.headers)
    audience = {"audience": {"kind": "all"}}
    edited = await client.patch(f"/api/v1/strategies/{strategy['id']}", json=audience, headers=supplier.headers)
    assert edited.json()["audience"]["tiers"] == []
    for name in ("金牌", "银牌"):
        gone = await client.delete(f"{TIERS}/{ids[name]}", headers=supplier.headers)
        assert gone.status_code == 204, gone.text
        assert (await client.delete(f"{TIERS}/{ids[name]}", headers=supplier.headers)).status_code == 404
    assert [row[0] for row in await tiers_of(client, supplier)] == ["铜牌"]


async def test_deleted_and_given_at_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    """Either the distributor keeps it and it stays, or it is gone and made anew: never a tier that is not in the list."""
    supplier = await make.supplier(app)
    made = await relation(client, supplier, await make.distributor(app))
    for _ in range(8):
        await client.patch(f"{RELATIONS}/{made['id']}", json={"tier": None}, headers=supplier.headers)
        [*_, tier] = (await client.get(TIERS, headers=supplier.headers)).json()["items"] or [
            await add(client, supplier, "金牌")
        ]
        deleted, given = await asyncio.gather(
            client.delete(f"{TIERS}/{tier['id']}", headers=supplier.headers),
            client.patch(f"{RELATIONS}/{made['id']}", json={"tier": "金牌"}, headers=supplier.headers),
        )
        assert deleted.status_code in (204, 409)
        assert given.status_code in (200, 409)
        shown = (await client.get(f"{RELATIONS}/{made['id']}", headers=supplier.headers)).json()["tier"]
        assert shown is None or shown in [row[0] for row in await tiers_of(client, supplier)]


async def test_many_distributors_at_once(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier, other = await make.supplier(app), await make.supplier(app)
    buyers = [await make.distributor(app) for _ in range(4)]
    mine = [(await relation(client, supplier, buyer))["id"] for buyer in buyers]
    await client.patch(f"{RELATIONS}/{mine[0]}", json={"tier": "金牌"}, headers=supplier.headers)
    theirs = (await relation(client, other, buyers[0]))["id"]
    asked = [*mine[:3], theirs, "01890000-0000-7000-8000-000000000000"]
    body = {"relation_ids": asked, "tier": "金牌"}
    answer = await client.post(f"{RELATIONS}/set-tier", json=body, headers=supplier.headers)
    assert answer.status_code == 200, answer.text
    assert [(line["relation_id"], line["result"]) for line in answer.json()["lines"]] == list(
        zip(asked, ["unchanged", "updated", "updated", "unknown_relation", "unknown_relation"], strict=True)
    )
    assert await tiers_of(client, supplier) == [("金牌", 1, 3)]
    assert (await client.get(f"{RELATIONS}/{theirs}", headers=other.headers)).json()["tier"] is None
    changed = (await client.get(f"{RELATIONS}/{mine[1]}", headers=supplier.headers)).json()
    assert (changed["tier"], changed["version"]) == ("金牌", 2)
    [step, _] = (await client.get(f"{RELATIONS}/{mine[1]}/history", headers=buyers[1].headers)).json()["items"]
    assert (step["change"], step["detail"]) == ("terms_changed", {"tier": "金牌", "sells": "all"})
    none = await client.post(
        f"{RELATIONS}/set-tier", json={"relation_ids": mine, "tier": None}, headers=supplier.headers
    )
    assert [line["result"] for line in none.json()["lines"]] == ["updated"] * 3 + ["unchanged"]
    assert await owner_connection.fetchval("SELECT count(*) FROM audit_log WHERE action = 'relations.set_tier'") == 2
    for wrong in ({"relation_ids": [], "tier": "x"}, {"relation_ids": mine}, {"relation_ids": mine * 2, "tier": "x"}):
        answer = await client.post(f"{RELATIONS}/set-tier", json=wrong, headers=supplier.headers)
        assert answer.status_code == 422


async def test_a_thousand_distributors_in_one_call(
    client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection
) -> None:
    supplier = await make.supplier(app)
    rows = await owner_connection.fetch(
        "WITH made AS (INSERT INTO organizations (id, kind, name, status, partner_code, partner_policy, version, "
        "created_at, updated_at) SELECT gen_random_uuid(), 'distributor', '分销商', 'active', n::text, 'open', 1, now(), "
        "now() FROM generate_series(1, 1000) n RETURNING id) "
        "INSERT INTO supply_relations (id, supplier_id, distributor_id, sells, status, version, created_at, updated_at) "
        "SELECT gen_random_uuid(), $1, id, 'all', 'active', 1, now(), now() FROM made RETURNING id",
        supplier.organization_id,
    )
    body = {"relation_ids": [str(row[0]) for row in rows], "tier": "普通"}
    began = time.perf_counter()
    answer = await client.post(f"{RELATIONS}/set-tier", json=body, headers=supplier.headers)
    took = time.perf_counter() - began
    assert {line["result"] for line in answer.json()["lines"]} == {"updated"}
    assert await tiers_of(client, supplier) == [("普通", 1, 1000)]
    began = time.perf_counter()
    [tier] = (await client.get(TIERS, headers=supplier.headers)).json()["items"]
    renamed = await client.patch(f"{TIERS}/{tier['id']}", json={"name": "标准"}, headers=supplier.headers)
    assert renamed.json()["distributors"] == 1000
    assert max(took, time.perf_counter() - began) < 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": " "},
        {"name": None},
        {"name": "x" * 33},
        {"name": "a\0b"},
        {"name": "金牌", "rank": 0},
        {"name": "金牌", "rank": 1001},
        {"name": "金牌", "rank": 1.5},
        {"name": "金牌", "rank": "1"},
        {"name": "金牌", "supplier_id": "01890000-0000-7000-8000-000000000000"},
        {"name": "金牌", "distributors": 9},
    ],
)
async def test_bad_input(client: httpx.AsyncClient, app: FastAPI, body: Any) -> None:
    supplier = await make.supplier(app)
    assert (await client.post(TIERS, json=body, headers=supplier.headers)).status_code == 422


async def test_a_list_has_an_end(client: httpx.AsyncClient, app: FastAPI) -> None:
    supplier = await make.supplier(app)
    for number in range(100):
        await add(client, supplier, f"等级{number}")
    more = await client.post(TIERS, json={"name": "再一个"}, headers=supplier.headers)
    assert (more.status_code, more.json()["code"]) == (409, "too_many_tiers")
    body = {"distributor_id": str((await make.distributor(app)).organization_id), "tier": "再一个"}
    named = await client.post(RELATIONS, json=body, headers=supplier.headers)
    assert (named.status_code, named.json()["code"]) == (409, "too_many_tiers")
    assert (await client.get(RELATIONS, headers=supplier.headers)).json()["items"] == []
