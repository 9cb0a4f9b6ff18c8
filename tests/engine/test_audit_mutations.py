"""The audit is tested itself: every kind of corruption is caught by it, or stopped by the database before."""

from uuid import UUID

import asyncpg
import pytest

from distro_api.core.settings import Settings
from distro_api.core.verify import run_checks
from make.engine import CHECKS, OrderLanes, assert_clean, told
from make.market import Market, market
from make.worker import settle

CORRUPTIONS = {
    "money appears on an account": "UPDATE accounts SET posted = posted + 1 WHERE kind = 'prepaid'",
    "money appears with its entry": "UPDATE entries SET amount = amount + 1 WHERE account_version = 1",
    "frozen money is forgotten": "UPDATE accounts SET frozen = frozen - 1 WHERE kind = 'prepaid' AND frozen > 0",
    "an entry is lost": "DELETE FROM entries WHERE account_version = (SELECT max(account_version) FROM entries)",
    "a contra entry is lost": "DELETE FROM entries WHERE ctid = (SELECT min(ctid) FROM entries WHERE account_version IS NULL)",
    "an entry moves to another account": "UPDATE entries SET account_id = (SELECT id FROM accounts WHERE kind = 'cash') "
    "WHERE account_version IS NULL AND kind = 'order_payment'",
    "a version is skipped": "UPDATE entries SET account_version = account_version + 100 WHERE account_version = 2",
    "a balance after is wrong": "UPDATE entries SET balance_after = balance_after + 5 WHERE account_version = 2",
    "an available after is wrong": "UPDATE entries SET available_after = available_after + 5 WHERE account_version = 2",
    "a transfer is lost": "DELETE FROM transfers WHERE kind = 'order_refund'",
    "a transfer's amount is changed": "UPDATE transfers SET amount = amount + 7 WHERE kind = 'order_refund'",
    "a transfer changes sides": "UPDATE transfers SET debit_account_id = credit_account_id, credit_account_id = debit_account_id "
    "WHERE kind = 'order_payment'",
    "a transfer changes the book": "UPDATE transfers SET supplier_id = gen_random_uuid() WHERE kind = 'order_payment'",
    "a hold is resolved by nobody": "DELETE FROM transfers WHERE state = 'post'",
    "a hold's amount is changed": "UPDATE transfers SET amount = amount + 1 WHERE state = 'pending'",
    "a payment belongs to no order": "UPDATE transfers SET reference_id = gen_random_uuid() WHERE kind = 'order_payment'",
    "a payment came from a stranger": "UPDATE orders SET distributor_id = gen_random_uuid()",
    "a contra account has a balance": "UPDATE accounts SET posted = 1 WHERE kind = 'sales'",
    "places appear": "UPDATE inventory_buckets SET sold = sold - 1 WHERE sold > issued",
    "capacity appears": "UPDATE inventory_buckets SET capacity = capacity + 1",
    "held places are forgotten": "UPDATE inventory_buckets SET held = 0 WHERE held > 0",
    "a movement is lost": "DELETE FROM inventory_movements WHERE kind = 'sell'",
    "a movement is of another item": "UPDATE inventory_movements SET item_id = gen_random_uuid() WHERE kind = 'sell'",
    "bucket and movements agree on a lie": "WITH b AS (UPDATE inventory_buckets SET sold = sold + 1 RETURNING id) "
    "UPDATE inventory_movements SET sold_delta = sold_delta + 1 WHERE id = (SELECT min(id::text)::uuid FROM inventory_movements)",
    "an order's amount is changed": "UPDATE orders SET settlement_amount = settlement_amount + 1, total_amount = total_amount + 1, "
    "paid_amount = CASE paid_amount WHEN 0 THEN 0 ELSE paid_amount + 1 END",
    "a line is lost": "DELETE FROM order_lines WHERE id = (SELECT min(id::text)::uuid FROM order_lines)",
    "a line's quantity is changed": "UPDATE order_lines SET quantity = quantity + 1",
    "an order is called paid": "UPDATE orders SET status = 'paid', pay_before = NULL WHERE status = 'pending_payment'",
    "an order is called cancelled": "UPDATE orders SET status = 'cancelled' WHERE status = 'completed'",
    "a refund is forgotten": "UPDATE orders SET refund_status = 'none' WHERE refund_status <> 'none'",
    "a step of the timeline is lost": "DELETE FROM order_transitions WHERE seq = 1",
    "a ticket is lost": "DELETE FROM tickets WHERE status = 'valid'",
    "a ticket has grown": "UPDATE tickets SET quantity = quantity + 1",
    "a redemption is lost": "DELETE FROM ticket_redemptions",
    "a refund's amount is changed": "UPDATE refunds SET amount = amount + 1, settlement_amount = settlement_amount + 1",
    "a refund's line is lost": "DELETE FROM refund_lines",
    "a limit has forgotten": "UPDATE limit_counters SET used = used - 1",
    "a hold has no order": "UPDATE orders SET hold_id = NULL WHERE hold_id IS NOT NULL",
}


async def _full_market(lanes: OrderLanes, connection: asyncpg.Connection) -> Market:
    """Orders in every state, with something of everything in every table."""
    m = await market(connection, capacity=100, money=100_000)
    submit = lanes.submit
    used = told(await submit(m.supplier_id, m.place(m.line(2, per_day=50))))
    code = used["lines"][0]["tickets"][0]["code"]
    back = told(await submit(m.supplier_id, m.place(m.line(3))))
    await submit(m.supplier_id, m.place(m.line(4)))
    await submit(m.supplier_id, m.place(m.line(1), pay=None))
    await submit(m.supplier_id, m.place(m.line(1), approval=True))
    waiting = told(await submit(m.supplier_id, m.place(m.line(2), approval=True)))
    told(await submit(m.supplier_id, m.approve(UUID(waiting["id"]))))
    told(await submit(m.supplier_id, m.cancel(UUID(back["id"]))))
    told(await submit(m.supplier_id, m.redeem(code, serial="1")))
    return m


@pytest.mark.capability("Y11")
@pytest.mark.parametrize("name", CORRUPTIONS)
async def test_every_corruption_is_caught(
    name: str, lanes: OrderLanes, settings: Settings, owner_connection: asyncpg.Connection
) -> None:
    await _full_market(lanes, owner_connection)
    await settle(settings)
    await assert_clean(owner_connection)
    transaction = owner_connection.transaction()
    await transaction.start()
    try:
        await owner_connection.execute("SET LOCAL session_replication_role = replica")
        done = await owner_connection.execute(CORRUPTIONS[name])
        assert not done.endswith(" 0"), "the corruption touched nothing"
        assert await run_checks(owner_connection, CHECKS, "Asia/Shanghai") != []
    except asyncpg.IntegrityConstraintViolationError:
        pass  # stopped by the database
    finally:
        await transaction.rollback()
