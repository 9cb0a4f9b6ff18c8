"""Who is told what: every subscriber of the event log."""

from distro_api.core.outbox import Subscriber
from distro_api.orders.service.fulfil import follow_tickets
from distro_api.tickets.events import TicketRedeemed, TicketReversed

SUBSCRIBERS = (
    Subscriber("orders.follow_tickets", frozenset({TicketRedeemed.name, TicketReversed.name}), follow_tickets),
)
