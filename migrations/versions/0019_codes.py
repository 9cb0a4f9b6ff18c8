"""Confirmation codes with their quotas; why an organization was not approved."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "code_quotas",
        sa.Column("asker_hash", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("asked >= 0", name=op.f("ck_code_quotas_asked_not_negative")),
        sa.PrimaryKeyConstraint("asker_hash", name=op.f("pk_code_quotas")),
    )
    op.create_index(op.f("ix_code_quotas_since"), "code_quotas", ["since"], unique=False)
    op.create_table(
        "confirmation_codes",
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "password_reset",
                "registration",
                "new_contact",
                name="codepurpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_confirmation_codes_attempts_not_negative")),
        sa.PrimaryKeyConstraint("subject_hash", name=op.f("pk_confirmation_codes")),
    )
    op.create_index(op.f("ix_confirmation_codes_expires_at"), "confirmation_codes", ["expires_at"], unique=False)
    op.add_column("organizations", sa.Column("rejected_because", sa.Text(), nullable=True))
    op.drop_constraint("ck_organizations_organizationstatus", "organizations")
    op.create_check_constraint(
        op.f("ck_organizations_organizationstatus"),
        "organizations",
        "status IN ('pending', 'active', 'suspended', 'rejected')",
    )
    op.create_check_constraint(
        op.f("ck_organizations_rejected_for_a_reason"),
        "organizations",
        "(status = 'rejected') = (rejected_because IS NOT NULL)",
    )


def downgrade() -> None:
    op.drop_constraint("ck_organizations_rejected_for_a_reason", "organizations")
    op.drop_constraint("ck_organizations_organizationstatus", "organizations")
    op.create_check_constraint(
        op.f("ck_organizations_organizationstatus"), "organizations", "status IN ('pending', 'active', 'suspended')"
    )
    op.drop_column("organizations", "rejected_because")
    op.drop_index(op.f("ix_confirmation_codes_expires_at"), table_name="confirmation_codes")
    op.drop_table("confirmation_codes")
    op.drop_index(op.f("ix_code_quotas_since"), table_name="code_quotas")
    op.drop_table("code_quotas")
