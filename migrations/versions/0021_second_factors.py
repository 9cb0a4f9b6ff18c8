"""Second factors: authenticators, recovery codes, the step between password and code, who must have one."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OUTCOMES = (
    "success",
    "wrong_password",
    "unknown_account",
    "locked",
    "user_disabled",
    "organization_not_active",
    "captcha_required",
    "captcha_invalid",
)
NEW_OUTCOMES = ("second_factor_required", "wrong_second_factor")
ENDED_BY = (
    "logout",
    "user",
    "password_change",
    "token_reuse",
    "organization_suspended",
    "user_disabled",
    "user_deleted",
    "password_reset",
)
NEW_ENDED_BY = ("second_factor_change",)


def _allow(table: str, column: str, enum: str, values: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{enum}"), table, type_="check")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(f"ck_{table}_{enum}"), table, f"{column} IN ({listed})")


def upgrade() -> None:
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(secret IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_second_factors_confirmed_with_its_secret")
        ),
        sa.CheckConstraint("secret IS NOT NULL OR pending IS NOT NULL", name=op.f("ck_second_factors_holds_a_secret")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_second_factors_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_user_id"), "recovery_codes", ["user_id"])
    op.create_table(
        "login_challenges",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("password_mark", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("device_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_login_challenges_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_challenges")),
    )
    op.create_index(op.f("ix_login_challenges_user_id"), "login_challenges", ["user_id"])
    op.create_index(op.f("ix_login_challenges_expires_at"), "login_challenges", ["expires_at"])
    no = sa.text("false")
    op.add_column("user_sessions", sa.Column("second_factor", sa.Boolean(), nullable=False, server_default=no))
    op.add_column("organizations", sa.Column("second_factor_required", sa.Boolean(), nullable=False, server_default=no))
    _allow("login_records", "outcome", "loginoutcome", OUTCOMES + NEW_OUTCOMES)
    _allow("user_sessions", "ended_by", "endedby", ENDED_BY + NEW_ENDED_BY)


def downgrade() -> None:
    op.execute("DELETE FROM login_records WHERE outcome IN ('second_factor_required', 'wrong_second_factor')")
    op.execute("UPDATE user_sessions SET ended_by = 'user' WHERE ended_by = 'second_factor_change'")
    _allow("login_records", "outcome", "loginoutcome", OUTCOMES)
    _allow("user_sessions", "ended_by", "endedby", ENDED_BY)
    op.drop_column("organizations", "second_factor_required")
    op.drop_column("user_sessions", "second_factor")
    op.drop_table("login_challenges")
    op.drop_table("recovery_codes")
    op.drop_table("second_factors")
