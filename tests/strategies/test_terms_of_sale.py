"""Refund ladders, purchase limits, booking windows, what items may say, and every state × every action."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distro_api.core.errors import DomainError, StateConflict
from distro_api.strategies.models import BusinessMode
from distro_api.strategies.schemas import ItemTerms
from distro_api.strategies.service.limits import check_booking_window, check_quantity, parse_limits
from distro_api.strategies.service.refunds import refund_fee
from distro_api.strategies.service.rules import broken_rules
from distro_api.strategies.states import Action, StrategyStatus, after

ZONE = ZoneInfo("Asia/Shanghai")
SKU = UUID("0197b9a0-0000-7000-8000-000000000000")
ANCHOR = datetime(2026, 10, 1, tzinfo=ZONE)
LADDER = [
    {"until_hours_before": 72, "fee_percent": "0"},
    {"until_hours_before": 24, "fee_percent": "12.5"},
    {"until_hours_before": 0, "fee_amount": 3000},
    {"until_hours_before": -12, "fee_percent": "100"},
]


@pytest.mark.capability("G4")
@pytest.mark.parametrize(
    ("hours_before", "fee"),
    [
        (100, 0),
        (72, 0),
        (71.99, 2500),
        (24, 2500),
        (23, 6000),
        (0, 6000),
        (-1, 20000),
        (-12, 20000),
        (-12.01, None),
    ],
)
def test_the_ladder(hours_before: float, fee: int | None) -> None:
    assert refund_fee(LADDER, ANCHOR, ANCHOR - timedelta(hours=hours_before), 20000, 2) == fee


@pytest.mark.capability("G4")
def test_edges_of_the_ladder() -> None:
    assert refund_fee([], ANCHOR, ANCHOR - timedelta(days=9), 100, 1) is None
    assert refund_fee([], None, ANCHOR, 100, 1) is None
    assert refund_fee(LADDER, None, ANCHOR + timedelta(days=900), 20000, 2) == 0
    assert refund_fee([{"until_hours_before": 0, "fee_amount": 3000}], ANCHOR, ANCHOR, 2000, 1) == 2000  # never above
    assert refund_fee([{"until_hours_before": 0, "fee_percent": "12.5"}], ANCHOR, ANCHOR, 20, 1) == 3  # 2.5 goes up
    assert refund_fee(LADDER, ANCHOR, ANCHOR.astimezone(UTC), 20000, 2) == 6000


@pytest.mark.capability("G4")
@given(st.integers(0, 10**9), st.integers(1, 1000), st.integers(-500, 500))
def test_a_fee_is_never_more_than_the_amount(amount: int, quantity: int, hours: int) -> None:
    fee = refund_fee(LADDER, ANCHOR, ANCHOR - timedelta(hours=hours), amount, quantity)
    assert (fee is None) == (hours < -12)
    assert fee is None or 0 <= fee <= amount


@pytest.mark.capability("G3")
@pytest.mark.parametrize(
    ("limits", "quantity", "allowed"),
    [
        ({}, 1, True),
        ({"min_quantity": 2}, 1, False),
        ({"min_quantity": 2}, 2, True),
        ({"max_quantity": 5}, 5, True),
        ({"max_quantity": 5}, 6, False),
        ({"per_day": 4, "max_quantity": 9}, 5, False),
    ],
)
def test_quantities(limits: dict[str, Any], quantity: int, allowed: bool) -> None:
    if allowed:
        check_quantity(parse_limits(limits), SKU, quantity)
    else:
        with pytest.raises(DomainError) as refused:
            check_quantity(parse_limits(limits), SKU, quantity)
        assert refused.value.code == "limit_exceeded"
        names = ("min_quantity", "max_quantity", "per_day")
        assert {name: refused.value.extra[name] for name in names} == dict.fromkeys(names) | limits
        assert refused.value.extra["limit"] in limits


DAY = date(2026, 10, 1)
CUT_OFF = {"cut_off": {"days_before": 1, "time": "18:00"}}


@pytest.mark.capability("G3")
@pytest.mark.parametrize(
    ("limits", "now", "allowed"),
    [
        ({}, "2026-10-01T23:59", True),
        ({}, "2026-10-02T00:00", False),
        ({"advance_days_min": 1}, "2026-09-30T23:59", True),
        ({"advance_days_min": 1}, "2026-10-01T00:00", False),
        ({"advance_days_max": 7}, "2026-09-24T00:00", True),
        ({"advance_days_max": 7}, "2026-09-23T23:59", False),
        (CUT_OFF, "2026-09-30T18:00", True),
        (CUT_OFF, "2026-09-30T18:01", False),
        (CUT_OFF | {"advance_days_min": 2}, "2026-09-30T10:00", False),
        ({"cut_off": {"days_before": 0, "time": "09:30"}}, "2026-10-01T09:30", True),
        ({"cut_off": {"days_before": 0, "time": "09:30"}}, "2026-10-01T09:31", False),
    ],
)
def test_booking_windows(limits: dict[str, Any], now: str, allowed: bool) -> None:
    instant = datetime.fromisoformat(now).replace(tzinfo=ZONE)
    if allowed:
        check_booking_window(parse_limits(limits), SKU, DAY, instant)
    else:
        with pytest.raises(DomainError) as refused:
            check_booking_window(parse_limits(limits), SKU, DAY, instant)
        assert refused.value.code == "booking_window_closed"
        opens, closes = refused.value.extra["bookable_from"], refused.value.extra["bookable_until"]
        assert instant >= closes or (opens is not None and instant.date() < opens)


@pytest.mark.capability("G2", "G3")
@pytest.mark.parametrize(
    ("mode", "item", "broken"),
    [
        ("wholesale", {"settlement_price": 80}, []),
        ("wholesale", {"settlement_price": 80, "retail_price": 80}, []),
        ("wholesale", {"retail_price": 80}, ["settlement_price_required"]),
        ("wholesale", {"settlement_price": 81, "retail_price": 80}, ["settlement_above_retail"]),
        ("wholesale", {"settlement_price": 8, "commission_percent": "1"}, ["commission_not_allowed"]),
        (
            "wholesale",
            {
                "settlement_price": 8,
                "retail_price": 9,
                "date_prices": [{"date_from": "2026-01-01", "date_to": "2026-01-01", "settlement_price": 10}],
            },
            ["settlement_above_retail"],
        ),
        (
            "wholesale",
            {
                "settlement_price": 8,
                "retail_price": 9,
                "quantity_prices": [{"min_quantity": 2, "settlement_price": 10}],
            },
            ["settlement_above_retail"],
        ),
        ("agency", {"retail_price": 80, "commission_percent": "10"}, []),
        ("agency", {"settlement_price": 72, "retail_price": 80, "commission_amount": 8}, []),
        ("agency", {}, ["commission_required", "retail_price_required"]),
        ("agency", {"retail_price": 80, "commission_amount": 81}, ["commission_above_retail"]),
        (
            "agency",
            {
                "retail_price": 80,
                "commission_amount": 50,
                "date_prices": [{"date_from": "2026-01-01", "date_to": "2026-01-01", "retail_price": 40}],
            },
            ["commission_above_retail"],
        ),
        (
            "agency",
            {
                "retail_price": 80,
                "commission_amount": 5,
                "date_prices": [{"date_from": "2026-01-01", "date_to": "2026-01-01", "settlement_price": 40}],
            },
            ["date_price_needs_retail_price"],
        ),
        (
            "agency",
            {
                "retail_price": 80,
                "commission_amount": 5,
                "quantity_prices": [{"min_quantity": 2, "settlement_price": 10}],
            },
            ["quantity_prices_not_allowed"],
        ),
    ],
)
def test_what_an_item_may_say(mode: str, item: dict[str, Any], broken: list[str]) -> None:
    assert broken_rules(BusinessMode(mode), ItemTerms.model_validate(item)) == broken


@pytest.mark.capability("G1")
@pytest.mark.parametrize("status", StrategyStatus)
@pytest.mark.parametrize("action", Action)
def test_every_action_in_every_state(status: StrategyStatus, action: Action) -> None:
    life = {"draft": {"activate": "active"}, "active": {"pause": "paused"}, "paused": {"activate": "active"}}
    expected = life[status.value].get(action.value)
    if expected is None:
        with pytest.raises(StateConflict):
            after(status, action)
    else:
        assert after(status, action) == expected
