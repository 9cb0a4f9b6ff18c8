"""Writing what a batch decided about orders."""

from collections.abc import Iterable, Sequence

from distro_api.core.db import Columns, Connection, Writes
from distro_api.orders.queries.working import (
    LINE_COLUMNS,
    ORDER_COLUMNS,
    STEP_COLUMNS,
    Step,
    WorkingOrder,
    line_row,
    order_row,
)
from distro_api.orders.service.world import World

_REFUND_COLUMNS: Columns = (
    ("id", "uuid"),
    ("order_id", "uuid"),
    ("supplier_id", "uuid"),
    ("distributor_id", "uuid"),
    ("status", "text"),
    ("reason", "text"),
    ("amount", "bigint"),
    ("fee_amount", "bigint"),
    ("retail_amount", "bigint"),
    ("settlement_amount", "bigint"),
    ("commission_amount", "bigint"),
    ("account_id", "uuid"),
    ("requested_by", "uuid"),
    ("created_at", "timestamptz"),
    ("version", "bigint"),
)
_REFUND_LINE_COLUMNS: Columns = (
    ("refund_id", "uuid"),
    ("line_id", "uuid"),
    ("quantity", "bigint"),
    ("amount", "bigint"),
    ("fee_amount", "bigint"),
    ("retail_amount", "bigint"),
    ("settlement_amount", "bigint"),
    ("commission_amount", "bigint"),
)


def add_steps(writes: Writes, steps: Iterable[tuple[WorkingOrder, Step]]) -> None:
    """New steps of the timeline."""
    rows = [
        (
            order.id,
            step.seq,
            order.supplier_id,
            order.distributor_id,
            step.action,
            step.status,
            step.actor_id,
            step.actor_organization_id,
            step.reason,
            step.created_at,
        )
        for order, step in steps
    ]
    writes.insert("order_transitions", STEP_COLUMNS, rows)


def add_new_rows(writes: Writes, world: World) -> None:
    """Orders, lines, timeline and refunds that are new."""
    writes.insert("orders", ORDER_COLUMNS, [order_row(order) for order in world.placed])
    writes.insert("order_lines", LINE_COLUMNS, [line_row(line) for order in world.placed for line in order.lines])
    add_steps(writes, world.steps)
    refunds = [
        (
            rows.id,
            rows.order.id,
            rows.order.supplier_id,
            rows.order.distributor_id,
            "succeeded",
            rows.reason,
            rows.amount,
            rows.fee_amount,
            rows.retail_amount,
            rows.settlement_amount,
            rows.commission_amount,
            rows.order.account_id,
            rows.actor.user_id,
            rows.at,
            1,
        )
        for rows in world.refunds
    ]
    writes.insert("refunds", _REFUND_COLUMNS, refunds)
    shares = [
        (
            rows.id,
            part.line.id,
            part.quantity,
            part.amount,
            part.fee_amount,
            part.retail_amount,
            part.settlement_amount,
            part.commission_amount,
        )
        for rows in world.refunds
        for part in rows.shares
    ]
    writes.insert("refund_lines", _REFUND_LINE_COLUMNS, shares)


_UPDATE_ORDERS = """
UPDATE orders o SET status = w.status, refund_status = w.refund_status, paid_amount = w.paid_amount,
    refunded_amount = w.refunded_amount, pay_before = w.pay_before, account_id = w.account_id, hold_id = w.hold_id,
    paid_at = w.paid_at, updated_at = w.updated_at, version = w.version
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::uuid[], $8::uuid[],
    $9::timestamptz[], $10::timestamptz[], $11::bigint[])
    AS w(id, status, refund_status, paid_amount, refunded_amount, pay_before, account_id, hold_id, paid_at, updated_at, version)
WHERE o.id = w.id
"""
_UPDATE_LINES = """
UPDATE order_lines l SET fulfilled = w.fulfilled, refunded = w.refunded, refunded_amount = w.refunded_amount,
    fee_amount = w.fee_amount
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
    AS w(id, fulfilled, refunded, refunded_amount, fee_amount)
WHERE l.id = w.id
    AND (l.fulfilled, l.refunded, l.refunded_amount, l.fee_amount) <> (w.fulfilled, w.refunded, w.refunded_amount, w.fee_amount)
"""


async def update_orders(connection: Connection, changed: Sequence[WorkingOrder]) -> None:
    """Orders and lines that were locked and changed; the locks make the new values safe to set."""
    if not changed:
        return
    rows = [
        (
            o.id,
            o.status.value,
            str(o.refund_status),
            o.paid_amount,
            o.refunded_amount,
            o.pay_before,
            o.account_id,
            o.hold_id,
            o.paid_at,
            o.updated_at,
            o.version,
        )
        for o in changed
    ]
    await connection.execute(_UPDATE_ORDERS, *map(list, zip(*rows, strict=True)))
    lines = [
        (line.id, line.fulfilled, line.refunded, line.refunded_amount, line.fee_amount)
        for o in changed
        for line in o.lines
    ]
    await connection.execute(_UPDATE_LINES, *map(list, zip(*lines, strict=True)))
