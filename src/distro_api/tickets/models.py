"""Tables of tickets."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.db import Base


class TicketStatus(StrEnum):
    VALID = "valid"
    REDEEMED = "redeemed"
    REFUNDED = "refunded"
    FROZEN = "frozen"
    EXPIRED = "expired"


class RedemptionKind(StrEnum):
    REDEEM = "redeem"
    REVERSE = "reverse"


class Ticket(Base):
    """A code for `quantity` units of an order line. `order_id` and `line_id` name the sale, which this room doesn't know."""

    __tablename__ = "tickets"
    __table_args__ = (
        CheckConstraint("quantity > 0 AND redeemed >= 0 AND refunded >= 0", name="counts_not_negative"),
        CheckConstraint("redeemed + refunded <= quantity", name="redeemed_or_refunded_once"),
        Index("ix_tickets_order_id", "order_id"),
        Index("ix_tickets_supplier_id_id", "supplier_id", "id"),
        Index("ix_tickets_distributor_id_id", "distributor_id", "id"),
        Index("ix_tickets_expiring", "valid_to", postgresql_where="status = 'valid'"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    supplier_id: Mapped[UUID]
    distributor_id: Mapped[UUID]
    order_id: Mapped[UUID]
    line_id: Mapped[UUID]
    product_id: Mapped[UUID]
    sku_id: Mapped[UUID]
    quantity: Mapped[int]
    redeemed: Mapped[int]
    refunded: Mapped[int]
    status: Mapped[TicketStatus]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    created_at: Mapped[datetime]


class Redemption(Base):
    """One use of a code, or the reversal of one. A device's serial counts once, for ever."""

    __tablename__ = "ticket_redemptions"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("(device IS NULL) = (serial IS NULL)", name="device_and_serial"),
        CheckConstraint("(kind = 'reverse') = (reverses_id IS NOT NULL)", name="reversal_names_a_redemption"),
        Index(
            "uq_ticket_redemptions_supplier_id_device_serial",
            "supplier_id",
            "device",
            "serial",
            unique=True,
            postgresql_where="device IS NOT NULL",
        ),
        Index(
            "uq_ticket_redemptions_reverses_id", "reverses_id", unique=True, postgresql_where="reverses_id IS NOT NULL"
        ),
        Index("ix_ticket_redemptions_ticket_id", "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[RedemptionKind]
    quantity: Mapped[int]
    device: Mapped[str | None]
    serial: Mapped[str | None]
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("ticket_redemptions.id"))
    actor_id: Mapped[UUID | None]
    reason: Mapped[str]
    created_at: Mapped[datetime]
