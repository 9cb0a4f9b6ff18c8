"""The audit trail tells what changed, for whom one acted, and finds a request."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_log", sa.Column("api_key_id", sa.Uuid(), nullable=True))
    op.add_column("audit_log", sa.Column("on_behalf_of", sa.Uuid(), nullable=True))
    op.add_column(
        "audit_log",
        sa.Column("changes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )
    op.drop_index("ix_audit_log_organization_id_created_at", "audit_log")
    op.create_index("ix_audit_log_organization_id_id", "audit_log", ["organization_id", "id"])
    op.create_index("ix_audit_log_request_id", "audit_log", ["request_id"])


def downgrade() -> None:
    op.drop_index("ix_audit_log_request_id", "audit_log")
    op.drop_index("ix_audit_log_organization_id_id", "audit_log")
    op.create_index("ix_audit_log_organization_id_created_at", "audit_log", ["organization_id", "created_at"])
    op.drop_column("audit_log", "changes")
    op.drop_column("audit_log", "on_behalf_of")
    op.drop_column("audit_log", "api_key_id")
