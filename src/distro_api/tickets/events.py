"""What happens to tickets."""

from typing import ClassVar
from uuid import UUID

from distro_api.core.outbox import Event


class TicketEvent(Event):
    aggregate: ClassVar[str] = "order_id"
    """Events of one order keep their order, whichever of its tickets they are about."""

    ticket_id: UUID
    order_id: UUID
    line_id: UUID
    quantity: int


class TicketRedeemed(TicketEvent):
    name: ClassVar[str] = "tickets.redeemed"


class TicketReversed(TicketEvent):
    name: ClassVar[str] = "tickets.reversed"


class TicketExpired(TicketEvent):
    name: ClassVar[str] = "tickets.expired"
