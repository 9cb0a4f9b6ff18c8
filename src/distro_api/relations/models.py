"""Tables of relations."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core import clock
from distro_api.core.changes import TOLD
from distro_api.core.db import Base, Versioned
from distro_api.relations.states import RelationStatus as RelationStatus


class Sells(StrEnum):
    """What a relation sells: every SKU of the supplier's strategies, or the authorised ones only."""

    ALL = "all"
    LISTED = "listed"


class SupplyRelation(Versioned):
    """A supplier sells through a distributor."""

    __tablename__ = "supply_relations"
    __table_args__ = (
        UniqueConstraint("supplier_id", "distributor_id"),
        Index("ix_supply_relations_distributor_id_id", "distributor_id", "id"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    distributor_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    tier: Mapped[str | None] = mapped_column(info=TOLD)
    sells: Mapped[Sells]
    status: Mapped[RelationStatus]


class ProductAuthorization(Base):
    """A SKU authorised to a distributor, at a settlement price of its own."""

    __tablename__ = "product_authorizations"
    __table_args__ = (
        CheckConstraint("settlement_price >= 0", name="price_not_negative"),
        Index("ix_product_authorizations_distributor_id_sku_id", "distributor_id", "sku_id"),
        Index("ix_product_authorizations_sku_id", "sku_id"),
    )

    relation_id: Mapped[UUID] = mapped_column(ForeignKey("supply_relations.id", ondelete="CASCADE"), primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(ForeignKey("skus.id"), primary_key=True)
    supplier_id: Mapped[UUID]
    distributor_id: Mapped[UUID]
    settlement_price: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
