"""Placing, paying and ending orders through the lanes."""

from typing import Any
from uuid import UUID

import asyncpg

from distro_api.core.lanes import Lanes
from make.engine import refused, told
from make.market import market


async def test_a_paid_order_takes_stock_and_money_and_issues_codes(
    lanes: Lanes[Any, Any], owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection, capacity=10, money=1000)
    order = told(await lanes.submit(m.supplier_id, m.place(m.line(3))))
    assert order["status"] == "paid"
    assert order["paid_amount"] == order["total_amount"] == 300
    assert [ticket["quantity"] for ticket in order["lines"][0]["tickets"]] == [3]
    assert await owner_connection.fetchrow("SELECT held, sold FROM inventory_buckets") == (0, 3)
    assert await owner_connection.fetchval("SELECT posted FROM accounts WHERE kind = 'prepaid'") == 700


async def test_an_unpaid_order_holds_and_then_pays_or_closes(
    lanes: Lanes[Any, Any], owner_connection: asyncpg.Connection
) -> None:
    m = await market(owner_connection, capacity=10, money=1000)
    first = told(await lanes.submit(m.supplier_id, m.place(m.line(3), pay=None)))
    late = told(await lanes.submit(m.supplier_id, m.place(m.line(2), pay=None, window_s=-1)))
    assert first["status"] == late["status"] == "pending_payment"
    assert await owner_connection.fetchrow("SELECT held, sold FROM inventory_buckets") == (5, 0)
    assert told(await lanes.submit(m.supplier_id, m.pay(UUID(first["id"]))))["status"] == "paid"
    assert refused(await lanes.submit(m.supplier_id, m.pay(UUID(late["id"])))) == "payment_window_over"
    assert (await lanes.submit(m.supplier_id, m.close(UUID(first["id"])))).status == 204
    assert told(await lanes.submit(m.supplier_id, m.close(UUID(late["id"]))))["status"] == "closed"
    assert await owner_connection.fetchrow("SELECT held, sold FROM inventory_buckets") == (0, 3)


async def test_cancelling_gives_everything_back(lanes: Lanes[Any, Any], owner_connection: asyncpg.Connection) -> None:
    m = await market(owner_connection, capacity=10, money=1000)
    order = told(await lanes.submit(m.supplier_id, m.place(m.line(3))))
    cancelled = told(await lanes.submit(m.supplier_id, m.cancel(UUID(order["id"]))))
    assert (cancelled["status"], cancelled["refund_status"], cancelled["refunded_amount"]) == ("cancelled", "full", 300)
    assert cancelled["lines"][0]["tickets"][0]["status"] == "refunded"
    assert await owner_connection.fetchrow("SELECT held, sold FROM inventory_buckets") == (0, 0)
    assert await owner_connection.fetchval("SELECT posted FROM accounts WHERE kind = 'prepaid'") == 1000
