"""Orders, lines, timeline, refunds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("business_mode", sa.Text(), nullable=False),
        sa.Column(
            "payer",
            sa.Enum("distributor", "customer", name="payer", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "pending_approval",
                "pending_payment",
                "paid",
                "fulfilling",
                "completed",
                "cancelled",
                "closed",
                name="orderstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "refund_status",
            sa.Enum(
                "none", "partial", "full", name="refundstatus", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("outside_no", sa.Text(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("customer_phone", sa.Text(), nullable=False),
        sa.Column("customer_organization", sa.Text(), nullable=True),
        sa.Column("shipping_address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("retail_amount", sa.BigInteger(), nullable=False),
        sa.Column("settlement_amount", sa.BigInteger(), nullable=False),
        sa.Column("commission_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("paid_amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), nullable=False),
        sa.Column("pay_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pay_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(status = 'pending_payment') = (pay_before IS NOT NULL)", name=op.f("ck_orders_unpaid_has_an_end")
        ),
        sa.CheckConstraint(
            "hold_id IS NULL OR status = 'pending_approval'", name=op.f("ck_orders_frozen_only_while_waiting")
        ),
        sa.CheckConstraint(
            "total_amount = CASE payer WHEN 'customer' THEN retail_amount ELSE settlement_amount END",
            name=op.f("ck_orders_total_is_the_payers"),
        ),
        sa.CheckConstraint("paid_amount IN (0, total_amount)", name=op.f("ck_orders_paid_whole_or_not")),
        sa.CheckConstraint(
            "refunded_amount >= 0 AND refunded_amount <= paid_amount", name=op.f("ck_orders_refunded_is_paid")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_orders_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("order_no", name=op.f("uq_orders_order_no")),
        postgresql_with={"fillfactor": 85},
    )
    op.create_index("ix_orders_distributor_id_id", "orders", ["distributor_id", "id"], unique=False)
    op.create_index(
        "ix_orders_pay_before", "orders", ["pay_before"], unique=False, postgresql_where="pay_before IS NOT NULL"
    )
    op.create_index("ix_orders_supplier_id_id", "orders", ["supplier_id", "id"], unique=False)
    op.create_index(
        "uq_orders_distributor_id_source_outside_no",
        "orders",
        ["distributor_id", "source", "outside_no"],
        unique=True,
        postgresql_where="outside_no IS NOT NULL",
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.SmallInteger(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("strategy_id", sa.Uuid(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("sku_name", sa.Text(), nullable=False),
        sa.Column("product_kind", sa.Text(), nullable=False),
        sa.Column("fulfilment", sa.Text(), nullable=False),
        sa.Column(
            "confirmation",
            sa.Enum(
                "none",
                "pending",
                "confirmed",
                "rejected",
                name="confirmation",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("fulfilled", sa.BigInteger(), nullable=False),
        sa.Column("refunding", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=True),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("anchor", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("retail_price", sa.BigInteger(), nullable=False),
        sa.Column("settlement_price", sa.BigInteger(), nullable=False),
        sa.Column("retail_amount", sa.BigInteger(), nullable=False),
        sa.Column("settlement_amount", sa.BigInteger(), nullable=False),
        sa.Column("commission_amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("per_day_limit", sa.BigInteger(), nullable=True),
        sa.Column("refund_rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stock", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("explanation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "fulfilled + refunding + refunded <= quantity", name=op.f("ck_order_lines_fulfilled_or_refunded_once")
        ),
        sa.CheckConstraint(
            "quantity > 0 AND fulfilled >= 0 AND refunding >= 0 AND refunded >= 0",
            name=op.f("ck_order_lines_counts_not_negative"),
        ),
        sa.CheckConstraint(
            "refunded_amount + fee_amount <= settlement_amount", name=op.f("ck_order_lines_refund_within_settlement")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_order_lines_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
        postgresql_with={"fillfactor": 85},
    )
    op.create_index("ix_order_lines_order_id", "order_lines", ["order_id", "line_no"], unique=True)
    op.create_index("ix_order_lines_product_id_order_id", "order_lines", ["product_id", "order_id"], unique=False)
    op.create_table(
        "order_transitions",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.SmallInteger(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_organization_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_transitions_order_id")),
        sa.PrimaryKeyConstraint("order_id", "seq", name=op.f("pk_order_transitions")),
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending_approval",
                "processing",
                "succeeded",
                "failed",
                "rejected",
                name="refundstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("retail_amount", sa.BigInteger(), nullable=False),
        sa.Column("settlement_amount", sa.BigInteger(), nullable=False),
        sa.Column("commission_amount", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "amount + fee_amount = settlement_amount", name=op.f("ck_refunds_amount_and_fee_are_the_whole")
        ),
        sa.CheckConstraint("amount >= 0 AND fee_amount >= 0", name=op.f("ck_refunds_amounts_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
    )
    op.create_index("ix_refunds_distributor_id_id", "refunds", ["distributor_id", "id"], unique=False)
    op.create_index("ix_refunds_order_id", "refunds", ["order_id"], unique=False)
    op.create_index("ix_refunds_supplier_id_id", "refunds", ["supplier_id", "id"], unique=False)
    op.create_table(
        "refund_lines",
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("retail_amount", sa.BigInteger(), nullable=False),
        sa.Column("settlement_amount", sa.BigInteger(), nullable=False),
        sa.Column("commission_amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_refund_lines_quantity_is_positive")),
        sa.ForeignKeyConstraint(["line_id"], ["order_lines.id"], name=op.f("fk_refund_lines_line_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_refund_lines_refund_id")),
        sa.PrimaryKeyConstraint("refund_id", "line_id", name=op.f("pk_refund_lines")),
    )


def downgrade() -> None:
    op.drop_table("refund_lines")
    op.drop_table("refunds")
    op.drop_table("order_transitions")
    op.drop_table("order_lines")
    op.drop_table("orders")
