"""How many may be bought, and when a date can be booked. Pure: the daily counter itself is decided with the stock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from distro_api.strategies.errors import BookingWindowClosed, LimitExceeded


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a strategy item; None: none."""

    min_quantity: int | None = None
    max_quantity: int | None = None
    per_day: int | None = None
    advance_days_min: int | None = None
    advance_days_max: int | None = None
    cut_off_days: int | None = None
    cut_off_time: time | None = None


NO_LIMITS = Limits()


def parse_limits(value: Mapping[str, Any]) -> Limits:
    """From the shape of the API."""
    cut_off = value.get("cut_off") or {}
    return Limits(
        value.get("min_quantity"),
        value.get("max_quantity"),
        value.get("per_day"),
        value.get("advance_days_min"),
        value.get("advance_days_max"),
        cut_off.get("days_before"),
        time.fromisoformat(cut_off["time"]) if cut_off else None,
    )


def check_quantity(limits: Limits, sku_id: UUID, quantity: int) -> None:
    """`quantity` of one SKU in one order.

    Raises:
        LimitExceeded
    """
    if limits.min_quantity is not None and quantity < limits.min_quantity:
        broken = "min_quantity"
    elif limits.max_quantity is not None and quantity > limits.max_quantity:
        broken = "max_quantity"
    elif limits.per_day is not None and quantity > limits.per_day:
        broken = "per_day"
    else:
        return
    raise LimitExceeded(
        limit=broken,
        sku_id=sku_id,
        quantity=quantity,
        min_quantity=limits.min_quantity,
        max_quantity=limits.max_quantity,
        per_day=limits.per_day,
    )


def check_booking_window(limits: Limits, sku_id: UUID, day: date, now: datetime) -> None:
    """Whether the service date can be booked at `now`, which is in the platform's time zone.

    Raises:
        BookingWindowClosed: too early, too late, or in the past.
    """
    ahead = (day - now.date()).days
    late = ahead < (limits.advance_days_min or 0)
    early = limits.advance_days_max is not None and ahead > limits.advance_days_max
    if not late and not early and (limits.cut_off_time is None or now <= _cut_off(limits, day, now)):
        return
    opens = None if limits.advance_days_max is None else day - timedelta(days=limits.advance_days_max)
    closes = datetime.combine(day - timedelta(days=(limits.advance_days_min or 0) - 1), time(), now.tzinfo)
    if limits.cut_off_time is not None:
        closes = min(closes, _cut_off(limits, day, now))
    raise BookingWindowClosed(sku_id=sku_id, date=day, bookable_from=opens, bookable_until=closes)


def _cut_off(limits: Limits, day: date, now: datetime) -> datetime:
    assert limits.cut_off_days is not None and limits.cut_off_time is not None
    return datetime.combine(day - timedelta(days=limits.cut_off_days), limits.cut_off_time, now.tzinfo)
