"""Purchase limits per day inside a lane: lock the counters of a batch, decide, write."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from distro_api.core.db import Connection
from distro_api.core.writes import Writes, insert_many
from distro_api.strategies.errors import LimitExceeded


@dataclass(frozen=True, slots=True, order=True)
class CounterKey:
    """What is counted: a distributor's purchases of a SKU on an ordering day under a strategy."""

    distributor_id: UUID
    sku_id: UUID
    strategy_id: UUID
    day: date
    supplier_id: UUID


@dataclass(slots=True)
class Counters:
    """The locked counters of a batch; what is decided changes `used`."""

    used: dict[CounterKey, int]
    changes: dict[CounterKey, int] = field(default_factory=dict)

    def check(self, wanted: Iterable[tuple[CounterKey, int, int]]) -> None:
        """Refuse unless every (counter, quantity, limit) still has room, those of one counter together.

        Raises:
            LimitExceeded
        """
        sums: dict[CounterKey, int] = {}
        for key, quantity, limit in wanted:
            sums[key] = sums.get(key, 0) + quantity
            used = self.used.get(key, 0)
            if used + sums[key] > limit:
                raise LimitExceeded(limit="per_day", sku_id=key.sku_id, per_day=limit, left=max(limit - used, 0))

    def add(self, key: CounterKey, quantity: int) -> None:
        """Count a purchase; a negative quantity gives it back, on days that still count."""
        if quantity < 0 and key not in self.used:
            return
        self.used[key] = self.used.get(key, 0) + quantity
        self.changes[key] = self.changes.get(key, 0) + quantity


def oldest_counted(today: date) -> date:
    """Limits are per ordering day: what is given back later than a day after frees nothing, and is not counted."""
    return today - timedelta(days=1)


_COLUMNS = (
    ("distributor_id", "uuid"),
    ("sku_id", "uuid"),
    ("strategy_id", "uuid"),
    ("day", "date"),
    ("supplier_id", "uuid"),
    ("used", "bigint"),
)
_LOCK = """
SELECT c.distributor_id, c.sku_id, c.strategy_id, c.day, c.supplier_id, c.used FROM limit_counters c
JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[]) AS w(distributor_id, sku_id, strategy_id, day)
    USING (distributor_id, sku_id, strategy_id, day)
ORDER BY c.distributor_id, c.sku_id, c.strategy_id, c.day FOR UPDATE OF c
"""
_CHANGE_COLUMNS = (*_COLUMNS[:4], ("change", "bigint"))


async def lock_many(connection: Connection, keys: Iterable[CounterKey]) -> Counters:
    """Lock in key order; a counter that is not there yet is made with zero first."""
    wanted = sorted(set(keys))
    if not wanted:
        return Counters({})
    rows = [(k.distributor_id, k.sku_id, k.strategy_id, k.day, k.supplier_id, 0) for k in wanted]
    await insert_many(connection, "limit_counters", _COLUMNS, rows, "ON CONFLICT DO NOTHING")
    locked = await connection.fetch(_LOCK, *(list(part) for part in zip(*(row[:4] for row in rows), strict=True)))
    return Counters({CounterKey(*row[:5]): row[5] for row in map(tuple, locked)})


def apply_many(writes: Writes, counters: Counters) -> None:
    """Write the changes."""
    changes = [(k.distributor_id, k.sku_id, k.strategy_id, k.day, n) for k, n in counters.changes.items() if n]
    writes.update("limit_counters", _CHANGE_COLUMNS, changes, "used = t.used + w.change", key=4)
