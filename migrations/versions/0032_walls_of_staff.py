"""Row-level security around employees, files and jobs."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TABLES = ("employees", "files", "jobs", "job_row_errors")


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"SELECT wall_off('{table}', 'organization_id')")


def downgrade() -> None:
    for table in reversed(TABLES):
        for policy in ("tenant", "engine"):
            op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
