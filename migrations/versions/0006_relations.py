"""Supply relations, authorised SKUs."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "supply_relations",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column(
            "sells",
            sa.Enum("all", "listed", name="sells", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum("active", "stopped", name="relationstatus", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["distributor_id"], ["organizations.id"], name=op.f("fk_supply_relations_distributor_id")
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_supply_relations_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_relations")),
        sa.UniqueConstraint(
            "supplier_id", "distributor_id", name=op.f("uq_supply_relations_supplier_id_distributor_id")
        ),
    )
    op.create_index("ix_supply_relations_distributor_id_id", "supply_relations", ["distributor_id", "id"], unique=False)
    op.create_table(
        "product_authorizations",
        sa.Column("relation_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("settlement_price", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("settlement_price >= 0", name=op.f("ck_product_authorizations_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["relation_id"],
            ["supply_relations.id"],
            name=op.f("fk_product_authorizations_relation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_product_authorizations_sku_id")),
        sa.PrimaryKeyConstraint("relation_id", "sku_id", name=op.f("pk_product_authorizations")),
    )
    op.create_index(
        "ix_product_authorizations_distributor_id_sku_id",
        "product_authorizations",
        ["distributor_id", "sku_id"],
        unique=False,
    )
    op.create_index("ix_product_authorizations_sku_id", "product_authorizations", ["sku_id"], unique=False)


def downgrade() -> None:
    op.drop_table("product_authorizations")
    op.drop_table("supply_relations")
