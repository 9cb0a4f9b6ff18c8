"""Which days are holidays, which weekend days are worked, and what holds in years that are not published. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from distro_api.strategies.models import DayKind

STATUTORY = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Holidays by law whose date does not move (month, day)."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that are not what their weekday says, and the years whose holidays are published."""

    days: Mapping[date, DayKind]
    published: frozenset[int]

    def kind_of(self, day: date) -> DayKind | None:
        """Holiday, worked weekend day, or neither. Where the table is silent, the fixed statutory dates are holidays."""
        kind = self.days.get(day)
        if kind is None and (day.month, day.day) in STATUTORY:
            return DayKind.HOLIDAY
        return kind


def make_calendar(days: Iterable[tuple[date, DayKind]]) -> Calendar:
    """From the table's rows. A year counts as published when its 1 January is there: every publication names it."""
    known = dict(days)
    return Calendar(known, frozenset(day.year for day in known if (day.month, day.day) == (1, 1)))
