"""The language in which a person is written to."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("language", sa.String(32), nullable=False, server_default="zh"))
    op.alter_column("users", "language", server_default=None)
    op.create_check_constraint(op.f("ck_users_language"), "users", "language IN ('zh', 'en')")


def downgrade() -> None:
    op.drop_column("users", "language")
