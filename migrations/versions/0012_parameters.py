"""Platform parameters: every change that was made, which nobody changes afterwards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parameter_changes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("value", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_parameter_changes_versions_start_at_one")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_parameter_changes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parameter_changes")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_parameter_changes_name_version")),
    )
    op.execute("REVOKE UPDATE, DELETE ON parameter_changes FROM distro_app, distro_engine")


def downgrade() -> None:
    op.drop_table("parameter_changes")
