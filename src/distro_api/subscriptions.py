"""Who is told what: every subscriber of the event log."""

from functools import partial

from distro_api.core.outbox import Subscriber
from distro_api.core.settings import Settings
from distro_api.incentives.service import accrue
from distro_api.notifications.service import ACCOUNT_EVENTS, Notifier, account_notices
from distro_api.orders.service.fulfil import follow_tickets
from distro_api.tickets.events import TicketRedeemed, TicketReversed


def subscribers(settings: Settings) -> tuple[Subscriber, ...]:
    """All of them."""
    notifier = Notifier(settings.root_key)
    return (
        Subscriber(
            "orders.follow_tickets",
            frozenset({TicketRedeemed.name, TicketReversed.name}),
            follow_tickets,
            at_once=256,  # lanes wait for the orders and the stock of a list
        ),
        Subscriber("incentives.accrue", accrue.EVENTS, partial(accrue.accrue, settings.time_zone)),
        Subscriber("notifications.passwords", ACCOUNT_EVENTS, account_notices(notifier), since="now"),
    )
