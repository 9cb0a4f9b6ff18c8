"""Payment passwords, and codes to reset them with."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

PURPOSES = ("password_reset", "registration", "new_contact")


def _allow(purposes: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_confirmation_codes_codepurpose"), "confirmation_codes", type_="check")
    listed = ", ".join(f"'{purpose}'" for purpose in purposes)
    op.create_check_constraint(
        op.f("ck_confirmation_codes_codepurpose"), "confirmation_codes", f"purpose IN ({listed})"
    )


def upgrade() -> None:
    op.create_table(
        "payment_passwords",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_payment_passwords_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_payment_passwords")),
    )
    _allow((*PURPOSES, "payment_password"))


def downgrade() -> None:
    op.execute("DELETE FROM confirmation_codes WHERE purpose = 'payment_password'")
    _allow(PURPOSES)
    op.drop_table("payment_passwords")
