"""Past orders by the hundred thousand, written by set-based SQL as the product would have written them.

Each was placed with `pay` by a distributor of the spread market, for one unit on the day of the order, and redeemed:
order, line, timeline, code, redemption, transfer, entries in the account's chain, stock with its movements, audit rows;
events of the last 30 days and idempotency keys of the last 7, which is what the product keeps. `ledger verify` holds.
What differs from real ones: one price, one unit, events without fields that nobody reads, answers under keys that are
only as long as real ones, audit rows without request ids.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import asyncpg
from pydantic import SecretStr

from benchmarks import market
from benchmarks.stage import SECRET
from distro_api.core import clock
from distro_api.core.settings import Settings
from distro_api.subscriptions import subscribers

SPAN = timedelta(days=180)
EVENT_DAYS, KEY_DAYS = 30, 7
CHUNK = 100_000
ANSWER_BYTES = 1500

Tell = Callable[[str], None]

PREPARE = """
SET session_replication_role = replica;  -- foreign keys hold by construction; verified afterwards
SET synchronous_commit = off;
SET work_mem = '256MB';
CREATE TEMP TABLE buyers AS
SELECT row_number() OVER (ORDER BY a.id) - 1 AS buyer, a.id AS account_id, a.supplier_id, a.owner_id AS distributor_id,
    s.id AS sales_id, u.id AS user_id
FROM accounts a JOIN accounts s ON s.supplier_id = a.supplier_id AND s.kind = 'sales'
    JOIN users u ON u.organization_id = a.owner_id
WHERE a.kind = 'prepaid' AND a.supplier_id <> '{hot}';
CREATE TEMP TABLE goods AS
SELECT row_number() OVER (PARTITION BY s.supplier_id ORDER BY s.id) - 1 AS good, s.supplier_id, s.id AS sku_id,
    s.product_id, s.name AS sku_name, p.name AS product_name, t.item_id, i.strategy_id, g.refund_rules
FROM skus s JOIN products p ON p.id = s.product_id JOIN sku_stock t ON t.sku_id = s.id
    JOIN strategy_items i ON i.sku_id = s.id JOIN strategies g ON g.id = i.strategy_id
WHERE s.supplier_id <> '{hot}';
CREATE TEMP TABLE past (n bigint, at timestamptz, day date, order_id uuid, line_id uuid, ticket_id uuid, transfer_id uuid,
    code text, buyer bigint, account_id uuid, supplier_id uuid, distributor_id uuid, sales_id uuid, user_id uuid,
    sku_id uuid, product_id uuid, sku_name text, product_name text, item_id uuid, strategy_id uuid, refund_rules jsonb,
    nth bigint);
ANALYZE buyers;
ANALYZE goods;
"""
DRAW = """
WITH drawn AS MATERIALIZED (
    SELECT n, $1::timestamptz + $2::interval * (n / $3::float8) AS at, floor(random() * (SELECT count(*) FROM buyers))::bigint AS buyer,
        floor(random() * {goods})::bigint AS good
    FROM generate_series(1, $3::bigint) n
)
INSERT INTO past
SELECT d.n, d.at, (d.at AT TIME ZONE '{zone}')::date, uuidv7(d.at - now()), uuidv7(d.at - now()), uuidv7(d.at - now()),
    uuidv7(d.at - now()), upper(substr(md5(random()::text || d.n), 1, 16)), b.buyer, b.account_id, b.supplier_id,
    b.distributor_id, b.sales_id, b.user_id, g.sku_id, g.product_id, g.sku_name, g.product_name, g.item_id, g.strategy_id,
    g.refund_rules, row_number() OVER (PARTITION BY b.account_id ORDER BY d.n)
FROM drawn d JOIN buyers b USING (buyer) JOIN goods g ON g.supplier_id = b.supplier_id AND g.good = d.good
ORDER BY d.n
"""
UNOPENED = """
SELECT DISTINCT p.item_id, p.supplier_id, p.day FROM past p
WHERE NOT EXISTS (SELECT FROM inventory_buckets b WHERE b.item_id = p.item_id AND b.service_date = p.day)
"""
WRITE = (
    """INSERT INTO orders (id, order_no, supplier_id, distributor_id, placed_by, channel, business_mode, payer, status,
        refund_status, source, customer_name, customer_phone, currency, retail_amount, settlement_amount, commission_amount,
        total_amount, paid_amount, refunded_amount, pay_by, account_id, paid_at, created_at, updated_at, version)
    SELECT order_id, to_char(at AT TIME ZONE '{zone}', 'YYMMDD') || lpad((extract(epoch FROM at) * 1000)::bigint % 86400000 || '',
        8, '0') || lpad(floor(random() * 1000000) || '', 6, '0'), supplier_id, distributor_id, user_id, 'individual',
        'wholesale', 'distributor', 'completed', 'none', 'direct', '王小明', '13800138000', 'CNY', {retail}, {price}, 0, {price},
        {price}, 0, '["prepaid"]', account_id, at, at, at, 3
    FROM past ORDER BY n""",
    """INSERT INTO order_lines (id, order_id, supplier_id, distributor_id, line_no, product_id, sku_id, strategy_id,
        product_name, sku_name, product_kind, fulfilment, confirmation, quantity, fulfilled, refunding, refunded,
        service_date, anchor, valid_from, valid_to, retail_price, settlement_price, retail_amount, settlement_amount,
        commission_amount, refunded_amount, fee_amount, refund_rules, stock, explanation)
    SELECT line_id, order_id, supplier_id, distributor_id, 1, product_id, sku_id, strategy_id, product_name, sku_name,
        'ticket', 'code', 'none', 1, 1, 0, 0, day, day::timestamp AT TIME ZONE '{zone}', day, day, {retail}, {price}, {retail},
        {price}, 0, 0, 0, refund_rules, jsonb_build_array(jsonb_build_object('item_id', item_id, 'mode', 'daily', 'units', 1)),
        '[{{"rule": "base", "zh": "策略价", "en": "Strategy price"}}]'
    FROM past ORDER BY n""",
    """INSERT INTO order_transitions (order_id, seq, supplier_id, distributor_id, action, status, actor_id,
        actor_organization_id, reason, created_at)
    SELECT order_id, s.seq, supplier_id, distributor_id, s.action, s.status, user_id, distributor_id, '', at
    FROM past CROSS JOIN (VALUES (1, 'place', 'paid'), (2, 'complete', 'completed')) s(seq, action, status) ORDER BY n, s.seq""",
    """INSERT INTO tickets (id, code, supplier_id, distributor_id, order_id, line_id, product_id, sku_id, quantity, redeemed,
        refunded, status, valid_from, valid_to, created_at)
    SELECT ticket_id, code, supplier_id, distributor_id, order_id, line_id, product_id, sku_id, 1, 1, 0, 'redeemed', day, day,
        at
    FROM past ORDER BY n""",
    """INSERT INTO ticket_redemptions (id, supplier_id, ticket_id, kind, quantity, reason, created_at)
    SELECT uuidv7(at - now()), supplier_id, ticket_id, 'redeem', 1, '', at FROM past ORDER BY n""",
    """INSERT INTO transfers (id, supplier_id, debit_account_id, credit_account_id, amount, unit, state, kind, reference_id,
        created_at)
    SELECT transfer_id, supplier_id, account_id, sales_id, {price}, 'CNY', 'direct', 'order_payment', order_id, at
    FROM past ORDER BY n""",
    """INSERT INTO entries (transfer_id, leg, supplier_id, account_id, kind, amount, frozen_delta, available_after,
        balance_after, account_version, reference_id, created_at)
    SELECT transfer_id, leg, p.supplier_id, CASE leg WHEN 0 THEN p.account_id ELSE sales_id END, 'order_payment',
        CASE leg WHEN 0 THEN -{price} ELSE {price} END, 0, CASE leg WHEN 0 THEN a.posted - nth * {price} END,
        CASE leg WHEN 0 THEN a.posted - nth * {price} END, CASE leg WHEN 0 THEN a.entry_count + nth END, order_id, at
    FROM past p JOIN accounts a ON a.id = p.account_id CROSS JOIN generate_series(0, 1) leg ORDER BY n, leg""",
    """UPDATE accounts a SET posted = a.posted - p.n * {price}, entry_count = a.entry_count + p.n
    FROM (SELECT account_id, count(*) AS n FROM past GROUP BY 1) p WHERE a.id = p.account_id""",
    """INSERT INTO inventory_movements (id, created_at, supplier_id, item_id, bucket_id, service_date, kind, capacity_delta,
        held_delta, sold_delta, issued_delta, reference_id, actor_id, reason)
    SELECT uuidv7(at - now()), at, p.supplier_id, p.item_id, b.id, day, k.kind, 0, 0, k.sold, 1 - k.sold, order_id, user_id, ''
    FROM past p JOIN inventory_buckets b ON b.item_id = p.item_id AND b.service_date = p.day
        CROSS JOIN (VALUES ('sell', 1), ('issue', 0)) k(kind, sold) ORDER BY n""",
    """UPDATE inventory_buckets b SET sold = b.sold + p.n, issued = b.issued + p.n
    FROM (SELECT item_id, day, count(*) AS n FROM past GROUP BY 1, 2) p WHERE b.item_id = p.item_id AND b.service_date = p.day""",
    """INSERT INTO audit_log (id, created_at, organization_id, user_id, action, object_type, object_id, detail, request_id,
        address)
    SELECT uuidv7(at - now()), at, distributor_id, user_id, k.action, k.kind,
        CASE k.kind WHEN 'order' THEN order_id ELSE ticket_id END, jsonb_build_object('supplier_id', supplier_id), '', ''
    FROM past CROSS JOIN (VALUES ('orders.place', 'order'), ('tickets.redeem', 'ticket')) k(action, kind) ORDER BY n""",
    """INSERT INTO idempotency_keys (organization_id, key, fingerprint, status, body, location, created_at)
    SELECT distributor_id, gen_random_uuid(), sha256(order_id::text::bytea), 201,
        convert_to(left(repeat(order_id::text, 100), {answer}), 'UTF8'), '/api/v1/orders/' || order_id, at
    FROM past WHERE at > now() - interval '{key_days} days' ORDER BY n""",
    """WITH new AS (
        INSERT INTO events (position, published_at, name, aggregate_id, supplier_id, distributor_id, payload, occurred_at)
        SELECT r.position + row_number() OVER (ORDER BY n, k.ordinality), at, k.name, order_id, supplier_id, distributor_id,
            jsonb_build_object('order_id', order_id, 'supplier_id', supplier_id, 'total_amount', {price}), at
        FROM past CROSS JOIN event_relay r CROSS JOIN unnest(ARRAY['orders.placed', 'orders.paid', 'tickets.redeemed',
            'orders.completed']) WITH ORDINALITY k(name, ordinality)
        WHERE at > now() - interval '{event_days} days' RETURNING 1)
    UPDATE event_relay SET position = position + (SELECT count(*) FROM new)""",
    "TRUNCATE past",
)


def _filled(sql: str) -> str:
    return sql.format(
        zone=market.TIME_ZONE,
        price=market.SETTLEMENT_PRICE,
        retail=market.RETAIL_PRICE,
        goods=market.PRODUCTS // market.SUPPLIERS,
        answer=ANSWER_BYTES,
        key_days=KEY_DAYS,
        event_days=EVENT_DAYS,
        hot=market.name("supplier", market.HOT),
    )


async def load(dsn: str, orders: int, tell: Tell) -> None:
    """Add `orders` past orders, evenly over the last 180 days, and bring the statistics up to date."""
    connection = await asyncpg.connect(dsn)
    started = time.monotonic()
    try:
        begin = clock.now() - SPAN
        await connection.execute("SELECT ensure_partitions($1, $2)", begin.date(), clock.now().date())
        await connection.execute(_filled(PREPARE))
        for done in range(0, orders, CHUNK):
            count = min(CHUNK, orders - done)
            since, length = begin + SPAN * (done / orders), SPAN * (count / orders)
            async with connection.transaction():
                await connection.execute(_filled(DRAW), since, length, count)
                await market.open_buckets_of(connection, [tuple(row) for row in await connection.fetch(UNOPENED)])
                for statement in WRITE:
                    await connection.execute(_filled(statement))
            tell(f"past orders: {done + count:,} of {orders:,} after {time.monotonic() - started:.0f} s")
        for subscriber in subscribers(Settings(secret_key=SecretStr(SECRET))):
            await connection.execute(
                "INSERT INTO event_cursors SELECT $1, position FROM event_relay "
                "ON CONFLICT (subscriber) DO UPDATE SET position = excluded.position",
                subscriber.name,
            )
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def load_now(dsn: str, orders: int, tell: Tell) -> None:
    """The same, from outside an event loop."""
    asyncio.run(load(dsn, orders, tell))
