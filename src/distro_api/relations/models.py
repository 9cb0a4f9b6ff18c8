"""Tables of relations."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core import clock
from distro_api.core.changes import TOLD
from distro_api.core.db import Base, Entity, Versioned
from distro_api.relations.states import InvitationStatus as InvitationStatus
from distro_api.relations.states import RelationStatus as RelationStatus

MOST_TIERS = 100
"""Of one supplier."""


class Sells(StrEnum):
    """What a relation sells: every SKU of the supplier's strategies, or the authorised ones only."""

    ALL = "all"
    LISTED = "listed"


class Side(StrEnum):
    SUPPLIER = "supplier"
    DISTRIBUTOR = "distributor"


class Change(StrEnum):
    """What can happen to a relation in its life."""

    OPENED = "opened"
    STOPPED = "stopped"
    RESUMED = "resumed"
    TERMS_CHANGED = "terms_changed"


def names_a_tier(ondelete: str | None = None) -> ForeignKeyConstraint:
    """`(supplier_id, tier)` is a tier of that supplier: a rename reaches it in the same statement, and a tier that is
    named anywhere cannot be deleted. Every table that names tiers, in whichever room, has this."""
    return ForeignKeyConstraint(
        ["supplier_id", "tier"],
        ["distributor_tiers.supplier_id", "distributor_tiers.name"],
        onupdate="CASCADE",
        ondelete=ondelete,
    )


class DistributorTier(Versioned):
    """A level of distributors, in a supplier's own list; rank 1 is the highest. Its name is its key everywhere."""

    __tablename__ = "distributor_tiers"
    __table_args__ = (
        UniqueConstraint("supplier_id", "name"),
        CheckConstraint("rank BETWEEN 1 AND 1000", name="rank_is_bounded"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str] = mapped_column(info=TOLD)
    rank: Mapped[int]


class SupplyRelation(Versioned):
    """A supplier sells through a distributor."""

    __tablename__ = "supply_relations"
    __table_args__ = (
        names_a_tier(),
        UniqueConstraint("supplier_id", "distributor_id"),
        CheckConstraint("stop_reason IS NULL OR status = 'stopped'", name="a_reason_to_stop"),
        Index("ix_supply_relations_distributor_id_id", "distributor_id", "id"),
        Index("ix_supply_relations_supplier_id_tier", "supplier_id", "tier"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    distributor_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    tier: Mapped[str | None] = mapped_column(info=TOLD)
    sells: Mapped[Sells]
    status: Mapped[RelationStatus]
    stop_reason: Mapped[str | None]


class RelationChange(Entity):
    """One step in the life of a relation: append-only, seen by both sides."""

    __tablename__ = "supply_relation_changes"
    __table_args__ = (Index("ix_supply_relation_changes_relation_id_id", "relation_id", "id"),)

    relation_id: Mapped[UUID] = mapped_column(ForeignKey("supply_relations.id"))
    supplier_id: Mapped[UUID]
    distributor_id: Mapped[UUID]
    organization_id: Mapped[UUID | None]
    """Whose people did it; null: the platform by itself."""
    change: Mapped[Change]
    reason: Mapped[str | None]
    detail: Mapped[dict[str, Any]]


class PartnerInvitation(Versioned):
    """One side asks the other to work together. `asked_for` is the code or number by which it was found."""

    __tablename__ = "partner_invitations"
    __table_args__ = (
        names_a_tier(ondelete="SET NULL (tier)"),
        CheckConstraint("(status = 'accepted') = (relation_id IS NOT NULL)", name="accepted_is_a_relation"),
        CheckConstraint("(status = 'open') = (answered_at IS NULL)", name="answered_once"),
        Index(
            "uq_partner_invitations_open",
            "supplier_id",
            "distributor_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_partner_invitations_supplier_id_id", "supplier_id", "id"),
        Index("ix_partner_invitations_distributor_id_id", "distributor_id", "id"),
        Index("ix_partner_invitations_expires_at", "expires_at", postgresql_where=text("status = 'open'")),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    distributor_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    asked_by: Mapped[Side]
    asked_for: Mapped[str]
    message: Mapped[str | None]
    tier: Mapped[str | None] = mapped_column(info=TOLD)
    sells: Mapped[Sells]
    status: Mapped[InvitationStatus]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer_reason: Mapped[str | None]
    relation_id: Mapped[UUID | None] = mapped_column(ForeignKey("supply_relations.id"))

    def status_at(self, now: datetime) -> InvitationStatus:
        """Expired from the instant on, whenever the worker comes to write that down."""
        overdue = self.status is InvitationStatus.OPEN and self.expires_at <= now
        return InvitationStatus.EXPIRED if overdue else self.status


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
