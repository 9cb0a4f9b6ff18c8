"""What the database itself refuses, whoever writes: every CHECK and UNIQUE of stock, books, tickets and orders.

Each case is a statement by hand on rows that real commands made. The last test keeps the list complete.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest

from distro_api.core import provision
from distro_api.core.lanes import Lanes
from distro_api.core.settings import Settings
from distro_api.models import APPEND_ONLY, LANES_ONLY, NEVER_DELETED
from distro_api.orders.service.batch import executor
from distro_api.orders.service.source import RandomSource
from make.engine import OrderLanes, told
from make.market import market, open_account

GUARDED = (
    "inventory_buckets",
    "accounts",
    "transfers",
    "entries",
    "tickets",
    "ticket_redemptions",
    "orders",
    "order_lines",
    "refunds",
    "refund_lines",
    "recharges",
    "limit_counters",
)
NEW = "gen_random_uuid()"
CASES = [
    ("ck_inventory_buckets_never_oversold", "UPDATE inventory_buckets SET held = held + capacity"),
    ("ck_inventory_buckets_never_oversold", "UPDATE inventory_buckets SET capacity = sold + held - 1"),
    ("ck_inventory_buckets_never_oversold", "UPDATE inventory_buckets SET held = -1"),
    ("ck_inventory_buckets_issued_is_sold", "UPDATE inventory_buckets SET issued = sold + 1"),
    ("ck_inventory_buckets_issued_is_sold", "UPDATE inventory_buckets SET issued = -1"),
    (
        "uq_inventory_buckets_item_id_service_date_slot",  # two without slot are the same bucket: nulls are not distinct
        f"INSERT INTO inventory_buckets SELECT {NEW}, item_id, supplier_id, service_date, slot, 5, 0, 0, 0, false "
        "FROM inventory_buckets",
    ),
    ("ck_accounts_never_overdrawn", "UPDATE accounts SET posted = frozen - 1 WHERE kind = 'prepaid'"),
    ("ck_accounts_never_overdrawn", "UPDATE accounts SET posted = -credit_limit - 1 WHERE kind = 'credit'"),
    ("ck_accounts_never_overdrawn", "UPDATE accounts SET frozen = posted + 1 WHERE kind = 'prepaid'"),
    ("ck_accounts_frozen_and_limit_not_negative", "UPDATE accounts SET frozen = -1 WHERE kind = 'prepaid'"),
    ("ck_accounts_frozen_and_limit_not_negative", "UPDATE accounts SET credit_limit = -1 WHERE kind = 'credit'"),
    ("ck_accounts_floor_covers_limit", "UPDATE accounts SET limit_floor = credit_limit - 1 WHERE kind = 'credit'"),
    ("ck_accounts_money_has_a_floor", "UPDATE accounts SET limit_floor = NULL WHERE kind = 'prepaid'"),
    ("ck_accounts_money_has_a_floor", "UPDATE accounts SET limit_floor = 0 WHERE kind = 'sales'"),
    (
        "ck_accounts_prepaid_has_no_credit",
        "UPDATE accounts SET credit_limit = 5, limit_floor = 5 WHERE kind = 'prepaid'",
    ),
    (
        "uq_accounts_supplier_id_owner_id_kind_unit",
        "INSERT INTO accounts (id, supplier_id, owner_id, kind, unit, status, posted, frozen, credit_limit, limit_floor, "
        f"entry_count, version, updated_at, created_at) SELECT {NEW}, supplier_id, owner_id, kind, unit, 'active', 0, 0, 0, 0, "
        "0, 1, now(), now() FROM accounts WHERE kind = 'prepaid'",
    ),
    ("ck_transfers_amount_is_positive", "UPDATE transfers SET amount = 0 WHERE state = 'direct'"),
    ("ck_transfers_amount_is_positive", "UPDATE transfers SET amount = -1 WHERE state = 'pending'"),
    ("ck_transfers_two_accounts", "UPDATE transfers SET credit_account_id = debit_account_id"),
    ("ck_transfers_resolution_names_its_hold", "UPDATE transfers SET pending_id = NULL WHERE state = 'post'"),
    ("ck_transfers_resolution_names_its_hold", "UPDATE transfers SET state = 'pending' WHERE state = 'post'"),
    (
        "uq_transfers_pending_id",
        "INSERT INTO transfers (id, supplier_id, debit_account_id, credit_account_id, amount, unit, state, pending_id, kind, "
        f"reference_id, created_at) SELECT {NEW}, supplier_id, debit_account_id, credit_account_id, 0, unit, 'void', pending_id, "
        "kind, reference_id, now() FROM transfers WHERE state = 'post'",
    ),
    (
        "uq_transfers_once",
        "INSERT INTO transfers SELECT gen_random_uuid(), supplier_id, debit_account_id, credit_account_id, amount, unit, 'direct', "
        "NULL, kind, reference_id, now() FROM transfers WHERE kind = 'order_payment'",
    ),
    ("ck_entries_two_legs", "UPDATE entries SET leg = 2 WHERE leg = 1"),
    ("ck_entries_versions_start_at_one", "UPDATE entries SET account_version = 0 WHERE account_version = 1"),
    (
        "uq_entries_account_id_account_version",
        "UPDATE entries SET account_version = account_version - 1 WHERE account_version = 2",
    ),
    ("ck_tickets_redeemed_or_refunded_once", "UPDATE tickets SET redeemed = quantity - refunded + 1"),
    ("ck_tickets_counts_not_negative", "UPDATE tickets SET redeemed = -1"),
    ("ck_tickets_counts_not_negative", "UPDATE tickets SET refunded = -1"),
    ("uq_tickets_code", "UPDATE tickets SET code = (SELECT min(code) FROM tickets)"),
    ("ck_ticket_redemptions_quantity_is_positive", "UPDATE ticket_redemptions SET quantity = 0"),
    ("ck_ticket_redemptions_device_and_serial", "UPDATE ticket_redemptions SET serial = NULL"),
    ("ck_ticket_redemptions_reversal_names_a_redemption", "UPDATE ticket_redemptions SET kind = 'reverse'"),
    (
        "uq_ticket_redemptions_supplier_id_device_serial",
        f"INSERT INTO ticket_redemptions SELECT {NEW}, supplier_id, ticket_id, kind, 1, device, serial, reverses_id, actor_id, "
        "reason, created_at FROM ticket_redemptions",
    ),
    (
        "uq_ticket_redemptions_reverses_id",
        f"INSERT INTO ticket_redemptions SELECT {NEW}, supplier_id, ticket_id, 'reverse', 1, NULL, NULL, id, actor_id, "
        "reason, created_at FROM ticket_redemptions, generate_series(1, 2)",
    ),
    ("ck_orders_total_is_the_payers", "UPDATE orders SET total_amount = total_amount + 1, paid_amount = 0"),
    ("ck_orders_total_is_the_payers", "UPDATE orders SET payer = 'customer'"),
    ("ck_orders_paid_whole_or_not", "UPDATE orders SET paid_amount = total_amount - 1 WHERE refunded_amount = 0"),
    ("ck_orders_refunded_is_paid", "UPDATE orders SET refunded_amount = paid_amount + 1"),
    ("ck_orders_refunded_is_paid", "UPDATE orders SET refunded_amount = -1"),
    ("ck_orders_unpaid_has_an_end", "UPDATE orders SET pay_before = NULL WHERE status = 'pending_payment'"),
    ("ck_orders_unpaid_has_an_end", "UPDATE orders SET pay_before = now() WHERE status = 'paid'"),
    ("ck_orders_frozen_only_while_waiting", f"UPDATE orders SET hold_id = {NEW} WHERE status = 'paid'"),
    (
        "ck_orders_frozen_on_an_account",
        f"UPDATE orders SET status = 'pending_approval', paid_at = NULL, paid_amount = 0, account_id = NULL, hold_id = {NEW} "
        "WHERE status = 'paid' AND refunded_amount = 0",
    ),
    ("ck_orders_paid_at_some_time_or_not", "UPDATE orders SET paid_at = NULL WHERE status = 'paid'"),
    ("ck_orders_paid_at_some_time_or_not", "UPDATE orders SET paid_at = now() WHERE status = 'pending_payment'"),
    ("uq_orders_order_no", "UPDATE orders SET order_no = 'the same'"),
    (
        "uq_orders_distributor_id_source_outside_no",
        "UPDATE orders SET outside_no = 'the same', source = 'one'",
    ),
    ("ck_order_lines_fulfilled_or_refunded_once", "UPDATE order_lines SET fulfilled = quantity - refunded + 1"),
    ("ck_order_lines_fulfilled_or_refunded_once", "UPDATE order_lines SET refunding = quantity, fulfilled = 1"),
    ("ck_order_lines_counts_not_negative", "UPDATE order_lines SET refunding = -1"),
    ("ck_order_lines_counts_not_negative", "UPDATE order_lines SET fulfilled = -1"),
    ("ck_order_lines_refund_within_settlement", "UPDATE order_lines SET refunded_amount = settlement_amount + 1"),
    ("ix_order_lines_order_id", "UPDATE order_lines SET order_id = (SELECT order_id FROM order_lines LIMIT 1)"),
    ("ck_refunds_amounts_not_negative", "UPDATE refunds SET amount = -1, fee_amount = settlement_amount + 1"),
    ("ck_refunds_amount_and_fee_are_the_whole", "UPDATE refunds SET fee_amount = fee_amount + 1"),
    ("ck_refund_lines_quantity_is_positive", "UPDATE refund_lines SET quantity = 0"),
    ("ck_recharges_amount_is_positive", "UPDATE recharges SET amount = 0"),
    ("ck_recharges_rejection_has_a_reason", "UPDATE recharges SET status = 'rejected', reject_reason = NULL"),
    ("ck_recharges_rejection_has_a_reason", "UPDATE recharges SET reject_reason = 'why not'"),
    ("ck_limit_counters_used_not_negative", "UPDATE limit_counters SET used = -1"),
    ("ck_accounts_accountkind", "UPDATE accounts SET kind = 'other' WHERE kind = 'sales'"),
    ("ck_accounts_accountstatus", "UPDATE accounts SET status = 'other'"),
    ("ck_transfers_transferstate", "UPDATE transfers SET state = 'other' WHERE state = 'direct'"),
    ("ck_tickets_ticketstatus", "UPDATE tickets SET status = 'other'"),
    ("ck_ticket_redemptions_redemptionkind", "UPDATE ticket_redemptions SET kind = 'other'"),
    ("ck_orders_orderstatus", "UPDATE orders SET status = 'other' WHERE status = 'paid'"),
    ("ck_orders_refundstatus", "UPDATE orders SET refund_status = 'other'"),
    ("ck_orders_payer", "UPDATE orders SET payer = 'other'"),
    ("ck_order_lines_confirmation", "UPDATE order_lines SET confirmation = 'other'"),
    ("ck_refunds_refundstate", "UPDATE refunds SET status = 'other'"),
    ("ck_recharges_rechargestatus", "UPDATE recharges SET status = 'other'"),
]


@pytest.fixture(scope="module")
async def rows(
    settings: Settings, sweep: Callable[[], Awaitable[None]], owner_connection: asyncpg.Connection
) -> AsyncIterator[asyncpg.Connection]:
    """Orders in every state that has rows of its own: paid and used, waiting, approved, rejected, given back."""
    await sweep()
    m = await market(owner_connection, items=2)
    await open_account(owner_connection, m.supplier_id, m.distributor_id, money=0, kind="credit", limit=500)
    assert settings.engine_database_url is not None
    lanes: OrderLanes = Lanes(
        settings.engine_database_url, executor(RandomSource(settings.time_zone), settings.time_zone)
    )
    async with lanes:
        paid = told(await lanes.submit(m.supplier_id, m.place(m.line(3, per_day=10), m.line(2, item=1))))
        code = paid["lines"][0]["tickets"][0]["code"]
        await lanes.submit(m.supplier_id, m.redeem(code, quantity=1, serial="1"))
        await lanes.submit(m.supplier_id, m.place(m.line(1), pay=None))
        approved, rejected = [told(await lanes.submit(m.supplier_id, m.place(approval=True))) for _ in range(2)]
        await lanes.submit(m.supplier_id, m.approve(UUID(approved["id"])))
        await lanes.submit(m.supplier_id, m.reject(UUID(rejected["id"])))
        given_back = told(await lanes.submit(m.supplier_id, m.place(m.line(2))))
        await lanes.submit(m.supplier_id, m.cancel(UUID(given_back["id"])))
    await owner_connection.execute(
        "INSERT INTO recharges (id, supplier_id, distributor_id, account_id, kind, amount, method, status, requested_by, version, "
        "updated_at, created_at) SELECT gen_random_uuid(), supplier_id, owner_id, id, 'recharge', 5, 'offline', 'pending_approval', owner_id, "
        "1, now(), now() FROM accounts WHERE kind = 'prepaid'"
    )
    yield owner_connection
    await sweep()


@pytest.mark.parametrize("name, statement", CASES)
async def test_refused(rows: asyncpg.Connection, name: str, statement: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await rows.execute(statement)
    assert refused.value.constraint_name == name


async def test_every_constraint_has_a_case(owner_connection: asyncpg.Connection) -> None:
    found = await owner_connection.fetch(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid::regclass::text = ANY ($1) UNION "
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND NOT indisprimary "
        "AND indrelid::regclass::text = ANY ($1)",
        list(GUARDED),
    )
    assert {row[0] for row in found} == {name for name, _ in CASES}


async def test_requests_only_read_what_lanes_write(owner_connection: asyncpg.Connection, settings: Settings) -> None:
    allowed = await owner_connection.fetch(
        "SELECT t, p FROM unnest($1::text[]) t, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p "
        "WHERE has_table_privilege('distro_app', t, p) OR p = 'UPDATE' AND has_any_column_privilege('distro_app', t, p)",
        list(LANES_ONLY),
    )
    assert [tuple(row) for row in allowed] == []
    login = await asyncpg.connect(settings.app_database_url)
    try:
        for statement in ("UPDATE orders SET status = 'paid'", "DELETE FROM limit_counters", "TRUNCATE tickets"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await login.execute(statement)
    finally:
        await login.close()


async def test_what_is_never_deleted_can_not_be(owner_connection: asyncpg.Connection) -> None:
    allowed = await owner_connection.fetch(
        "SELECT t, r FROM unnest($1::text[]) t, unnest(ARRAY['distro_app', 'distro_engine']) r "
        "WHERE has_table_privilege(r, t, 'DELETE')",
        list(NEVER_DELETED),
    )
    assert [tuple(row) for row in allowed] == []


async def test_who_deletes_scans_nobody_elses_table(owner_connection: asyncpg.Connection) -> None:
    """Every foreign key to a table that a login may delete from has an index that begins with it."""
    missing = await owner_connection.fetch("""
        SELECT c.conname FROM pg_constraint c
        WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND c.conparentid = 0
            AND (has_table_privilege('distro_app', c.confrelid, 'DELETE')
                OR has_table_privilege('distro_engine', c.confrelid, 'DELETE'))
            AND NOT EXISTS (
                SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = ANY (c.conkey)
                    AND coalesce(pg_get_expr(i.indpred, i.indrelid), 'IS NOT NULL)') LIKE '%IS NOT NULL)')""")
    assert [row[0] for row in missing] == []


@pytest.mark.parametrize("role", [provision.APP, provision.ENGINE])
async def test_nobody_changes_what_is_append_only(
    owner_connection: asyncpg.Connection, settings: Settings, role: str
) -> None:
    leaves = await owner_connection.fetch(
        "SELECT relid::text FROM unnest($1::text[]) t, pg_partition_tree(t::regclass) UNION SELECT unnest($1::text[])",
        list(APPEND_ONLY),
    )
    names = [row[0] for row in leaves]
    assert len(names) > len(APPEND_ONLY)
    allowed = await owner_connection.fetch(
        "SELECT t, p FROM unnest($2::text[]) t, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) p "
        "WHERE has_table_privilege($1, t, p)",
        role,
        names,
    )
    assert [tuple(row) for row in allowed] == []
    columns = "SELECT t FROM unnest($2::text[]) t WHERE has_any_column_privilege($1, t, 'UPDATE')"
    assert await owner_connection.fetch(columns, role, names) == []
    powers = await owner_connection.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, pg_has_role($1, 'distro_owner', 'MEMBER') "
        "FROM pg_roles WHERE rolname = $1",
        role,
    )
    assert powers is not None and not any(powers)
    login = await asyncpg.connect(settings.app_database_url if role == provision.APP else settings.engine_database_url)
    try:
        for table in names:
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET supplier_id = NULL", f"TRUNCATE {table}"):
                with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedColumnError)):
                    await login.execute(statement)
    finally:
        await login.close()
