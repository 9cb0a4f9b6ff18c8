"""The price of a unit, and why it is that: holiday > weekday > date range > base, later row wins among equals. Pure.

What a strategy says of a SKU is compiled once (`compile_prices`); a price is then a look-up, because it is asked for in
the middle of placing an order.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from distro_api.core.money import percent_of
from distro_api.strategies.models import BusinessMode, DayKind
from distro_api.strategies.service.calendar import Calendar

WEEKDAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of how a price came about."""

    rule: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """Per unit. With a commission, the settlement of a line is its retail amount less the line's commission."""

    retail_price: int
    settlement_price: int
    commission_percent: str | None
    commission_amount: int | None
    steps: tuple[Step, ...]

    def amounts(self, quantity: int) -> tuple[int, int, int]:
        """Retail, settlement and commission of a line; a percentage is rounded once, on the line."""
        retail = self.retail_price * quantity
        if self.commission_percent is not None:
            commission = percent_of(retail, self.commission_percent)
        elif self.commission_amount is not None:
            commission = self.commission_amount * quantity
        else:
            return retail, self.settlement_price * quantity, 0
        return retail, retail - commission, commission


@dataclass(frozen=True, slots=True)
class _Row:
    """A date price: its place in the list, when it holds, what it sets."""

    index: int
    date_from: date
    date_to: date
    weekdays: frozenset[int]
    settlement_price: int | None
    retail_price: int | None
    step: Step


@dataclass(frozen=True, slots=True)
class Prices:
    """A compiled strategy item, for one distributor. `unit` answers; the rest is what it looks in."""

    agency: bool
    settlement_price: int | None
    retail_price: int
    commission_percent: str | None
    commission_amount: int | None
    authorised: int | None
    holiday_rows: tuple[_Row, ...]
    weekday_rows: tuple[_Row, ...]
    range_rows: tuple[_Row, ...]
    step_from: tuple[int, ...]
    step_prices: tuple[int, ...]
    base_step: Step
    made: dict[tuple[int, int, int], UnitPrice] = field(default_factory=dict, compare=False)

    @property
    def by_date(self) -> bool:
        """Whether the date has a say in the price."""
        return bool(self.holiday_rows or self.weekday_rows or self.range_rows)

    def unit(self, day: date | None, quantity: int, calendar: Calendar) -> UnitPrice:
        """The price of one unit on `day` when `quantity` are bought."""
        row, unpublished = None, 0
        if day is not None and (self.holiday_rows or self.weekday_rows or self.range_rows):
            row = self._row(day, calendar)
            if day.year not in calendar.published and self._asks_calendar(day):
                unpublished = day.year
        step = bisect_right(self.step_from, quantity) if self.step_from else 0
        key = (-1 if row is None else row.index, step, unpublished)
        found = self.made.get(key)
        if found is None:
            found = self.made[key] = self._make(row, step, unpublished)
        return found

    def _row(self, day: date, calendar: Calendar) -> _Row | None:
        """The row that holds. Rows of a layer stand last first. A weekend day that is worked has no weekday's price."""
        kind = calendar.kind_of(day)
        if kind is DayKind.HOLIDAY:
            for row in self.holiday_rows:
                if row.date_from <= day <= row.date_to:
                    return row
        weekday = day.isoweekday()
        if kind is not DayKind.WORKDAY or weekday < 6:
            for row in self.weekday_rows:
                if weekday in row.weekdays and row.date_from <= day <= row.date_to:
                    return row
        for row in self.range_rows:
            if row.date_from <= day <= row.date_to:
                return row
        return None

    def _asks_calendar(self, day: date) -> bool:
        return any(
            row.date_from <= day <= row.date_to for rows in (self.holiday_rows, self.weekday_rows) for row in rows
        )

    def _make(self, row: _Row | None, step: int, unpublished: int) -> UnitPrice:
        steps = [self.base_step]
        settlement, retail = self.settlement_price, self.retail_price
        if step and self.authorised is None and (row is None or row.settlement_price is None):
            settlement = self.step_prices[step - 1]
            steps.append(_quantity_step(self.step_from[step - 1], settlement))
        if row is not None:
            retail = retail if row.retail_price is None else row.retail_price
            settlement = settlement if row.settlement_price is None else row.settlement_price
            steps.append(row.step)
        if unpublished:
            steps.append(_unpublished_step(unpublished))
        if self.authorised is not None:
            settlement = self.authorised
            steps.append(_authorised_step(settlement))
        percent, amount = self.commission_percent, self.commission_amount
        if not self.agency:
            percent = amount = None
        elif self.authorised is not None:
            percent, amount = None, max(retail - self.authorised, 0)
        if self.agency and self.authorised is None:
            per_unit = percent_of(retail, percent) if percent is not None else min(amount or 0, retail)
            amount = None if percent is not None else per_unit
            settlement = retail - per_unit
            steps.append(_commission_step(percent, per_unit))
        assert settlement is not None
        if retail < settlement:
            retail = settlement
            steps.append(_retail_step(retail))
        return UnitPrice(retail, settlement, percent, amount, tuple(steps))


def compile_prices(
    *,
    mode: BusinessMode,
    settlement_price: int | None,
    retail_price: int | None,
    commission_percent: str | None,
    commission_amount: int | None,
    date_prices: Sequence[Mapping[str, Any]],
    quantity_prices: Sequence[Mapping[str, Any]],
    list_price: int,
    authorised: int | None,
) -> Prices:
    """What a strategy item says, for a distributor with or without an authorised settlement price.

    Args:
        date_prices, quantity_prices: as in the API.
        list_price: the SKU's, which is the retail price where the item has none.
    """
    agency = mode is BusinessMode.AGENCY
    retail = list_price if retail_price is None else retail_price
    rows = [_row(index, value, agency) for index, value in enumerate(date_prices)]
    layers: dict[str, tuple[_Row, ...]] = {
        rule: tuple(row for row in reversed(rows) if row.step.rule == rule) for rule in ("holiday", "weekday", "date")
    }
    return Prices(
        agency=agency,
        settlement_price=settlement_price,
        retail_price=retail,
        commission_percent=commission_percent,
        commission_amount=commission_amount,
        authorised=authorised,
        holiday_rows=layers["holiday"],
        weekday_rows=layers["weekday"],
        range_rows=layers["date"],
        step_from=() if agency else tuple(step["min_quantity"] for step in quantity_prices),
        step_prices=() if agency else tuple(step["settlement_price"] for step in quantity_prices),
        base_step=_base_step(None if agency else settlement_price, retail),
    )


def built_in_prices(*, list_price: int, authorised: int) -> Prices:
    """Those of the built-in authorised strategy: the authorised price, at the list price retail."""
    return compile_prices(
        mode=BusinessMode.WHOLESALE,
        settlement_price=None,
        retail_price=None,
        commission_percent=None,
        commission_amount=None,
        date_prices=(),
        quantity_prices=(),
        list_price=list_price,
        authorised=authorised,
    )


def _row(index: int, value: Mapping[str, Any], agency: bool) -> _Row:
    weekdays = frozenset(value.get("weekdays") or ())
    settlement = None if agency else value.get("settlement_price")
    retail = value.get("retail_price")
    first, last = value["date_from"], value["date_to"]
    rule = "holiday" if value.get("holidays") else "weekday" if weekdays else "date"
    which_zh = {
        "holiday": "法定节假日",
        "weekday": "、".join(WEEKDAYS_ZH[n - 1] for n in sorted(weekdays)),
        "date": "",
    }[rule]
    which_en = {"holiday": "holidays", "weekday": ", ".join(WEEKDAYS_EN[n - 1] for n in sorted(weekdays)), "date": ""}[
        rule
    ]
    zh = f"{first} 至 {last}{which_zh and ' ' + which_zh}：{_prices_zh(settlement, retail)}"
    en = f"{first} to {last}{which_en and ', ' + which_en}: {_prices_en(settlement, retail)}"
    return _Row(
        index, date.fromisoformat(first), date.fromisoformat(last), weekdays, settlement, retail, Step(rule, zh, en)
    )


def _yuan(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


def _prices_zh(settlement: int | None, retail: int | None) -> str:
    return "，".join(
        f"{name} {_yuan(price)} 元" for name, price in (("结算价", settlement), ("零售价", retail)) if price is not None
    )


def _prices_en(settlement: int | None, retail: int | None) -> str:
    return ", ".join(
        f"{name} {_yuan(price)}"
        for name, price in (("settlement", settlement), ("retail", retail))
        if price is not None
    )


def _base_step(settlement: int | None, retail: int) -> Step:
    return Step("base", f"基础{_prices_zh(settlement, retail)}", f"base {_prices_en(settlement, retail)}")


def _quantity_step(least: int, price: int) -> Step:
    return Step(
        "quantity", f"满 {least} 件：结算价 {_yuan(price)} 元", f"from {least} units: settlement {_yuan(price)}"
    )


def _unpublished_step(year: int) -> Step:
    return Step(
        "holidays_unpublished",
        f"{year} 年放假安排尚未公布，按固定法定节日和普通周末计价",
        f"holidays of {year} are not published: fixed statutory dates and plain weekends apply",
    )


def _authorised_step(price: int) -> Step:
    return Step("authorised", f"授权结算价 {_yuan(price)} 元", f"authorised settlement price {_yuan(price)}")


def _commission_step(percent: str | None, amount: int) -> Step:
    zh, en = (f" {percent}%", f" {percent}%") if percent is not None else ("", "")
    return Step("commission", f"佣金{zh}，每件 {_yuan(amount)} 元", f"commission{en}, {_yuan(amount)} a unit")


def _retail_step(retail: int) -> Step:
    return Step("retail", f"零售价不低于结算价：{_yuan(retail)} 元", f"retail is not below settlement: {_yuan(retail)}")
