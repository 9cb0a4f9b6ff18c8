"""What becomes of an order after it was placed or paid: drawn once, as acts at later moments. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum, auto
from random import Random
from typing import Any
from uuid import UUID

from distro_api.core import clock

OPENS, CLOSES = 8, 22
"""The hours in which people of the demo act."""
BOUNDARIES = (8, 12, 17, 22)
"""A shift begins or ends. What follows within minutes straddles one: acts of a shift are sent in order of their time,
and what they lead to belongs to a later shift, so that every statement is in order of time."""
LONGEST_SHIFT = 300
"""Minutes: what follows no sooner is in a later shift in any case."""
REASONS = ("客人行程有变", "航班取消", "家人身体不适", "重复下单", "天气原因改期", "人数减少")
SUPPLIERS_REASONS = ("设备检修，临时关闭", "大风预警，当日停止接待")
REJECTIONS = ("所选日期团队名额已满，请改期", "采购资料不全，请补充单位证明", "该批次价格已调整，请重新下单")


SPECIALS = (0.5, 0.05, 0.12, 0.98, 0.94, 0.88, 0.85, 0.005)
"""Rolls of the first paid orders with codes: one of each kind of fate, so that even few orders show them all."""


class Act(Enum):
    """One thing that somebody does to an order."""

    APPROVE = auto()
    REJECT = auto()
    PAY = auto()
    CLOSE = auto()
    CANCEL = auto()
    CALL_OFF = auto()
    REFUND = auto()
    REDEEM = auto()
    REVERSE = auto()


@dataclass(frozen=True, slots=True)
class Code:
    """A ticket of the order."""

    id: UUID
    code: str
    left: int
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Sale:
    """An order, as far as its fate depends on it. `frozen`: its money is set aside until it is approved."""

    order_id: UUID
    supplier_id: UUID
    distributor_id: UUID
    status: str
    frozen: bool
    pay_before: datetime | None
    line_id: UUID
    quantity: int
    service_date: date | None
    codes: tuple[Code, ...]

    @classmethod
    def of(cls, order: dict[str, Any], *, frozen: bool) -> "Sale":
        """From the answer of a lane."""
        line = max(order["lines"], key=lambda one: one["quantity"])
        return cls(
            UUID(order["id"]),
            UUID(order["supplier_id"]),
            UUID(order["distributor_id"]),
            order["status"],
            frozen,
            None if order["pay_before"] is None else datetime.fromisoformat(order["pay_before"]),
            UUID(line["id"]),
            line["quantity"],
            _day(line["date"]),
            tuple(
                Code(
                    UUID(one["id"]),
                    one["code"],
                    one["quantity"] - one["redeemed"] - one["refunded"],
                    _day(one["valid_from"]),
                    _day(one["valid_to"]),
                )
                for each in order["lines"]
                for one in each["tickets"]
            ),
        )


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """An act at its moment; `number` keeps equal moments in the order in which they were drawn."""

    at: datetime
    number: int
    act: Act = field(compare=False)
    sale: Sale = field(compare=False)
    code: Code | None = field(compare=False, default=None)
    quantity: int | None = field(compare=False, default=None)


@dataclass(slots=True)
class Fates:
    """Draws fates."""

    rng: Random
    time_zone: str
    _drawn: int = 0
    _specials: int = 0
    _given_up: bool = False
    """Whether an order has been left to its time."""

    def of(self, sale: Sale, at: datetime) -> list[Event]:
        """What will be done after `at`."""
        match sale.status:
            case "pending_approval":
                drawn = self._awaiting_approval(sale, at)
            case "pending_payment":
                drawn = self._unpaid(sale, at)
            case "paid" | "fulfilling" if sale.codes:
                drawn = self._with_codes(sale, at)
            case "paid":
                drawn = self._shipped(sale, at)
            case _:
                return []
        return list(drawn)

    def _event(
        self, at: datetime, act: Act, sale: Sale, code: Code | None = None, quantity: int | None = None
    ) -> Event:
        self._drawn += 1
        return Event(at, self._drawn, act, sale, code, quantity)

    def _awaiting_approval(self, sale: Sale, at: datetime) -> Iterator[Event]:
        roll, later = self.rng.random(), self._in_hours(at + timedelta(minutes=self.rng.randrange(LONGEST_SHIFT, 2100)))
        if roll < 0.84:
            yield self._event(later if sale.frozen else self._before_boundary(later), Act.APPROVE, sale)
        elif roll < 0.95:
            yield self._event(later, Act.REJECT, sale)
        else:
            yield self._event(later, Act.CANCEL, sale)

    def _unpaid(self, sale: Sale, at: datetime) -> Iterator[Event]:
        """Paid a quarter of an hour later if its window was left open; else given up, or closed by time."""
        assert sale.pay_before is not None
        if sale.pay_before > at + timedelta(hours=2):
            yield self._event(self._in_hours(at + timedelta(minutes=self.rng.randrange(11, 26))), Act.PAY, sale)
        elif self._given_up and self.rng.random() < 0.3:
            yield self._event(at + timedelta(minutes=self.rng.randrange(5, 25)), Act.CANCEL, sale)
        else:
            self._given_up = True
            yield self._event(sale.pay_before + timedelta(seconds=self.rng.randrange(1, 3)), Act.CLOSE, sale)

    def _shipped(self, sale: Sale, at: datetime) -> Iterator[Event]:
        roll = self.rng.random()
        if roll < 0.05:
            yield self._event(self._in_hours(at + timedelta(hours=self.rng.randrange(5, 20))), Act.CANCEL, sale)
        elif roll < 0.08 and sale.quantity > 1:
            yield self._event(
                self._in_hours(at + timedelta(hours=self.rng.randrange(5, 40))), Act.REFUND, sale, None, 1
            )

    def _with_codes(self, sale: Sale, at: datetime) -> Iterator[Event]:
        roll = self._roll(sale, at)
        day = self._day_of_use(sale, at)
        if roll < 0.11:
            yield self._event(self._before(sale, at), Act.CALL_OFF if roll < 0.01 else Act.CANCEL, sale)
            return
        if roll < 0.14 and sale.quantity > 1:
            yield self._event(self._before(sale, at), Act.REFUND, sale, None, sale.quantity // 2)
        if roll > 0.96:
            return  # nobody comes: the code expires
        for code in sale.codes:
            use = self._moment(day, max(at, self._morning(day)))
            if roll > 0.92 and code.left > 1:
                yield self._event(use, Act.REDEEM, sale, code, code.left // 2)
            elif roll > 0.86 and code.left > 1:
                yield self._event(use, Act.REDEEM, sale, code, 1)
                yield self._event(use + timedelta(hours=5), Act.REDEEM, sale, code)
            else:
                yield self._event(use, Act.REDEEM, sale, code)
                if 0.84 < roll <= 0.86:
                    yield self._event(use + timedelta(hours=5), Act.REVERSE, sale, code)

    def _roll(self, sale: Sale, at: datetime) -> float:
        """Below 0.14 units are given back, for which there must be a day between now and the day of use."""
        ahead = 0 if sale.service_date is None else (sale.service_date - self._local(at)).days
        if ahead < 2:
            return self.rng.uniform(0.14, 1)
        if sale.quantity > 1 and ahead <= 30 and self._specials < len(SPECIALS):
            self._specials += 1
            return SPECIALS[self._specials - 1]
        return self.rng.random()

    def _before(self, sale: Sale, at: datetime) -> datetime:
        """A moment between now and the eve of the day of use."""
        assert sale.service_date is not None
        days = (sale.service_date - self._local(at)).days
        return self._in_hours(at + timedelta(hours=self.rng.randrange(6, max(7, (days - 1) * 24 - 2))))

    def _day_of_use(self, sale: Sale, at: datetime) -> date:
        if sale.service_date is not None:
            return sale.service_date
        last = max((code.valid_to for code in sale.codes if code.valid_to), default=self._local(at))
        span = min((last - self._local(at)).days, 40)
        return self._local(at) + timedelta(days=self.rng.randrange(1, max(2, span)))

    def _moment(self, day: date, since: datetime) -> datetime:
        """A time of that day, after `since`."""
        drawn = self._morning(day) + timedelta(minutes=self.rng.randrange(0, 240))
        return max(drawn, since + timedelta(minutes=self.rng.randrange(20, 60)))

    def _morning(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 8, 30, tzinfo=clock.zone(self.time_zone))

    def _local(self, at: datetime) -> date:
        return clock.local_date(at, self.time_zone)

    def _in_hours(self, at: datetime) -> datetime:
        """The same moment, or the next morning when people sleep."""
        local = at.astimezone(clock.zone(self.time_zone))
        if OPENS <= local.hour < CLOSES:
            return local
        day = local.date() + timedelta(days=local.hour >= CLOSES)
        return self._morning(day) + timedelta(minutes=self.rng.randrange(0, 90))

    def _before_boundary(self, at: datetime) -> datetime:
        """Minutes before noon or five o'clock: what follows soon falls into the next shift."""
        local = at.astimezone(clock.zone(self.time_zone))
        hour = 12 if local.hour < 12 else 17
        moved = local.replace(hour=hour, minute=0, second=0, microsecond=0) - timedelta(
            minutes=self.rng.randrange(2, 9)
        )
        return moved if moved > at else moved + timedelta(days=1)


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
