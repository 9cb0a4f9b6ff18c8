"""Who is told what: every subscriber of the event log."""

from functools import partial

from distro_api.core.outbox import Subscriber
from distro_api.incentives.service import accrue
from distro_api.orders.service.fulfil import follow_tickets
from distro_api.tickets.events import TicketRedeemed, TicketReversed


def subscribers(time_zone: str) -> tuple[Subscriber, ...]:
    """All of them, on a platform in that zone."""
    return (
        Subscriber("orders.follow_tickets", frozenset({TicketRedeemed.name, TicketReversed.name}), follow_tickets),
        Subscriber("incentives.accrue", accrue.EVENTS, partial(accrue.accrue, time_zone)),
    )
