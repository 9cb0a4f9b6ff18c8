"""What the worker does for tickets without being asked."""

from datetime import date

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import outbox
from distro_api.tickets.events import TicketExpired
from distro_api.tickets.models import Ticket, TicketStatus

EXPIRE_LIMIT = 500


async def expire_tickets(session: AsyncSession, today: date) -> int:
    """Mark codes whose last day is over; how many. Redeeming tests the dates itself and waits for nobody."""
    due = (
        select(Ticket.id)
        .where(Ticket.status == TicketStatus.VALID, Ticket.valid_to < today)
        .order_by(Ticket.id)
        .limit(EXPIRE_LIMIT)
        .with_for_update(skip_locked=True)
    )
    expired = await session.scalars(
        update(Ticket).where(Ticket.id.in_(due)).values(status=TicketStatus.EXPIRED).returning(Ticket)
    )
    events = [
        TicketExpired(
            supplier_id=t.supplier_id,
            distributor_id=t.distributor_id,
            ticket_id=t.id,
            order_id=t.order_id,
            line_id=t.line_id,
            quantity=t.quantity - t.redeemed - t.refunded,
        )
        for t in expired
    ]
    outbox.publish(session, *events)
    return len(events)
