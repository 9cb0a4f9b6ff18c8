"""Sessions end when somebody's account is disabled, deleted, or given a new password by another."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BEFORE = ("logout", "user", "password_change", "token_reuse", "organization_suspended")
NEW = ("user_disabled", "user_deleted", "password_reset")


def upgrade() -> None:
    _allow(BEFORE + NEW)


def downgrade() -> None:
    op.execute("UPDATE user_sessions SET ended_by = 'user' WHERE ended_by IN ('" + "', '".join(NEW) + "')")
    _allow(BEFORE)


def _allow(reasons: tuple[str, ...]) -> None:
    op.drop_constraint("ck_user_sessions_endedby", "user_sessions")
    listed = ", ".join(f"'{reason}'" for reason in reasons)
    op.create_check_constraint("endedby", "user_sessions", f"ended_by IN ({listed})")
