"""What a process needs to serve orders: its lanes, its cached terms, its rules."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from distro_api.core import clock
from distro_api.core.lanes import Lanes
from distro_api.offers.service.terms import Terms
from distro_api.orders.service.commands import Command
from distro_api.orders.service.decide import Outcome


@dataclass(frozen=True, slots=True)
class Desk:
    """One per process, opened with the application."""

    lanes: Lanes[Command, Outcome]
    terms: Terms
    time_zone: str
    payment_window_s: int

    def today(self, at: datetime) -> date:
        """The platform's day."""
        return clock.local_date(at, self.time_zone)

    def pay_before(self, at: datetime) -> datetime:
        """Until when an order placed or approved now may be paid."""
        return at + timedelta(seconds=self.payment_window_s)
