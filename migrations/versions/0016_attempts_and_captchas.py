"""Attempts counted under any name, captchas, what a device is called."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BEFORE = ("success", "wrong_password", "unknown_account", "locked", "user_disabled", "organization_not_active")
SINCE = ("captcha_required", "captcha_invalid")


def _allow(outcomes: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_login_records_loginoutcome"), "login_records", type_="check")
    listed = ", ".join(f"'{outcome}'" for outcome in outcomes)
    op.create_check_constraint(op.f("ck_login_records_loginoutcome"), "login_records", f"outcome IN ({listed})")


def upgrade() -> None:
    op.create_table(
        "attempt_counters",
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_attempt_counters_counted_upwards")),
        sa.PrimaryKeyConstraint("name_hash", name=op.f("pk_attempt_counters")),
    )
    op.create_index(op.f("ix_attempt_counters_last_at"), "attempt_counters", ["last_at"])
    op.drop_table("login_failures")  # of a day at most, and under another hash
    op.create_table(
        "captchas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_captchas")),
    )
    op.create_index(op.f("ix_captchas_expires_at"), "captchas", ["expires_at"])
    op.add_column("user_sessions", sa.Column("device_name", sa.Text(), nullable=True))
    _allow(BEFORE + SINCE)


def downgrade() -> None:
    op.execute("DELETE FROM login_records WHERE outcome IN ('captcha_required', 'captcha_invalid')")
    _allow(BEFORE)
    op.drop_column("user_sessions", "device_name")
    op.drop_table("captchas")
    op.drop_table("attempt_counters")
    op.create_table(
        "login_failures",
        sa.Column("account_hash", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account_hash", name=op.f("pk_login_failures")),
    )
    op.create_index(op.f("ix_login_failures_last_failed_at"), "login_failures", ["last_failed_at"])
