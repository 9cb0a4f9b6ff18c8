"""The price of a unit: cases that can be read, and any strategy against a slow reference that knows only the words."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distro_api.strategies.models import BusinessMode, DayKind
from distro_api.strategies.service.calendar import make_calendar
from distro_api.strategies.service.pricing import UnitPrice, built_in_prices, compile_prices

CALENDAR = make_calendar(
    [
        (date(2026, 1, 1), DayKind.HOLIDAY),
        (date(2026, 10, 1), DayKind.HOLIDAY),
        (date(2026, 10, 4), DayKind.HOLIDAY),
        (date(2026, 10, 10), DayKind.WORKDAY),  # a Saturday
    ]
)
ALL_2026 = {"date_from": "2026-01-01", "date_to": "2026-12-31"}
WEEKEND = ALL_2026 | {"weekdays": [6, 7], "settlement_price": 9000, "retail_price": 13000}
HOLIDAYS = ALL_2026 | {"holidays": True, "settlement_price": 11000, "retail_price": 15000}
SUMMER = {"date_from": "2026-07-01", "date_to": "2026-08-31", "settlement_price": 8500}
BULK = [{"min_quantity": 10, "settlement_price": 7500}, {"min_quantity": 50, "settlement_price": 7000}]


def price(
    day: date | None,
    quantity: int = 1,
    *,
    mode: str = "wholesale",
    settlement: int | None = 8000,
    retail: int | None = 12000,
    percent: str | None = None,
    amount: int | None = None,
    dates: list[dict[str, Any]] | None = None,
    steps: list[dict[str, Any]] | None = None,
    list_price: int = 12500,
    authorised: int | None = None,
) -> UnitPrice:
    compiled = compile_prices(
        mode=BusinessMode(mode),
        settlement_price=settlement,
        retail_price=retail,
        commission_percent=percent,
        commission_amount=amount,
        date_prices=dates or [],
        quantity_prices=steps or [],
        list_price=list_price,
        authorised=authorised,
    )
    return compiled.unit(day, quantity, CALENDAR)


TUESDAY, SATURDAY = date(2026, 6, 2), date(2026, 6, 6)


@pytest.mark.capability("G3", "G5")
@pytest.mark.parametrize(
    ("day", "quantity", "dates", "settlement", "retail", "rules"),
    [
        (TUESDAY, 1, [WEEKEND, HOLIDAYS], 8000, 12000, ["base"]),
        (None, 1, [WEEKEND, HOLIDAYS], 8000, 12000, ["base"]),
        (SATURDAY, 1, [WEEKEND, HOLIDAYS], 9000, 13000, ["base", "weekday"]),
        (SATURDAY, 10, [WEEKEND], 9000, 13000, ["base", "weekday"]),  # a step replaces the base price only
        (TUESDAY, 10, [WEEKEND], 7500, 12000, ["base", "quantity"]),
        (TUESDAY, 9, [WEEKEND], 8000, 12000, ["base"]),
        (TUESDAY, 50, [], 7000, 12000, ["base", "quantity"]),
        (date(2026, 10, 1), 1, [WEEKEND, HOLIDAYS], 11000, 15000, ["base", "holiday"]),
        (date(2026, 10, 4), 1, [HOLIDAYS, WEEKEND], 11000, 15000, ["base", "holiday"]),  # a Sunday too
        (date(2026, 10, 4), 1, [WEEKEND], 9000, 13000, ["base", "weekday"]),
        (date(2026, 10, 10), 1, [WEEKEND], 8000, 12000, ["base"]),  # a Saturday that is worked
        (date(2026, 7, 4), 1, [WEEKEND, SUMMER], 9000, 13000, ["base", "weekday"]),
        (date(2026, 7, 1), 1, [WEEKEND, SUMMER], 8500, 12000, ["base", "date"]),
        (date(2026, 8, 31), 1, [SUMMER, SUMMER | {"settlement_price": 8600}], 8600, 12000, ["base", "date"]),
        (date(2026, 9, 1), 1, [SUMMER], 8000, 12000, ["base"]),
        (TUESDAY, 10, [ALL_2026 | {"retail_price": 9000}], 7500, 9000, ["base", "quantity", "date"]),
        (TUESDAY, 1, [ALL_2026 | {"retail_price": 7000}], 8000, 8000, ["base", "date", "retail"]),
        (
            date(2027, 5, 1),
            1,
            [HOLIDAYS | {"date_to": "2027-12-31"}],
            11000,
            15000,
            ["base", "holiday", "holidays_unpublished"],
        ),
        (date(2027, 5, 3), 1, [HOLIDAYS | {"date_to": "2027-12-31"}], 8000, 12000, ["base", "holidays_unpublished"]),
        (date(2027, 5, 3), 1, [WEEKEND], 8000, 12000, ["base"]),
        (date(2027, 5, 3), 1, [SUMMER | {"date_to": "2028-01-01"}], 8500, 12000, ["base", "date"]),
    ],
)
def test_wholesale(
    day: date | None, quantity: int, dates: list[dict[str, Any]], settlement: int, retail: int, rules: list[str]
) -> None:
    found = price(day, quantity, dates=dates, steps=BULK)
    assert (found.settlement_price, found.retail_price) == (settlement, retail)
    assert [step.rule for step in found.steps] == rules
    assert found.amounts(quantity) == (retail * quantity, settlement * quantity, 0)


@pytest.mark.capability("G2", "G3")
def test_agency_keeps_a_commission() -> None:
    percent = price(TUESDAY, 3, mode="agency", settlement=None, retail=3333, percent="12.5")
    assert (percent.retail_price, percent.settlement_price) == (3333, 2916)  # 416.625 a unit
    assert percent.amounts(3) == (9999, 8749, 1250)  # 1249.875, rounded once
    fixed = price(SATURDAY, 3, mode="agency", amount=500, dates=[WEEKEND])
    assert (fixed.retail_price, fixed.settlement_price) == (13000, 12500)
    assert fixed.amounts(3) == (39000, 37500, 1500)
    assert [step.rule for step in fixed.steps] == ["base", "weekday", "commission"]


@pytest.mark.capability("R3")
def test_an_authorised_price_replaces_base_date_and_quantity_prices() -> None:
    found = price(SATURDAY, 50, dates=[WEEKEND], steps=BULK, authorised=6100)
    assert (found.settlement_price, found.retail_price) == (6100, 13000)
    assert [step.rule for step in found.steps] == ["base", "weekday", "authorised"]
    agency = price(TUESDAY, 2, mode="agency", percent="10", authorised=6100)
    assert agency.amounts(2) == (24000, 12200, 11800)
    dear = price(TUESDAY, 1, mode="agency", percent="10", authorised=12100)
    assert dear.amounts(1) == (12100, 12100, 0)
    built_in = built_in_prices(list_price=12500, authorised=6100).unit(SATURDAY, 50, CALENDAR)
    assert built_in.amounts(50) == (625000, 305000, 0)


@pytest.mark.capability("G5")
def test_both_languages_say_why() -> None:
    found = price(date(2027, 10, 1), 1, dates=[HOLIDAYS | {"date_to": "2027-12-31"}])
    assert [(step.zh, step.en) for step in found.steps] == [
        ("基础结算价 80.00 元，零售价 120.00 元", "base settlement 80.00, retail 120.00"),
        (
            "2026-01-01 至 2027-12-31 法定节假日：结算价 110.00 元，零售价 150.00 元",
            "2026-01-01 to 2027-12-31, holidays: settlement 110.00, retail 150.00",
        ),
        (
            "2027 年放假安排尚未公布，按固定法定节日和普通周末计价",
            "holidays of 2027 are not published: fixed statutory dates and plain weekends apply",
        ),
    ]


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
prices = st.integers(0, 20_000)


@st.composite
def date_rows(draw: st.DrawFn) -> dict[str, Any]:
    first = draw(days)
    last = first + timedelta(days=draw(st.integers(0, 500)))
    row: dict[str, Any] = {"date_from": first.isoformat(), "date_to": last.isoformat()}
    match draw(st.sampled_from(["holidays", "weekdays", "range"])):
        case "holidays":
            row["holidays"] = True
        case "weekdays":
            row["weekdays"] = draw(st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True))
    for name in draw(st.sampled_from([["settlement_price"], ["retail_price"], ["settlement_price", "retail_price"]])):
        row[name] = draw(prices)
    return row


def reference(
    day: date | None,
    quantity: int,
    *,
    agency: bool,
    settlement: int,
    retail: int | None,
    percent: str | None,
    amount: int | None,
    rows: list[dict[str, Any]],
    steps: list[dict[str, Any]],
    list_price: int,
    authorised: int | None,
    table: dict[date, str],
) -> tuple[int, int, int]:
    """Retail, settlement, commission of a line, said as slowly and plainly as the rules are."""
    statutory = ["01-01", "05-01", "05-02", "10-01", "10-02", "10-03"]
    candidates = []
    for place, row in enumerate(rows):
        if day is None or not row["date_from"] <= day.isoformat() <= row["date_to"]:
            continue
        said = table.get(day, "holiday" if day.isoformat()[5:] in statutory else "")
        worked_weekend = said == "workday" and day.isoweekday() in (6, 7)
        if row.get("holidays"):
            if said == "holiday":
                candidates.append((3, place, row))
        elif "weekdays" in row:
            if day.isoweekday() in row["weekdays"] and not worked_weekend:
                candidates.append((2, place, row))
        else:
            candidates.append((1, place, row))
    winner = max(candidates, key=lambda c: c[:2])[2] if candidates else {}
    unit_retail = winner.get("retail_price", list_price if retail is None else retail)
    base = settlement
    for step in steps:
        if quantity >= step["min_quantity"]:
            base = step["settlement_price"]
    unit_settlement = winner.get("settlement_price", base) if authorised is None else authorised
    if agency and authorised is None:
        whole = Decimal(unit_retail * quantity)
        share = (
            whole * Decimal(percent) / 100 if percent is not None else Decimal(min(amount or 0, unit_retail)) * quantity
        )
        commission = int(share.to_integral_value(ROUND_HALF_UP))
        return unit_retail * quantity, unit_retail * quantity - commission, commission
    unit_retail = max(unit_retail, unit_settlement)
    commission = (unit_retail - unit_settlement) * quantity if agency else 0
    return unit_retail * quantity, unit_settlement * quantity, commission


@pytest.mark.capability("G3")
@given(st.data())
def test_any_strategy_prices_as_the_words_say(data: st.DataObject) -> None:
    agency = data.draw(st.booleans())
    by_percent = data.draw(st.booleans())
    whole, part = data.draw(st.integers(0, 99)), data.draw(st.integers(0, 99))
    quantities = data.draw(st.lists(st.integers(1, 60), max_size=4, unique=True).map(sorted))
    terms = {
        "settlement": data.draw(prices),
        "retail": data.draw(prices) if agency else data.draw(st.none() | prices),
        "percent": f"{whole}.{part:02d}" if agency and by_percent else None,
        "amount": data.draw(st.integers(0, 500)) if agency and not by_percent else None,
        "list_price": data.draw(prices),
        "authorised": data.draw(st.none() | prices),
    }
    rows = data.draw(st.lists(date_rows(), max_size=6))
    steps = [{"min_quantity": q, "settlement_price": data.draw(prices)} for q in quantities]
    table = data.draw(st.dictionaries(days, st.sampled_from(["holiday", "workday"]), max_size=30))
    calendar = make_calendar((day, DayKind(kind)) for day, kind in table.items())
    compiled = compile_prices(
        mode=BusinessMode.AGENCY if agency else BusinessMode.WHOLESALE,
        settlement_price=terms["settlement"],
        retail_price=terms["retail"],
        commission_percent=terms["percent"],
        commission_amount=terms["amount"],
        date_prices=rows,
        quantity_prices=steps,
        list_price=terms["list_price"],
        authorised=terms["authorised"],
    )
    for _ in range(8):  # of the same compiled prices: what it remembers must not mix days or quantities up
        day, quantity = data.draw(st.none() | days), data.draw(st.integers(1, 70))
        found = compiled.unit(day, quantity, calendar)
        assert found.amounts(quantity) == reference(
            day, quantity, agency=agency, rows=rows, steps=[] if agency else steps, table=table, **terms
        )
        assert 0 <= found.settlement_price <= found.retail_price
