"""Tickets and their redemptions."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("redeemed", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "valid",
                "redeemed",
                "refunded",
                "frozen",
                "expired",
                name="ticketstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "quantity > 0 AND redeemed >= 0 AND refunded >= 0", name=op.f("ck_tickets_counts_not_negative")
        ),
        sa.CheckConstraint("redeemed + refunded <= quantity", name=op.f("ck_tickets_redeemed_or_refunded_once")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("code", name=op.f("uq_tickets_code")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index("ix_tickets_distributor_id_id", "tickets", ["distributor_id", "id"], unique=False)
    op.create_index("ix_tickets_expiring", "tickets", ["valid_to"], unique=False, postgresql_where="status = 'valid'")
    op.create_index("ix_tickets_order_id", "tickets", ["order_id"], unique=False)
    op.create_index("ix_tickets_supplier_id_id", "tickets", ["supplier_id", "id"], unique=False)
    op.create_table(
        "ticket_redemptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("redeem", "reverse", name="redemptionkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'reverse') = (reverses_id IS NOT NULL)",
            name=op.f("ck_ticket_redemptions_reversal_names_a_redemption"),
        ),
        sa.CheckConstraint("(device IS NULL) = (serial IS NULL)", name=op.f("ck_ticket_redemptions_device_and_serial")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_ticket_redemptions_quantity_is_positive")),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ticket_redemptions.id"], name=op.f("fk_ticket_redemptions_reverses_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_redemptions_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_redemptions")),
    )
    op.create_index("ix_ticket_redemptions_ticket_id", "ticket_redemptions", ["ticket_id"], unique=False)
    op.create_index(
        "uq_ticket_redemptions_reverses_id",
        "ticket_redemptions",
        ["reverses_id"],
        unique=True,
        postgresql_where="reverses_id IS NOT NULL",
    )
    op.create_index(
        "uq_ticket_redemptions_supplier_id_device_serial",
        "ticket_redemptions",
        ["supplier_id", "device", "serial"],
        unique=True,
        postgresql_where="device IS NOT NULL",
    )


def downgrade() -> None:
    op.drop_table("ticket_redemptions")
    op.drop_table("tickets")
