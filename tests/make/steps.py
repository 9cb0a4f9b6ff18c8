"""What may happen to a paid order of a market, as commands."""

from datetime import timedelta
from uuid import UUID

from distro_api.core import clock
from distro_api.identity.service.audit import Actor
from distro_api.orders.service.commands import RefundUnits
from distro_api.tickets.service.lane import Reverse
from make.market import DAY, Market


def refund(m: Market, order_id: UUID, quantities: dict[UUID, int] | None = None) -> RefundUnits:
    """The distributor gives units back, long before the day: free of charge."""
    by = m.distributor_id
    return RefundUnits(Actor(by), clock.now(), DAY - timedelta(days=30), None, order_id, by, quantities, "人数减少")


def reverse(m: Market, ticket_id: UUID) -> Reverse:
    """The supplier undoes the newest redemption."""
    return Reverse(m.supplier_id, ticket_id, None, "扫错了", Actor(m.supplier_id), clock.now(), None)
