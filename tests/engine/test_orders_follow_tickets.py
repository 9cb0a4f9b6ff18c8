"""Orders follow their tickets when the worker is connected as it is in life."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from distro_api.core.lanes import Lanes
from distro_api.core.settings import Settings
from make.engine import assert_clean, told
from make.market import market
from make.worker import settle


@pytest.mark.capability("O14")
async def test_the_last_code_used_completes_the_order(
    lanes: Lanes[Any, Any], settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection)
    order = told(await lanes.submit(m.supplier_id, m.place(m.line(3))))
    code = order["lines"][0]["tickets"][0]["code"]
    status = "SELECT status FROM orders"
    await lanes.submit(m.supplier_id, m.redeem(code, quantity=1, serial="1"))
    await settle(settings)
    assert await owner_connection.fetchval(status) == "fulfilling"
    await lanes.submit(m.supplier_id, m.redeem(code, quantity=2, serial="2"))
    await settle(settings)
    assert await owner_connection.fetchval(status) == "completed"
    names = [row[0] for row in await owner_connection.fetch("SELECT name FROM events ORDER BY position")]
    assert names == ["orders.placed", "orders.paid", "tickets.redeemed", "tickets.redeemed", "orders.completed"]
    await assert_clean(owner_connection)


@pytest.mark.capability("O8", "O14")
async def test_what_is_left_after_a_use_goes_back_and_completes_the_order(
    lanes: Lanes[Any, Any], settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection, money=1000)
    order = told(await lanes.submit(m.supplier_id, m.place(m.line(3))))
    await lanes.submit(m.supplier_id, m.redeem(order["lines"][0]["tickets"][0]["code"], quantity=1, serial="1"))
    await settle(settings)
    outcome = told(await lanes.submit(m.supplier_id, m.refund(UUID(order["id"]), None)))
    assert outcome["amount"] == 200
    await settle(settings)
    assert await owner_connection.fetchrow("SELECT status, refund_status FROM orders") == ("completed", "partial")
    await assert_clean(owner_connection)


@pytest.mark.capability("O14")
async def test_a_reversed_redemption_reopens_the_order(
    lanes: Lanes[Any, Any], settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection)
    [line] = told(await lanes.submit(m.supplier_id, m.place(m.line(2))))["lines"]
    [ticket] = line["tickets"]
    for serial in ("1", "2"):
        await lanes.submit(m.supplier_id, m.redeem(ticket["code"], quantity=1, serial=serial))
    await settle(settings)
    statuses = [await owner_connection.fetchval("SELECT status FROM orders")]
    for _ in range(2):
        told(await lanes.submit(m.supplier_id, m.reverse(UUID(ticket["id"]))))
        await settle(settings)
        statuses.append(await owner_connection.fetchval("SELECT status FROM orders"))
    assert statuses == ["completed", "fulfilling", "paid"]
    await assert_clean(owner_connection)


@pytest.mark.capability("O8")
async def test_units_go_back_code_by_code_where_a_line_has_several(
    lanes: Lanes[Any, Any], settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection, money=1000)
    order = told(await lanes.submit(m.supplier_id, m.place(m.line(5))))
    [line] = order["lines"]
    await owner_connection.execute("UPDATE tickets SET quantity = 2")
    await owner_connection.execute(
        "INSERT INTO tickets SELECT gen_random_uuid(), code || n, supplier_id, distributor_id, order_id, line_id, product_id, "
        "sku_id, n, 0, 0, status, valid_from, valid_to, created_at FROM tickets, generate_series(1, 2) n"
    )
    ids = "SELECT id FROM tickets ORDER BY id"
    first, second, third = [row[0] for row in await owner_connection.fetch(ids)]
    quantities = dict(await owner_connection.fetch("SELECT id, quantity FROM tickets"))
    code = await owner_connection.fetchval("SELECT code FROM tickets WHERE id = $1", first)
    await lanes.submit(m.supplier_id, m.redeem(code, quantity=1, serial="1"))
    back = quantities[first]  # one more than the first code has left
    outcome = told(await lanes.submit(m.supplier_id, m.refund(UUID(order["id"]), {UUID(line["id"]): back})))
    assert outcome["amount"] == 100 * back
    refunded = dict(await owner_connection.fetch("SELECT id, refunded FROM tickets"))
    assert refunded == {first: quantities[first] - 1, second: 1, third: 0}
    told(await lanes.submit(m.supplier_id, m.refund(UUID(order["id"]), None)))
    assert await owner_connection.fetchval("SELECT sum(refunded) FROM tickets") == 4
    await settle(settings)
    assert await owner_connection.fetchval("SELECT status FROM orders") == "completed"
    await assert_clean(owner_connection)
