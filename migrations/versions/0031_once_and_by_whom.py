"""What happens once and who may write it, said by the database; indexes for what is deleted and for lists of movements.

The new indexes are built under a lock that stops writers: nobody's data is live yet. On live data a hot table gets its
index by CREATE INDEX CONCURRENTLY outside of a transaction (`with op.get_context().autocommit_block()`), a partitioned
one by CREATE INDEX ON ONLY its parent, one CONCURRENTLY on each leaf and ALTER INDEX ... ATTACH PARTITION; and a CHECK by
ADD ... NOT VALID, then VALIDATE CONSTRAINT in a migration of its own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

LANES_ONLY = (
    "orders, order_lines, order_transitions, refunds, refund_lines, tickets, ticket_redemptions, limit_counters"
)
NEVER_CHANGED = "order_transitions, ticket_redemptions, refund_lines"
NEVER_DELETED = (
    "organizations, users, supply_relations, accounts, recharges, inventory_items, inventory_buckets, orders, order_lines, "
    "refunds, tickets, bonus_redemptions"
)
BOTH = "distro_app, distro_engine"


def upgrade() -> None:
    op.create_index(
        "uq_transfers_once",
        "transfers",
        ["reference_id"],
        unique=True,
        postgresql_where=sa.text("kind IN ('order_payment', 'recharge', 'repayment')"),
    )
    op.create_check_constraint(
        op.f("ck_orders_frozen_on_an_account"), "orders", "hold_id IS NULL OR account_id IS NOT NULL"
    )
    op.create_check_constraint(
        op.f("ck_orders_paid_at_some_time_or_not"),
        "orders",
        "CASE WHEN status IN ('paid', 'fulfilling', 'completed') THEN paid_at IS NOT NULL "
        "WHEN status = 'cancelled' THEN true ELSE paid_at IS NULL END",
    )
    op.create_index("ix_order_lines_sku_id", "order_lines", ["sku_id"])
    op.create_index(
        "ix_inventory_movements_supplier_id_created_at", "inventory_movements", ["supplier_id", "created_at"]
    )
    op.create_index(
        "ix_inventory_movements_reference_id",
        "inventory_movements",
        ["reference_id"],
        postgresql_where=sa.text("reference_id IS NOT NULL"),
    )
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {LANES_ONLY} FROM distro_app")
    op.execute(f"REVOKE UPDATE, DELETE ON {NEVER_CHANGED} FROM {BOTH}")
    op.execute(f"REVOKE DELETE ON {NEVER_DELETED} FROM {BOTH}")


def downgrade() -> None:
    op.execute(f"GRANT DELETE ON {NEVER_DELETED} TO {BOTH}")
    op.execute(f"GRANT UPDATE, DELETE ON {NEVER_CHANGED} TO {BOTH}")
    op.execute(f"GRANT INSERT, UPDATE, DELETE ON {LANES_ONLY} TO distro_app")
    op.drop_index("ix_inventory_movements_reference_id", table_name="inventory_movements")
    op.drop_index("ix_inventory_movements_supplier_id_created_at", table_name="inventory_movements")
    op.drop_index("ix_order_lines_sku_id", table_name="order_lines")
    op.drop_constraint(op.f("ck_orders_paid_at_some_time_or_not"), "orders")
    op.drop_constraint(op.f("ck_orders_frozen_on_an_account"), "orders")
    op.drop_index("uq_transfers_once", table_name="transfers")
