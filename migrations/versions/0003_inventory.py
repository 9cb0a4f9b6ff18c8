"""Items, buckets, movements."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inventory_items",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "unlimited",
                "total",
                "daily",
                "slot",
                "serial",
                "external",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_inventory_items_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_items")),
    )
    op.create_index("ix_inventory_items_supplier_id_id", "inventory_items", ["supplier_id", "id"], unique=False)
    op.create_table(
        "inventory_buckets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=True),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("capacity", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("sold", sa.BigInteger(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "held >= 0 AND sold >= 0 AND held + sold <= capacity", name=op.f("ck_inventory_buckets_never_oversold")
        ),
        sa.CheckConstraint("issued >= 0 AND issued <= sold", name=op.f("ck_inventory_buckets_issued_is_sold")),
        sa.ForeignKeyConstraint(["item_id"], ["inventory_items.id"], name=op.f("fk_inventory_buckets_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_buckets")),
        sa.UniqueConstraint(
            "item_id",
            "service_date",
            "slot",
            name=op.f("uq_inventory_buckets_item_id_service_date_slot"),
            postgresql_nulls_not_distinct=True,
        ),
        postgresql_with={"fillfactor": 50, "autovacuum_vacuum_scale_factor": 0.01},
    )
    op.create_table(
        "inventory_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("bucket_id", sa.Uuid(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=True),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "capacity",
                "adjust",
                "hold",
                "release",
                "sell",
                "return",
                "issue",
                "unissue",
                name="movementkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("capacity_delta", sa.BigInteger(), nullable=False),
        sa.Column("held_delta", sa.BigInteger(), nullable=False),
        sa.Column("sold_delta", sa.BigInteger(), nullable=False),
        sa.Column("issued_delta", sa.BigInteger(), nullable=False),
        sa.Column("reference_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_inventory_movements")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        "ix_inventory_movements_item_id_created_at", "inventory_movements", ["item_id", "created_at"], unique=False
    )
    op.execute("REVOKE UPDATE, DELETE ON inventory_movements FROM distro_app, distro_engine")


def downgrade() -> None:
    op.drop_table("inventory_movements")
    op.drop_table("inventory_buckets")
    op.drop_table("inventory_items")
