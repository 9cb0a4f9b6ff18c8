"""What a process needs to serve orders: its lanes, its cached terms, its rules."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.core.lanes import Lanes
from distro_api.identity.models import Kind
from distro_api.identity.principal import Principal
from distro_api.offers.service.terms import Terms
from distro_api.orders.queries import supplier_of
from distro_api.orders.service.commands import Command
from distro_api.orders.service.world import Outcome

REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Desk:
    """One per process, opened with the application."""

    lanes: Lanes[Command, Outcome]
    terms: Terms
    sessions: async_sessionmaker[AsyncSession]
    time_zone: str
    payment_window_s: int
    _suppliers: OrderedDict[UUID, UUID] = field(default_factory=OrderedDict)

    async def supplier_of(self, principal: Principal, order_id: UUID) -> UUID:
        """Whose lane the order's commands take; the lane itself tests whether the caller is one of its sides.

        Raises:
            NotFoundHere
        """
        if principal.kind is Kind.SUPPLIER:
            return principal.organization_id
        if (known := self._suppliers.get(order_id)) is None:
            async with self.sessions() as session:
                known = await supplier_of(session, principal, order_id)
            self.remember(order_id, known)
        return known

    def remember(self, order_id: UUID, supplier_id: UUID) -> None:
        """Keep what never changes of the newest orders: a look-up less when they are paid or cancelled."""
        self._suppliers[order_id] = supplier_id
        if len(self._suppliers) > REMEMBERED:
            self._suppliers.popitem(last=False)

    def today(self, at: datetime) -> date:
        """The platform's day."""
        return clock.local_date(at, self.time_zone)

    def pay_before(self, at: datetime) -> datetime:
        """Until when an order placed or approved now may be paid."""
        return at + timedelta(seconds=self.payment_window_s)
