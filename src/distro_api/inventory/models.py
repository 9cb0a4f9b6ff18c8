"""Tables of inventory."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.changes import TOLD
from distro_api.core.db import Base, Versioned

BUCKETS = uuid.UUID("6b3f2f0c-5d3e-5f7a-9a55-0d5a3c5b8e11")
"""Namespace of bucket ids."""


class Mode(StrEnum):
    """How an item is counted."""

    UNLIMITED = "unlimited"
    TOTAL = "total"
    DAILY = "daily"
    SLOT = "slot"
    SERIAL = "serial"
    EXTERNAL = "external"


class MovementKind(StrEnum):
    CAPACITY = "capacity"
    ADJUST = "adjust"
    HOLD = "hold"
    RELEASE = "release"
    SELL = "sell"
    RETURN = "return"
    ISSUE = "issue"
    UNISSUE = "unissue"


class Item(Versioned):
    """Something of a supplier's that is counted; SKUs take units of it."""

    __tablename__ = "inventory_items"
    __table_args__ = (Index("ix_inventory_items_supplier_id_id", "supplier_id", "id"),)

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str] = mapped_column(info=TOLD)
    mode: Mapped[Mode]


class Bucket(Base):
    """An item on a date and slot; without date: its total stock. `capacity - held - sold` may be promised.

    The id is computed from what is counted (`bucket_id`), so that a writer knows the row to lock without a look-up.
    On hand is `capacity - issued`.
    """

    __tracked__ = True
    __tablename__ = "inventory_buckets"
    __table_args__ = (
        UniqueConstraint("item_id", "service_date", "slot", postgresql_nulls_not_distinct=True),
        CheckConstraint("held >= 0 AND sold >= 0 AND held + sold <= capacity", name="never_oversold"),
        CheckConstraint("issued >= 0 AND issued <= sold", name="issued_is_sold"),
        {"postgresql_with": {"fillfactor": 50, "autovacuum_vacuum_scale_factor": 0.01}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("inventory_items.id"))
    supplier_id: Mapped[UUID]
    service_date: Mapped[date | None]
    slot: Mapped[str | None] = mapped_column(info=TOLD)
    capacity: Mapped[int]
    held: Mapped[int] = mapped_column(default=0)
    sold: Mapped[int] = mapped_column(default=0)
    issued: Mapped[int] = mapped_column(default=0)
    closed: Mapped[bool] = mapped_column(default=False)

    @property
    def available(self) -> int:
        """What may still be promised."""
        return 0 if self.closed else self.capacity - self.held - self.sold


class Movement(Base):
    """One change of one bucket. Append-only; the deltas of a bucket's movements add up to its columns."""

    __tablename__ = "inventory_movements"
    __table_args__ = (
        Index("ix_inventory_movements_item_id_created_at", "item_id", "created_at"),
        Index("ix_inventory_movements_supplier_id_created_at", "supplier_id", "created_at"),
        Index("ix_inventory_movements_reference_id", "reference_id", postgresql_where="reference_id IS NOT NULL"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID]
    item_id: Mapped[UUID]
    bucket_id: Mapped[UUID]
    service_date: Mapped[date | None]
    slot: Mapped[str | None]
    kind: Mapped[MovementKind]
    capacity_delta: Mapped[int]
    held_delta: Mapped[int]
    sold_delta: Mapped[int]
    issued_delta: Mapped[int]
    reference_id: Mapped[UUID | None]
    actor_id: Mapped[UUID | None]
    reason: Mapped[str]


@lru_cache(maxsize=50_000)
def bucket_id(item_id: UUID, service_date: date | None, slot: str | None) -> UUID:
    """The id of the bucket that counts `item_id` there and then."""
    return uuid.uuid5(BUCKETS, f"{item_id.hex}/{service_date or ''}/{slot or ''}")
