"""How often somebody may do what is cheap to try and bad to be tried a thousand times: counted in this process.

With several processes each counts by itself, so the true bound is that many times as high. What must be exact is counted
in the database instead.
"""

import time
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from distro_api.core.errors import TooManyRequests


class Rates:
    """The counts of one process, in windows that move with time."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, what: str, who: UUID, most_per_hour: int, refusal: type[TooManyRequests]) -> None:
        """One more `what` by `who`.

        Raises:
            the refusal, with the seconds until it is worth trying again.
        """
        rule = RateLimitItemPerHour(most_per_hour)
        if not self._limiter.hit(rule, what, str(who)):
            reset = self._limiter.get_window_stats(rule, what, str(who)).reset_time
            raise refusal().retry_after(max(int(reset - time.time()) + 1, 1))


async def _rates(request: Request) -> Rates:
    rates: Rates = request.app.state.rates
    return rates


FromRates = Annotated[Rates, Depends(_rates)]
