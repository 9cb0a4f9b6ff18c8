"""Strategies, their items, limit counters, holidays."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "strategies",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "individual",
                "enterprise",
                "employee",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "business_mode",
            sa.Enum("wholesale", "agency", name="businessmode", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "audience_kind",
            sa.Enum(
                "all",
                "tiers",
                "distributors",
                name="audiencekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("tiers", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("distributor_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("pay_by", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("order_approval", sa.Boolean(), nullable=False),
        sa.Column("refund_approval", sa.Boolean(), nullable=False),
        sa.Column("refund_rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft", "active", "paused", name="strategystatus", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(audience_kind = 'tiers') = (cardinality(tiers) > 0) AND (audience_kind = 'distributors') = (cardinality(distributor_ids) > 0)",
            name=op.f("ck_strategies_audience_is_named"),
        ),
        sa.CheckConstraint("cardinality(pay_by) > 0", name=op.f("ck_strategies_can_be_paid")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_strategies_dates_ordered")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_strategies_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategies")),
    )
    op.create_index("ix_strategies_supplier_id_id", "strategies", ["supplier_id", "id"], unique=False)
    op.create_table(
        "strategy_items",
        sa.Column("strategy_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("settlement_price", sa.BigInteger(), nullable=True),
        sa.Column("retail_price", sa.BigInteger(), nullable=True),
        sa.Column("commission_percent", sa.Text(), nullable=True),
        sa.Column("commission_amount", sa.BigInteger(), nullable=True),
        sa.Column("date_prices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("quantity_prices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("commission_amount >= 0", name=op.f("ck_strategy_items_commission_not_negative")),
        sa.CheckConstraint(
            "commission_percent IS NULL OR commission_amount IS NULL", name=op.f("ck_strategy_items_one_commission")
        ),
        sa.CheckConstraint(
            "settlement_price >= 0 AND retail_price >= 0 AND retail_price >= settlement_price",
            name=op.f("ck_strategy_items_prices_ordered"),
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_strategy_items_sku_id")),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_strategy_items_strategy_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("strategy_id", "sku_id", name=op.f("pk_strategy_items")),
    )
    op.create_index("ix_strategy_items_sku_id", "strategy_items", ["sku_id"], unique=False)
    op.create_table(
        "limit_counters",
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("strategy_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_limit_counters_used_not_negative")),
        sa.PrimaryKeyConstraint("distributor_id", "sku_id", "strategy_id", "day", name=op.f("pk_limit_counters")),
        postgresql_with={"fillfactor": 50, "autovacuum_vacuum_scale_factor": 0.01},
    )
    op.create_table(
        "holidays",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("holiday", "workday", name="daykind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_holidays")),
    )


def downgrade() -> None:
    op.drop_table("holidays")
    op.drop_table("limit_counters")
    op.drop_table("strategy_items")
    op.drop_table("strategies")
