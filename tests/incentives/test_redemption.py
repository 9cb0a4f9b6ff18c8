"""Bonus points become money on the prepaid account."""

import asyncio
from collections import Counter
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from make import identity
from make.engine import assert_clean
from make.incentives import INCENTIVES, add_rule, entries, points
from make.relations import RELATIONS
from make.trade import Trade, trade

pytestmark = pytest.mark.capability("V2", "Y11")
REDEMPTIONS = f"{INCENTIVES}/redemptions"


@pytest.fixture
async def t(client: httpx.AsyncClient, app: FastAPI, owner_connection: asyncpg.Connection) -> Trade:
    """A distributor with 100 bonus points and 900 yuan."""
    made = await trade(app, client, owner_connection, money=100_000)
    await add_rule(client, made.supplier, unit="bonus")
    await made.paid(made.market.line(1, price=10_000))
    return made


async def redeem(
    client: httpx.AsyncClient, t: Trade, amount: object, key: str | None = "r1", who: identity.Signed | None = None
) -> httpx.Response:
    who = who or t.distributor
    headers = who.headers if key is None else who.with_key(key)
    body = {"supplier_id": str(t.supplier.organization_id), "points": amount}
    return await client.post(REDEMPTIONS, json=body, headers=headers)


async def money(client: httpx.AsyncClient, t: Trade) -> int:
    account_id = t.market.account_ids[t.distributor.organization_id]
    answer = await client.get(f"/api/v1/accounts/{account_id}", headers=t.distributor.headers)
    return int(answer.json()["available_amount"])


async def test_points_become_money_once(
    client: httpx.AsyncClient, app: FastAPI, t: Trade, owner_connection: asyncpg.Connection
) -> None:
    assert await money(client, t) == 90_000
    made = await redeem(client, t, 40)
    assert made.status_code == 201, made.text
    assert made.json() == made.json() | {"points": 40, "amount": 40, "supplier_id": str(t.supplier.organization_id)}
    again = await redeem(client, t, 40)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (made.json(), "true")
    assert (await redeem(client, t, 41)).json()["code"] == "idempotency_key_reused"
    assert await money(client, t) == 90_040
    assert await points(client, t.distributor) == 60
    assert (await entries(client, t.distributor))[-1] == ("bonus", "points_redeemed", -40, 60)
    account_id = t.market.account_ids[t.distributor.organization_id]
    statement = await client.get(f"/api/v1/accounts/{account_id}/entries", headers=t.supplier.headers)
    newest = statement.json()["items"][0]
    assert (newest["kind"], newest["amount"], newest["reference"]) == ("bonus_redeemed", 40, made.json()["id"])
    for who in (t.distributor, t.supplier):
        assert (await client.get(made.headers["Location"], headers=who.headers)).json() == made.json()
        assert (await client.get(REDEMPTIONS, headers=who.headers)).json()["items"] == [made.json()]
    for stranger in (await identity.distributor(app), await identity.supplier(app)):
        assert (await client.get(made.headers["Location"], headers=stranger.headers)).status_code == 404
        assert (await client.get(REDEMPTIONS, headers=stranger.headers)).json()["items"] == []
    await assert_clean(owner_connection)


async def test_not_more_than_there_is(
    client: httpx.AsyncClient, t: Trade, owner_connection: asyncpg.Connection
) -> None:
    refused = await redeem(client, t, 101)
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_points")
    assert (refused.json()["points"], refused.json()["available_points"]) == (101, 100)
    answers = await asyncio.gather(*(redeem(client, t, 30, key=f"at-once-{i}") for i in range(8)))
    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 5}
    assert await points(client, t.distributor) == 10
    assert await money(client, t) == 90_090
    await assert_clean(owner_connection)


async def test_redeeming_while_ordering_loses_nothing(
    client: httpx.AsyncClient, t: Trade, owner_connection: asyncpg.Connection
) -> None:
    orders = [t.do(t.market.place(t.market.line(1, price=100))) for _ in range(20)]
    redemptions = [redeem(client, t, 5, key=f"while-{i}") for i in range(10)]
    answers = await asyncio.gather(*orders, *redemptions)
    assert [answer.status_code for answer in answers[20:] if isinstance(answer, httpx.Response)] == [201] * 10
    assert await money(client, t) == 90_000 - 20 * 100 + 50
    await assert_clean(owner_connection)


async def test_refusals(client: httpx.AsyncClient, app: FastAPI, t: Trade) -> None:
    assert (await redeem(client, t, 1, key=None)).json()["code"] == "idempotency_key_required"
    for nonsense in (0, -1, "5", 1.5, 10**10, None):
        assert (await redeem(client, t, nonsense, key=f"bad-{nonsense}")).status_code == 422
    assert (await redeem(client, t, 1, who=t.supplier)).status_code == 403
    assert (await redeem(client, t, 1, who=await identity.distributor(app))).status_code == 404
    body = {"supplier_id": str(uuid4()), "points": 1}
    nobody = await client.post(REDEMPTIONS, json=body, headers=t.distributor.with_key("nobody"))
    assert nobody.status_code == 404


async def test_only_into_a_usable_account_of_a_partner(
    client: httpx.AsyncClient, app: FastAPI, t: Trade, owner_connection: asyncpg.Connection
) -> None:
    account = f"/api/v1/accounts/{t.market.account_ids[t.distributor.organization_id]}"
    await client.post(f"{account}/suspend", headers=t.supplier.headers)
    assert (await redeem(client, t, 1, key="suspended")).json()["code"] == "account_not_usable"
    await client.post(f"{account}/enable", headers=t.supplier.headers)
    (relation,) = (await client.get(RELATIONS, headers=t.supplier.headers)).json()["items"]
    await client.post(f"{RELATIONS}/{relation['id']}/stop", headers=t.supplier.headers)
    assert (await redeem(client, t, 1, key="stopped")).json()["code"] == "relation_stopped"
    await client.post(f"{RELATIONS}/{relation['id']}/resume", headers=t.supplier.headers)
    assert (await redeem(client, t, 1, key="resumed")).status_code == 201

    newcomer = await identity.distributor(app)
    body = {"distributor_id": str(newcomer.organization_id)}
    await client.post(RELATIONS, json=body, headers=t.supplier.headers)
    assert (await redeem(client, t, 1, who=newcomer, key="n1")).json()["code"] == "no_account"
    body = {"distributor_id": str(newcomer.organization_id), "kind": "prepaid"}
    await client.post("/api/v1/accounts", json=body, headers=t.supplier.headers)
    assert (await redeem(client, t, 1, who=newcomer, key="n2")).json()["available_points"] == 0


async def test_corruption_of_points_is_found(t: Trade, owner_connection: asyncpg.Connection) -> None:
    await assert_clean(owner_connection)
    for corruption in (
        "UPDATE incentive_awards SET awarded = awarded + 1",
        "UPDATE incentive_awards SET standing = false",
        "UPDATE incentive_movements SET organization_id = supplier_id",
        "DELETE FROM incentive_movements",
        "UPDATE accounts SET posted = posted + 1 WHERE kind = 'bonus'",
    ):
        transaction = owner_connection.transaction()
        await transaction.start()
        assert (await owner_connection.execute(corruption))[-1] != "0"
        with pytest.raises(AssertionError):
            await assert_clean(owner_connection)
        await transaction.rollback()
