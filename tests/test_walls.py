"""The second wall: a query of `distro_app` that forgets its filter shows the tenant's own rows, whoever asks.

Two suppliers with a distributor each have traded. What each may see is computed by a superuser from who is named in the
rows; what it does see are whole tables, read as a request reads them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from distro_api.core import provision, tenancy
from distro_api.core.settings import Settings
from distro_api.identity.models import Kind
from distro_api.orders.models import Order
from distro_api.orders.queries import lists
from make.identity import Signed
from make.spreadsheets import workbook
from make.staff import TITLES, Desk
from make.worker import settle
from strangers import World, world

pytestmark = pytest.mark.capability("X3")
OWN_ACCOUNT = "{0} IN (SELECT id FROM accounts WHERE owner_id = $1)"
BOTH = "supplier_id = $1 OR distributor_id = $1"
WALLED = {
    "orders": BOTH,
    "order_lines": BOTH,
    "order_transitions": BOTH,
    "tickets": BOTH,
    "ticket_redemptions": "supplier_id = $1 OR ticket_id IN (SELECT id FROM tickets WHERE distributor_id = $1)",
    "refunds": BOTH,
    "refund_lines": f"refund_id IN (SELECT id FROM refunds WHERE {BOTH})",
    "accounts": "supplier_id = $1 OR owner_id = $1",
    "transfers": f"supplier_id = $1 OR {OWN_ACCOUNT.format('debit_account_id')} OR {OWN_ACCOUNT.format('credit_account_id')}",
    "entries": f"supplier_id = $1 OR {OWN_ACCOUNT.format('account_id')}",
    "recharges": BOTH,
    "bonus_redemptions": BOTH,
    "employees": "organization_id = $1",
    "files": "organization_id = $1",
    "jobs": "organization_id = $1",
    "job_row_errors": "organization_id = $1",
}
"""Every table with a wall, and who may see a row of it."""


@pytest.fixture(scope="module")
async def traded(
    app: FastAPI, sweep: Callable[[], Awaitable[None]], owner_connection: asyncpg.Connection
) -> AsyncIterator[tuple[World, World]]:
    """Two worlds with something in every walled table."""
    await sweep()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        worlds = (await world(app, client), await world(app, client))
        for owners in worlds:
            await owners.id("redemption_id")
            await owners.id("refund_id")
            order = await owners.ordered()
            code = order["lines"][0]["tickets"][0]["code"]
            await owners.do("supplier", "POST", "/tickets/redeem", {"code": code})
            for who in (owners.supplier, owners.distributor):
                desk = Desk(app, client, owner_connection, who)
                await desk.hire("A001")
                await desk.imported(workbook(TITLES, ("A002", None)))
        await settle(app)
        yield worlds
    await sweep()


def acting(who: Signed) -> AbstractContextManager[None]:
    """As authentication would have entered it."""
    return tenancy.platform() if who.kind is Kind.ADMIN else tenancy.organization(who.organization_id)


async def seen(app: FastAPI, table: str) -> int:
    async with app.state.database.sessions() as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.mark.parametrize("table", WALLED)
async def test_a_query_without_any_filter_shows_the_tenant_its_own(
    app: FastAPI, traded: tuple[World, World], owner_connection: asyncpg.Connection, table: str
) -> None:
    whole = await owner_connection.fetchval(f"SELECT count(*) FROM {table}")
    for owners in traded:
        for who in (owners.supplier, owners.distributor):
            mine = await owner_connection.fetchval(
                f"SELECT count(*) FROM {table} WHERE {WALLED[table]}", who.organization_id
            )
            assert 0 < mine < whole, f"the fixture shows nothing: {table}"
            with acting(who):
                assert await seen(app, table) == mine, f"{table} as {who.kind}"
        with acting(owners.admin):
            assert await seen(app, table) == whole
    assert await seen(app, table) == 0, "nobody is entered: nothing is seen"


async def test_the_same_over_http_when_a_room_forgets_its_filter(
    app: FastAPI, traded: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the first wall taken away, and the connections of the pool used by one tenant after the other."""
    monkeypatch.setattr(lists, "visible_orders", lambda principal: select(Order))
    for _ in range(3):
        for owners in traded:
            for who, own in ((owners.supplier, "supplier_id"), (owners.distributor, "distributor_id")):
                answer = await owners.client.get("/api/v1/orders?limit=200", headers=who.headers)
                items = answer.json()["items"]
                assert items and {item[own] for item in items} == {str(who.organization_id)}
    answer = await traded[0].client.get("/api/v1/orders?limit=200", headers=traded[0].admin.headers)
    assert len({item["supplier_id"] for item in answer.json()["items"]}) == 2


async def test_nobody_writes_into_another_s_rows(app: FastAPI, traded: tuple[World, World]) -> None:
    mine, other = traded
    statements = {
        "UPDATE orders SET note = 'mine' WHERE supplier_id = :other": "permission denied",  # lanes only
        "UPDATE accounts SET status = 'suspended' WHERE supplier_id = :other": None,
        "UPDATE recharges SET note = 'mine' WHERE supplier_id = :other": None,
        "UPDATE accounts SET supplier_id = :other WHERE kind = 'prepaid'": "row-level security",
    }
    for statement, refusal in statements.items():
        with acting(mine.supplier):
            async with app.state.database.sessions() as session:
                run = session.execute(text(statement), {"other": other.supplier.organization_id})
                if refusal is None:
                    assert (await run).rowcount == 0
                else:
                    with pytest.raises(ProgrammingError, match=refusal):
                        await run


async def test_the_setting_ends_with_its_transaction(app: FastAPI, traded: tuple[World, World]) -> None:
    """Whatever connection of the pool is taken next, and whatever became of the one before."""
    tenant = text("SELECT coalesce(current_setting('app.tenant', true), '')")
    for owners in traded:
        with acting(owners.supplier):
            async with app.state.database.sessions.begin() as session:
                assert await session.scalar(tenant) == str(owners.supplier.organization_id)
            async with app.state.database.sessions() as session:
                await session.scalar(tenant)
                await session.rollback()
                assert await session.scalar(tenant) == str(owners.supplier.organization_id)
        for _ in range(5):
            async with app.state.database.sessions() as session:
                assert await session.scalar(tenant) == ""


async def test_requests_of_two_tenants_at_once_do_not_mix(traded: tuple[World, World]) -> None:
    async def listed(owners: World) -> set[str]:
        answer = await owners.client.get("/api/v1/accounts", headers=owners.supplier.headers)
        return {item["supplier_id"] for item in answer.json()["items"]}

    answers = await asyncio.gather(*(listed(traded[n % 2]) for n in range(40)))
    assert answers == [{str(traded[n % 2].supplier.organization_id)} for n in range(40)]


async def test_lanes_and_worker_see_all(settings: Settings, traded: tuple[World, World]) -> None:
    engine = await asyncpg.connect(settings.engine_database_url)
    try:
        for table in WALLED:
            assert await engine.fetchval(f"SELECT count(*) FROM {table}") > 1, table
    finally:
        await engine.close()


async def test_both_logins_stand_before_every_wall(owner_connection: asyncpg.Connection) -> None:
    rows = await owner_connection.fetch(
        "SELECT c.relname, c.relrowsecurity, array_agg(DISTINCT r.rolname::text) FROM pg_class c "
        "LEFT JOIN pg_policy p ON p.polrelid = c.oid LEFT JOIN pg_roles r ON r.oid = ANY (p.polroles) "
        "WHERE c.relkind IN ('r', 'p') AND (c.relrowsecurity OR p.oid IS NOT NULL) GROUP BY 1, 2"
    )
    walls = {row[0]: (row[1], sorted(row[2])) for row in rows}
    both = (True, [provision.APP, provision.ENGINE])
    assert {table: walls.get(table) for table in WALLED} == dict.fromkeys(WALLED, both)
    assert set(walls) == set(WALLED), "a new wall is proved here: add who may see a row to WALLED"


async def test_a_new_table_takes_its_wall_in_one_line(owner_connection: asyncpg.Connection, settings: Settings) -> None:
    mine, other = UUID(int=1), UUID(int=2)
    transaction = owner_connection.transaction()
    await transaction.start()
    try:
        await owner_connection.execute("SET LOCAL ROLE distro_owner; CREATE TABLE letters (sender uuid, reader uuid)")
        await owner_connection.execute("SELECT wall_off('letters', 'sender', 'reader')")
        await owner_connection.executemany(
            "INSERT INTO letters VALUES ($1, $2)", [(mine, other), (other, mine), (other, other)]
        )
        await owner_connection.execute(f"RESET ROLE; SET LOCAL ROLE distro_app; SET LOCAL app.tenant = '{mine}'")
        assert await owner_connection.fetchval("SELECT count(*) FROM letters") == 2
        await owner_connection.execute("SET LOCAL app.tenant = 'platform'")
        assert await owner_connection.fetchval("SELECT count(*) FROM letters") == 3
        await owner_connection.execute("SET LOCAL app.tenant = ''")
        assert await owner_connection.fetchval("SELECT count(*) FROM letters") == 0
    finally:
        await transaction.rollback()
