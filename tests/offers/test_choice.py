"""Which strategy a SKU is sold by, case by case."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distro_api.offers.service.choice import Reason, choose, ranked

DAY = date(2026, 6, 1)


def id_(number: int) -> UUID:
    return UUID(int=number)


@dataclass(frozen=True)
class Case:
    """A candidate; a later number is a newer one."""

    number: int
    priority: int = 0
    narrowness: int = 0
    channel: str = "individual"
    valid_from: date = date(2026, 1, 1)
    valid_to: date = date.max

    @property
    def id(self) -> UUID | None:
        return id_(self.number) if self.number else None


BUILT_IN = Case(0, valid_from=date.min)
ALL, TIERS, NAMED = 0, 1, 2


@pytest.mark.capability("G2", "G5", "R3")
@pytest.mark.parametrize(
    ("candidates", "asked", "chosen"),
    [
        ([], None, Reason.NO_STRATEGY),
        ([Case(1)], None, 1),
        ([Case(1), Case(2)], None, 2),  # the newest
        ([Case(1, narrowness=TIERS), Case(2, narrowness=ALL)], None, 1),
        ([Case(1, narrowness=TIERS), Case(2, narrowness=NAMED), Case(3, narrowness=TIERS)], None, 2),
        ([Case(1, priority=5), Case(2, priority=4, narrowness=NAMED)], None, 1),
        ([Case(1, priority=-5), Case(2, priority=-4)], None, 2),
        ([Case(1, priority=-1000), BUILT_IN], None, 1),  # the built-in one comes last
        ([BUILT_IN], None, 0),
        ([Case(1, channel="enterprise"), BUILT_IN], None, 0),
        ([Case(1, channel="enterprise")], None, Reason.NO_STRATEGY),
        ([Case(1, valid_to=date(2026, 5, 31))], None, Reason.OUTSIDE_VALIDITY),
        ([Case(1, valid_from=date(2026, 6, 2))], None, Reason.OUTSIDE_VALIDITY),
        ([Case(1, valid_from=DAY, valid_to=DAY)], None, 1),
        ([Case(1, valid_to=date(2026, 5, 31)), BUILT_IN], None, 0),
        ([Case(1, valid_to=date(2026, 5, 31), priority=9), Case(2)], None, 2),
        ([Case(1), Case(2, priority=9)], 1, 1),  # asked for by id
        ([Case(1), Case(2)], 3, Reason.NO_STRATEGY),
        ([Case(1, channel="enterprise"), Case(2)], 1, Reason.NO_STRATEGY),
        ([Case(1, valid_to=date(2026, 5, 31)), Case(2), BUILT_IN], 1, Reason.OUTSIDE_VALIDITY),
    ],
)
def test_the_choice(candidates: list[Case], asked: int | None, chosen: int | Reason) -> None:
    strategy_id = None if asked is None else id_(asked)
    found = choose(ranked(candidates), channel="individual", strategy_id=strategy_id, day=DAY)
    assert (found if isinstance(found, Reason) else found.number) == chosen


@pytest.mark.capability("G2")
@given(
    st.lists(st.builds(Case, st.integers(1, 50), st.integers(-2, 2), st.integers(0, 2)), unique_by=lambda c: c.number)
)
def test_the_order_they_are_found_in_does_not_matter(candidates: list[Case]) -> None:
    assert ranked(candidates) == ranked(reversed(candidates))
    expected = max(candidates, key=lambda c: (c.priority, c.narrowness, c.number), default=Reason.NO_STRATEGY)
    assert choose(ranked(candidates), channel="individual", strategy_id=None, day=DAY) == expected
