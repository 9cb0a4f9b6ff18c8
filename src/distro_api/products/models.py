"""Tables of products."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from distro_api.core.changes import TOLD
from distro_api.core.db import Base, Entity, Versioned
from distro_api.inventory.models import Mode
from distro_api.products.states import ProductStatus as ProductStatus


class ProductKind(StrEnum):
    """What is sold; it decides which attributes a product has (`products/kinds/`)."""

    TICKET = "ticket"
    DINING = "dining"
    RETAIL = "retail"
    VOUCHER = "voucher"
    TOUR = "tour"
    NUMBER_CARD = "number_card"
    COMBO = "combo"


class Fulfilment(StrEnum):
    """How the buyer gets it: a code to show, a parcel, a confirmation by hand, or nothing at all."""

    CODE = "code"
    SHIPMENT = "shipment"
    CONFIRMATION = "confirmation"
    NONE = "none"


class RealName(StrEnum):
    """Whose names an order must give."""

    NONE = "none"
    PER_ORDER = "per_order"
    PER_UNIT = "per_unit"


class Decision(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"


class Category(Versioned):
    """A kind of goods, the same for the whole platform."""

    __tablename__ = "categories"

    name: Mapped[str] = mapped_column(unique=True, info=TOLD)


class Brand(Versioned):
    """A brand, the same for the whole platform."""

    __tablename__ = "brands"

    name: Mapped[str] = mapped_column(unique=True, info=TOLD)


class Product(Versioned):
    """Something a supplier sells, in one or more SKUs. It can be bought while `on_sale`.

    `item_id` is its own inventory item, there as soon as a SKU takes the default stock. `publish_on_approval` is false
    while an edit of a product that was off sale is under review: approval then does not put it on sale.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("(status = 'rejected') = (reject_reason IS NOT NULL)", name="rejection_has_a_reason"),
        CheckConstraint("status <> 'pending_review' OR submitted_at IS NOT NULL", name="review_was_asked_for"),
        CheckConstraint("(submitted_at IS NULL) = (review_due_at IS NULL)", name="review_has_a_date"),
        Index("ix_products_supplier_id_id", "supplier_id", "id"),
        Index("ix_products_review_queue", "submitted_at", "id", postgresql_where="status = 'pending_review'"),
        Index("ix_products_category_id", "category_id"),
        Index("ix_products_brand_id", "brand_id"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    product_code: Mapped[str] = mapped_column(unique=True, info=TOLD)
    kind: Mapped[ProductKind]
    name: Mapped[str] = mapped_column(info=TOLD)
    description: Mapped[str | None] = mapped_column(info=TOLD)
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey("categories.id"))
    brand_id: Mapped[UUID | None] = mapped_column(ForeignKey("brands.id"))
    attributes: Mapped[dict[str, Any]] = mapped_column(info=TOLD)
    stock_mode: Mapped[Mode]
    item_id: Mapped[UUID | None] = mapped_column(ForeignKey("inventory_items.id"))
    fulfilment: Mapped[Fulfilment]
    real_name: Mapped[RealName]
    status: Mapped[ProductStatus]
    publish_on_approval: Mapped[bool] = mapped_column(default=True)
    submitted_at: Mapped[datetime | None]
    review_due_at: Mapped[datetime | None]
    reject_reason: Mapped[str | None] = mapped_column(info=TOLD)

    skus: Mapped[list["Sku"]] = relationship(
        primaryjoin="and_(Product.id == Sku.product_id, not_(Sku.retired))",
        order_by="Sku.position",
        viewonly=True,
        lazy="raise_on_sql",
    )


class Sku(Versioned):
    """What is bought: a price and the stock one unit takes. A retired SKU stays for what refers to it."""

    __tablename__ = "skus"
    __table_args__ = (
        CheckConstraint("list_price >= 0 AND cost_price >= 0", name="prices_not_negative"),
        CheckConstraint("units > 0", name="units_positive"),
        Index("ix_skus_product_id_position", "product_id", "position"),
        Index("ix_skus_supplier_id_id", "supplier_id", "id"),
        Index(
            "uq_skus_supplier_id_code",
            "supplier_id",
            "code",
            unique=True,
            postgresql_where="code IS NOT NULL AND NOT retired",
        ),
    )

    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str] = mapped_column(info=TOLD)
    code: Mapped[str | None] = mapped_column(info=TOLD)
    list_price: Mapped[int]
    cost_price: Mapped[int | None]
    units: Mapped[int]
    attributes: Mapped[dict[str, Any]] = mapped_column(info=TOLD)
    position: Mapped[int]
    retired: Mapped[bool] = mapped_column(default=False)

    stock: Mapped[list["SkuStock"]] = relationship(
        lazy="raise_on_sql", order_by="SkuStock.position", cascade="all, delete-orphan"
    )


class SkuStock(Base):
    """One unit of the SKU takes `units` of the item."""

    __tracked__ = True
    __tablename__ = "sku_stock"
    __table_args__ = (CheckConstraint("units > 0", name="units_positive"), Index("ix_sku_stock_item_id", "item_id"))

    sku_id: Mapped[UUID] = mapped_column(ForeignKey("skus.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("inventory_items.id"), primary_key=True)
    supplier_id: Mapped[UUID]
    units: Mapped[int]
    position: Mapped[int]


class ProductReview(Entity):
    """One decision of the platform on a product as it was at `product_version`."""

    __tablename__ = "product_reviews"
    __table_args__ = (
        CheckConstraint("(decision = 'rejected') = (reason IS NOT NULL)", name="rejection_has_a_reason"),
        Index("ix_product_reviews_product_id_id", "product_id", "id"),
    )

    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    supplier_id: Mapped[UUID]
    product_version: Mapped[int]
    decision: Mapped[Decision]
    reason: Mapped[str | None]
    submitted_at: Mapped[datetime]
    reviewed_by: Mapped[UUID]


class CatalogueVersion(Base):
    """Counts the changes of all that decides what a supplier sells and how; what caches of terms are checked against."""

    __tablename__ = "catalogue_versions"

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    version: Mapped[int]
