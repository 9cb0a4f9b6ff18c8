"""Where new ids, order numbers and ticket codes come from."""

import secrets
from datetime import datetime
from uuid import UUID

from distro_api.core import clock
from distro_api.tickets.service.codes import new_code


class RandomSource:
    """The real one: nobody can guess the next. Order numbers begin with the platform's day."""

    def __init__(self, time_zone: str) -> None:
        self._zone = clock.zone(time_zone)

    def new_id(self) -> UUID:
        return clock.new_id()

    def order_no(self, at: datetime) -> str:
        """Twenty digits: the day and fourteen random ones. Drawn again when a batch runs again."""
        return f"{at.astimezone(self._zone):%y%m%d}{secrets.randbelow(10**14):014d}"

    def ticket_code(self) -> str:
        return new_code()
