"""Writing what a batch decided about orders."""

from collections.abc import Iterable, Sequence

from distro_api.core.writes import Columns, Writes
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


_ORDER_CHANGE_COLUMNS: Columns = (
    ("id", "uuid"),
    ("status", "text"),
    ("refund_status", "text"),
    ("paid_amount", "bigint"),
    ("refunded_amount", "bigint"),
    ("pay_before", "timestamptz"),
    ("account_id", "uuid"),
    ("hold_id", "uuid"),
    ("paid_at", "timestamptz"),
    ("updated_at", "timestamptz"),
    ("version", "bigint"),
)
_LINE_CHANGE_COLUMNS: Columns = (
    ("id", "uuid"),
    ("fulfilled", "bigint"),
    ("refunded", "bigint"),
    ("refunded_amount", "bigint"),
    ("fee_amount", "bigint"),
)
_ORDER_CHANGE, _LINE_CHANGE = [
    ", ".join(f"{name} = w.{name}" for name, _ in columns[1:])
    for columns in (_ORDER_CHANGE_COLUMNS, _LINE_CHANGE_COLUMNS)
]


def update_orders(writes: Writes, changed: Sequence[WorkingOrder]) -> None:
    """Orders that were locked and changed, and their changed lines; the locks make the new values safe to set."""
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
    writes.update("orders", _ORDER_CHANGE_COLUMNS, rows, _ORDER_CHANGE)
    lines = [(line.id, *line.progress) for o in changed for line in o.lines if line.progress != line.stored]
    writes.update("order_lines", _LINE_CHANGE_COLUMNS, lines, _LINE_CHANGE)
