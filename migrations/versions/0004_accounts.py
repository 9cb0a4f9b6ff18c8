"""Accounts, transfers, entries, recharges."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "prepaid",
                "credit",
                "synergy",
                "bonus",
                "sales",
                "cash",
                "synergy_issued",
                "bonus_cost",
                name="accountkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "inactive",
                "active",
                "suspended",
                name="accountstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("posted", sa.BigInteger(), nullable=False),
        sa.Column("frozen", sa.BigInteger(), nullable=False),
        sa.Column("credit_limit", sa.BigInteger(), nullable=False),
        sa.Column("limit_floor", sa.BigInteger(), nullable=True),
        sa.Column("entry_count", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('prepaid', 'credit')) = (limit_floor IS NOT NULL)", name=op.f("ck_accounts_money_has_a_floor")
        ),
        sa.CheckConstraint("kind <> 'prepaid' OR credit_limit = 0", name=op.f("ck_accounts_prepaid_has_no_credit")),
        sa.CheckConstraint("frozen >= 0 AND credit_limit >= 0", name=op.f("ck_accounts_frozen_and_limit_not_negative")),
        sa.CheckConstraint("limit_floor >= credit_limit", name=op.f("ck_accounts_floor_covers_limit")),
        sa.CheckConstraint("posted + limit_floor - frozen >= 0", name=op.f("ck_accounts_never_overdrawn")),
        sa.ForeignKeyConstraint(["owner_id"], ["organizations.id"], name=op.f("fk_accounts_owner_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_accounts_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint(
            "supplier_id", "owner_id", "kind", "unit", name=op.f("uq_accounts_supplier_id_owner_id_kind_unit")
        ),
        postgresql_with={"fillfactor": 50, "autovacuum_vacuum_scale_factor": 0.01},
    )
    op.create_index("ix_accounts_owner_id_id", "accounts", ["owner_id", "id"], unique=False)
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("debit_account_id", sa.Uuid(), nullable=False),
        sa.Column("credit_account_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "direct",
                "pending",
                "post",
                "void",
                name="transferstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("pending_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(pending_id IS NOT NULL) = (state IN ('post', 'void'))",
            name=op.f("ck_transfers_resolution_names_its_hold"),
        ),
        sa.CheckConstraint(
            "amount > 0 OR (amount = 0 AND state = 'void')", name=op.f("ck_transfers_amount_is_positive")
        ),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name=op.f("ck_transfers_two_accounts")),
        sa.ForeignKeyConstraint(["pending_id"], ["transfers.id"], name=op.f("fk_transfers_pending_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index("ix_transfers_reference_id", "transfers", ["reference_id"], unique=False)
    op.create_index(
        "uq_transfers_pending_id", "transfers", ["pending_id"], unique=True, postgresql_where="pending_id IS NOT NULL"
    )
    op.create_table(
        "entries",
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("leg", sa.SmallInteger(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("frozen_delta", sa.BigInteger(), nullable=False),
        sa.Column("available_after", sa.BigInteger(), nullable=True),
        sa.Column("balance_after", sa.BigInteger(), nullable=True),
        sa.Column("account_version", sa.BigInteger(), nullable=True),
        sa.Column("reference_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("account_version > 0", name=op.f("ck_entries_versions_start_at_one")),
        sa.CheckConstraint("leg IN (0, 1)", name=op.f("ck_entries_two_legs")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_entries_account_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_entries_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", "leg", name=op.f("pk_entries")),
    )
    op.create_index(
        "ix_entries_contra_account_id_created_at",
        "entries",
        ["account_id", "created_at"],
        unique=False,
        postgresql_where="account_version IS NULL",
    )
    op.create_index(
        "uq_entries_account_id_account_version",
        "entries",
        ["account_id", "account_version"],
        unique=True,
        postgresql_where="account_version IS NOT NULL",
    )
    op.create_table(
        "recharges",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending_approval",
                "succeeded",
                "rejected",
                name="rechargestatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reject_reason", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'rejected') = (reject_reason IS NOT NULL)", name=op.f("ck_recharges_rejection_has_a_reason")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_recharges_amount_is_positive")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_recharges_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recharges")),
    )
    op.create_index("ix_recharges_account_id_id", "recharges", ["account_id", "id"], unique=False)
    op.create_index("ix_recharges_distributor_id_id", "recharges", ["distributor_id", "id"], unique=False)
    op.create_index("ix_recharges_supplier_id_id", "recharges", ["supplier_id", "id"], unique=False)
    op.execute("REVOKE UPDATE, DELETE ON transfers, entries FROM distro_app, distro_engine")


def downgrade() -> None:
    op.drop_table("recharges")
    op.drop_table("entries")
    op.drop_table("transfers")
    op.drop_table("accounts")
