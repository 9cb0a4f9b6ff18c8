"""Orders that wait for approval are found without reading the others."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_orders_undecided"), "orders", ["id"], postgresql_where=sa.text("status = 'pending_approval'")
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_orders_undecided"), table_name="orders")
