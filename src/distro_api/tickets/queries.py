"""Reads of tickets; every one starts from what the caller may see."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by
from distro_api.tickets.models import Redemption, Ticket


def visible_tickets(principal: Principal) -> Select[Ticket]:
    """Codes of what the caller sold or bought, or all of them for the platform."""
    return select(Ticket).where(seen_by(principal, supplier=Ticket.supplier_id, distributor=Ticket.distributor_id))


async def get_ticket(session: AsyncSession, principal: Principal, ticket_id: UUID) -> Ticket:
    """One ticket.

    Raises:
        NotFoundHere
    """
    found = await session.scalar(visible_tickets(principal).where(Ticket.id == ticket_id))
    if found is None:
        raise NotFoundHere
    return found


async def redemptions_of(session: AsyncSession, ticket: Ticket) -> list[Redemption]:
    """All uses and reversals of a code, oldest first."""
    found = select(Redemption).where(Redemption.ticket_id == ticket.id).order_by(Redemption.id)
    return list((await session.scalars(found)).all())
