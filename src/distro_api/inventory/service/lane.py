"""Stock inside a lane: lock the buckets of a batch, decide on a working copy, write all changes at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from distro_api.core import clock
from distro_api.core.db import Connection
from distro_api.core.writes import Columns, Writes
from distro_api.inventory.errors import InsufficientStock
from distro_api.inventory.models import MovementKind


@dataclass(frozen=True, slots=True)
class Take:
    """Units of one bucket that a line takes."""

    bucket_id: UUID
    item_id: UUID
    service_date: date | None
    slot: str | None
    units: int


@dataclass(slots=True)
class LockedBucket:
    """A bucket's row as it was locked, changed by each decision of the batch."""

    id: UUID
    item_id: UUID
    supplier_id: UUID
    service_date: date | None
    slot: str | None
    capacity: int
    held: int
    sold: int
    issued: int
    closed: bool

    @property
    def available(self) -> int:
        return 0 if self.closed else self.capacity - self.held - self.sold


@dataclass(frozen=True, slots=True)
class Change:
    """One movement: how much each column of a bucket changes, and why."""

    bucket: LockedBucket
    kind: MovementKind
    held: int
    sold: int
    issued: int
    reference_id: UUID
    actor_id: UUID | None
    at: datetime


@dataclass(slots=True)
class Stock:
    """The locked buckets of a batch and what has been decided about them."""

    buckets: Mapping[UUID, LockedBucket]
    changes: list[Change] = field(default_factory=list)

    def check(self, takes: Iterable[Take], supplier_id: UUID) -> None:
        """Refuse unless all of it can be promised together.

        Raises:
            InsufficientStock: with every place that is short.
        """
        wanted: dict[UUID, int] = {}
        named: dict[UUID, Take] = {}
        for take in takes:
            wanted[take.bucket_id] = wanted.get(take.bucket_id, 0) + take.units
            named[take.bucket_id] = take
        short = []
        for bucket_id, units in wanted.items():
            bucket = self.buckets.get(bucket_id)
            available = bucket.available if bucket is not None and bucket.supplier_id == supplier_id else 0
            if units > available:
                take = named[bucket_id]
                short.append(
                    {
                        "item_id": str(take.item_id),
                        "date": None if take.service_date is None else take.service_date.isoformat(),
                        "slot": take.slot,
                        "wanted": units,
                        "available": max(available, 0),
                    }
                )
        if short:
            raise InsufficientStock(short=short)

    def hold(self, takes: Iterable[Take], reference_id: UUID, actor_id: UUID | None, at: datetime) -> None:
        """Keep the places for an order that is not paid yet."""
        self._change(takes, MovementKind.HOLD, 1, 0, 0, reference_id, actor_id, at)

    def sell(
        self, takes: Iterable[Take], reference_id: UUID, actor_id: UUID | None, at: datetime, *, held: bool
    ) -> None:
        """Sell places, held before or free until now."""
        self._change(takes, MovementKind.SELL, -1 if held else 0, 1, 0, reference_id, actor_id, at)

    def release(self, takes: Iterable[Take], reference_id: UUID, actor_id: UUID | None, at: datetime) -> None:
        """Give held places back."""
        self._change(takes, MovementKind.RELEASE, -1, 0, 0, reference_id, actor_id, at)

    def take_back(self, takes: Iterable[Take], reference_id: UUID, actor_id: UUID | None, at: datetime) -> None:
        """Give sold places back."""
        self._change(takes, MovementKind.RETURN, 0, -1, 0, reference_id, actor_id, at)

    def issue(self, takes: Iterable[Take], reference_id: UUID, actor_id: UUID | None, at: datetime) -> None:
        """Sold places have been used; negative units undo it."""
        for take in takes:
            kind = MovementKind.ISSUE if take.units > 0 else MovementKind.UNISSUE
            self._change([take], kind, 0, 0, 1, reference_id, actor_id, at)

    def _change(
        self,
        takes: Iterable[Take],
        kind: MovementKind,
        held: int,
        sold: int,
        issued: int,
        reference_id: UUID,
        actor_id: UUID | None,
        at: datetime,
    ) -> None:
        for take in takes:
            if take.units == 0:
                continue
            bucket, n = self.buckets[take.bucket_id], take.units
            bucket.held += held * n
            bucket.sold += sold * n
            bucket.issued += issued * n
            self.changes.append(Change(bucket, kind, held * n, sold * n, issued * n, reference_id, actor_id, at))


_LOCK = """
SELECT id, item_id, supplier_id, service_date, slot, capacity, held, sold, issued, closed
FROM inventory_buckets WHERE id = ANY($1::uuid[]) ORDER BY item_id, service_date, slot FOR UPDATE
"""


async def lock_many(connection: Connection, bucket_ids: Iterable[UUID]) -> Stock:
    """Lock in (item, date, slot) order, so that two batches never deadlock; missing buckets are missing in the answer."""
    ids = list(set(bucket_ids))
    rows = await connection.fetch(_LOCK, ids) if ids else []
    return Stock({row[0]: LockedBucket(*row) for row in rows})


_MOVEMENT_COLUMNS: Columns = (
    ("id", "uuid"),
    ("created_at", "timestamptz"),
    ("supplier_id", "uuid"),
    ("item_id", "uuid"),
    ("bucket_id", "uuid"),
    ("service_date", "date"),
    ("slot", "text"),
    ("kind", "text"),
    ("capacity_delta", "bigint"),
    ("held_delta", "bigint"),
    ("sold_delta", "bigint"),
    ("issued_delta", "bigint"),
    ("reference_id", "uuid"),
    ("actor_id", "uuid"),
    ("reason", "text"),
)
_CHANGE_COLUMNS: Columns = (
    ("id", "uuid"),
    ("held", "bigint"),
    ("sold", "bigint"),
    ("issued", "bigint"),
    ("held_after", "bigint"),
    ("sold_after", "bigint"),
    ("issued_after", "bigint"),
)
_CHANGE = "held = t.held + w.held, sold = t.sold + w.sold, issued = t.issued + w.issued"
_AS_DECIDED = "(t.held, t.sold, t.issued) = (w.held_after, w.sold_after, w.issued_after)"


def apply_many(writes: Writes, stock: Stock) -> None:
    """Write the decided changes: increments in SQL, so that a CHECK that fires here is our bug."""
    deltas: dict[UUID, list[int]] = {}
    for change in stock.changes:
        sums = deltas.setdefault(change.bucket.id, [0, 0, 0])
        sums[0] += change.held
        sums[1] += change.sold
        sums[2] += change.issued
    changed = [
        (bucket_id, *sums, bucket.held, bucket.sold, bucket.issued)
        for bucket_id, sums in deltas.items()
        for bucket in (stock.buckets[bucket_id],)
    ]
    writes.update("inventory_buckets", _CHANGE_COLUMNS, changed, _CHANGE, proof=_AS_DECIDED)
    writes.insert("inventory_movements", _MOVEMENT_COLUMNS, [_movement(change) for change in stock.changes])


def _movement(change: Change) -> tuple[Any, ...]:
    bucket = change.bucket
    return (
        clock.new_id(),
        change.at,
        bucket.supplier_id,
        bucket.item_id,
        bucket.id,
        bucket.service_date,
        bucket.slot,
        change.kind,
        0,
        change.held,
        change.sold,
        change.issued,
        change.reference_id,
        change.actor_id,
        "",
    )
