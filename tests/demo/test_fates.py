"""What becomes of the demo's orders, drawn for any order at any moment."""

from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from distro_api.core import clock
from distro_api.demo.fates import BOUNDARIES, CLOSES, OPENS, Act, Code, Fates, Sale
from distro_api.demo.shopping import CUT_OFF_HOUR

ZONE = "Asia/Shanghai"
YEARS = (1_767_225_600, 1_830_297_600)
"""2026 and 2027."""
moments = (
    st.integers(*YEARS)
    .map(lambda second: datetime.fromtimestamp(second, clock.zone(ZONE)))
    .filter(lambda at: OPENS <= at.hour < CLOSES)
)


@st.composite
def sales(draw: st.DrawFn) -> tuple[Sale, datetime]:
    at = draw(moments)
    today = clock.local_date(at, ZONE)
    day = draw(
        st.none() | st.integers(int(at.hour >= CUT_OFF_HOUR), 60).map(lambda ahead: today + timedelta(days=ahead))
    )
    valid_to = day or today + timedelta(days=draw(st.integers(0, 365)))
    status = draw(st.sampled_from(["pending_approval", "pending_payment", "paid", "fulfilling", "completed"]))
    quantity = draw(st.integers(1, 30))
    code = Code(uuid4(), "K", quantity, day or today, valid_to)
    open_until = at + draw(st.sampled_from([timedelta(minutes=30), timedelta(days=3)]))
    return (
        Sale(
            order_id=uuid4(),
            supplier_id=uuid4(),
            distributor_id=uuid4(),
            status=status,
            frozen=draw(st.booleans()),
            pay_before=open_until if status == "pending_payment" else None,
            line_id=uuid4(),
            quantity=quantity,
            service_date=day,
            codes=(code,) if draw(st.booleans()) and status in ("paid", "fulfilling") else (),
        ),
        at,
    )


@given(sales(), st.integers())
def test_what_is_drawn_can_happen(drawn: tuple[Sale, datetime], seed: int) -> None:
    sale, at = drawn
    fates = Fates(Random(seed), ZONE)
    for _ in range(10):
        for event in fates.of(sale, at):
            assert event.at > at
            local = event.at.astimezone(clock.zone(ZONE))
            if event.act in (Act.REDEEM, Act.REVERSE):
                assert event.code is not None and event.code.valid_from is not None and event.code.valid_to is not None
                assert event.code.valid_from <= local.date()
                assert local.date() <= max(event.code.valid_to, clock.local_date(at, ZONE) + timedelta(days=1))
            if event.act in (Act.REFUND, Act.CANCEL, Act.CALL_OFF) and sale.codes:
                assert sale.service_date is not None and local.date() < sale.service_date
            if event.act is Act.REFUND:
                assert 0 < (event.quantity or 0) < sale.quantity or sale.quantity == 1
            if event.act is Act.CLOSE:
                assert sale.pay_before is not None and event.at > sale.pay_before


@given(moments, st.integers())
def test_money_moves_in_a_later_shift(at: datetime, seed: int) -> None:
    """Statements are in order of time only if what follows an act is not done among the acts beside it."""
    sale = Sale(uuid4(), uuid4(), uuid4(), "pending_approval", False, None, uuid4(), 3, None, ())
    end = next(hour for hour in BOUNDARIES if hour > at.hour)
    for event in Fates(Random(seed), ZONE).of(sale, at):
        assert event.at >= at.replace(hour=end % 24, minute=0, second=0, microsecond=0) or end == CLOSES
