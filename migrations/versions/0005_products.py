"""Categories, brands, products, SKUs, what they take, reviews, catalogue versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "categories",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("name", name=op.f("uq_categories_name")),
    )
    op.create_table(
        "brands",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brands")),
        sa.UniqueConstraint("name", name=op.f("uq_brands_name")),
    )
    op.create_table(
        "catalogue_versions",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_catalogue_versions_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", name=op.f("pk_catalogue_versions")),
    )
    op.create_table(
        "products",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ticket",
                "dining",
                "retail",
                "voucher",
                "tour",
                "number_card",
                "combo",
                name="productkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("brand_id", sa.Uuid(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "stock_mode",
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
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column(
            "fulfilment",
            sa.Enum(
                "code",
                "shipment",
                "confirmation",
                "none",
                name="fulfilment",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "real_name",
            sa.Enum(
                "none", "per_order", "per_unit", name="realname", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "pending_review",
                "on_sale",
                "off_sale",
                "rejected",
                name="productstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("publish_on_approval", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reject_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'rejected') = (reject_reason IS NOT NULL)", name=op.f("ck_products_rejection_has_a_reason")
        ),
        sa.CheckConstraint(
            "status <> 'pending_review' OR submitted_at IS NOT NULL", name=op.f("ck_products_review_was_asked_for")
        ),
        sa.CheckConstraint(
            "(submitted_at IS NULL) = (review_due_at IS NULL)", name=op.f("ck_products_review_has_a_date")
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_products_brand_id")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_products_category_id")),
        sa.ForeignKeyConstraint(["item_id"], ["inventory_items.id"], name=op.f("fk_products_item_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_products_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("product_code", name=op.f("uq_products_product_code")),
    )
    op.create_index("ix_products_brand_id", "products", ["brand_id"], unique=False)
    op.create_index("ix_products_category_id", "products", ["category_id"], unique=False)
    op.create_index(
        "ix_products_review_queue",
        "products",
        ["submitted_at", "id"],
        unique=False,
        postgresql_where="status = 'pending_review'",
    )
    op.create_index("ix_products_supplier_id_id", "products", ["supplier_id", "id"], unique=False)
    op.create_table(
        "product_reviews",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("product_version", sa.BigInteger(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum("approved", "rejected", name="decision", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(decision = 'rejected') = (reason IS NOT NULL)", name=op.f("ck_product_reviews_rejection_has_a_reason")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_reviews_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_reviews")),
    )
    op.create_index("ix_product_reviews_product_id_id", "product_reviews", ["product_id", "id"], unique=False)
    op.create_table(
        "skus",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("list_price", sa.BigInteger(), nullable=False),
        sa.Column("cost_price", sa.BigInteger(), nullable=True),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("list_price >= 0 AND cost_price >= 0", name=op.f("ck_skus_prices_not_negative")),
        sa.CheckConstraint("units > 0", name=op.f("ck_skus_units_positive")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_skus_product_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organizations.id"], name=op.f("fk_skus_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skus")),
    )
    op.create_index("ix_skus_product_id_position", "skus", ["product_id", "position"], unique=False)
    op.create_index("ix_skus_supplier_id_id", "skus", ["supplier_id", "id"], unique=False)
    op.create_index(
        "uq_skus_supplier_id_code",
        "skus",
        ["supplier_id", "code"],
        unique=True,
        postgresql_where="code IS NOT NULL AND NOT retired",
    )
    op.create_table(
        "sku_stock",
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_sku_stock_units_positive")),
        sa.ForeignKeyConstraint(["item_id"], ["inventory_items.id"], name=op.f("fk_sku_stock_item_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_sku_stock_sku_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sku_id", "item_id", name=op.f("pk_sku_stock")),
    )
    op.create_index("ix_sku_stock_item_id", "sku_stock", ["item_id"], unique=False)


def downgrade() -> None:
    op.drop_table("sku_stock")
    op.drop_table("skus")
    op.drop_table("product_reviews")
    op.drop_table("products")
    op.drop_table("catalogue_versions")
    op.drop_table("brands")
    op.drop_table("categories")
