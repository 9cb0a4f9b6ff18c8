"""Incentive rules, what they awarded, redemptions, and why points moved."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bonus_redemptions",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points > 0 AND amount > 0", name=op.f("ck_bonus_redemptions_positive")),
        sa.ForeignKeyConstraint(
            ["distributor_id"], ["organizations.id"], name=op.f("fk_bonus_redemptions_distributor_id")
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_bonus_redemptions_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bonus_redemptions")),
    )
    op.create_index(
        "ix_bonus_redemptions_distributor_id_id", "bonus_redemptions", ["distributor_id", "id"], unique=False
    )
    op.create_index("ix_bonus_redemptions_supplier_id_id", "bonus_redemptions", ["supplier_id", "id"], unique=False)
    op.create_table(
        "incentive_rules",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "unit",
            sa.Enum("synergy", "bonus", name="unit", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "earner",
            sa.Enum("distributor", "supplier", name="earner", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "event",
            sa.Enum(
                "order_paid", "order_completed", name="earnedon", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "basis",
            sa.Enum("amount", "quantity", "order", name="basis", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("scope", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "status",
            sa.Enum("active", "stopped", name="rulestatus", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rate ~ '^[0-9]{1,6}([.][0-9]{1,4})?$'", name=op.f("ck_incentive_rules_rate_is_decimal")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_incentive_rules_dates_ordered")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_incentive_rules_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incentive_rules")),
    )
    op.create_index("ix_incentive_rules_supplier_id_id", "incentive_rules", ["supplier_id", "id"], unique=False)
    op.create_table(
        "incentive_awards",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "unit",
            sa.Enum("synergy", "bonus", name="unit", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "event",
            sa.Enum(
                "order_paid", "order_completed", name="earnedon", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "basis",
            sa.Enum("amount", "quantity", "order", name="basis", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("scope", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("awarded", sa.BigInteger(), nullable=False),
        sa.Column("reversed", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reversed >= 0 AND reversed <= awarded", name=op.f("ck_incentive_awards_reversed_is_awarded")
        ),
        sa.ForeignKeyConstraint(["rule_id"], ["incentive_rules.id"], name=op.f("fk_incentive_awards_rule_id")),
        sa.PrimaryKeyConstraint("rule_id", "order_id", name=op.f("pk_incentive_awards")),
    )
    op.create_index("ix_incentive_awards_order_id", "incentive_awards", ["order_id"], unique=False)
    op.create_table(
        "incentive_movements",
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "unit",
            sa.Enum("synergy", "bonus", name="unit", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(rule_id IS NULL) = (order_id IS NULL) AND (rule_id IS NULL) <> (redemption_id IS NULL)",
            name=op.f("ck_incentive_movements_award_or_redemption"),
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["bonus_redemptions.id"], name=op.f("fk_incentive_movements_redemption_id")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id", "order_id"],
            ["incentive_awards.rule_id", "incentive_awards.order_id"],
            name=op.f("fk_incentive_movements_rule_id_order_id"),
        ),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_incentive_movements_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_incentive_movements")),
    )
    op.create_index(
        "ix_incentive_movements_organization_id_created_at",
        "incentive_movements",
        ["organization_id", "created_at", "transfer_id"],
        unique=False,
    )
    op.create_index(
        "ix_incentive_movements_rule_id_order_id", "incentive_movements", ["rule_id", "order_id"], unique=False
    )
    op.create_index(
        "ix_incentive_movements_supplier_id_created_at",
        "incentive_movements",
        ["supplier_id", "created_at", "transfer_id"],
        unique=False,
    )
    op.execute("REVOKE UPDATE, DELETE ON incentive_movements FROM distro_app, distro_engine")


def downgrade() -> None:
    op.drop_table("incentive_movements")
    op.drop_table("incentive_awards")
    op.drop_table("incentive_rules")
    op.drop_table("bonus_redemptions")
