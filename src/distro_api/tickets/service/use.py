"""Redeeming and reversing: one command each to the supplier's lane."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.core.errors import NotFoundHere
from distro_api.core.idempotency import Key
from distro_api.core.lanes import Lanes
from distro_api.identity.models import Kind
from distro_api.identity.principal import Principal
from distro_api.identity.service.audit import Actor
from distro_api.tickets.models import Ticket
from distro_api.tickets.schemas import RedeemTicket, ReverseTicket
from distro_api.tickets.service.codes import is_well_formed, normalise
from distro_api.tickets.service.lane import Redeem, Reverse

Sessions = async_sessionmaker[AsyncSession]


async def redeem_ticket(
    lanes: Lanes[Any, Any],
    sessions: Sessions,
    principal: Principal,
    request: RedeemTicket,
    key: Key | None,
    *,
    time_zone: str,
) -> object:
    """Use a code of the caller's own; the platform may use any, in its supplier's name.

    Raises:
        NotFoundHere: the check character does not fit, or the platform finds no such code.
    """
    code = normalise(request.code)
    if not is_well_formed(code):
        raise NotFoundHere
    supplier_id, actor = await _in_whose_name(sessions, principal, Ticket.code == code)
    at = clock.now()
    command = Redeem(
        supplier_id=supplier_id,
        code=code,
        quantity=request.quantity,
        device=request.device,
        serial=request.serial,
        today=clock.local_date(at, time_zone),
        actor=actor,
        at=at,
        key=key,
    )
    return await lanes.submit(supplier_id, command)


async def reverse_ticket(
    lanes: Lanes[Any, Any],
    sessions: Sessions,
    principal: Principal,
    ticket_id: UUID,
    request: ReverseTicket,
    key: Key,
) -> object:
    """Undo a redemption of a code of the caller's own, or by the platform in its supplier's name.

    Raises:
        NotFoundHere: the platform finds no such code.
    """
    supplier_id, actor = await _in_whose_name(sessions, principal, Ticket.id == ticket_id)
    command = Reverse(
        supplier_id=supplier_id,
        ticket_id=ticket_id,
        redemption_id=request.redemption_id,
        reason=request.reason,
        actor=actor,
        at=clock.now(),
        key=key,
    )
    return await lanes.submit(supplier_id, command)


async def _in_whose_name(sessions: Sessions, principal: Principal, which: ColumnElement[bool]) -> tuple[UUID, Actor]:
    """The supplier whose lane the command takes, and who acts: visitors of a suspended supplier are let in by the platform."""
    if principal.kind is not Kind.ADMIN:
        return principal.organization_id, principal.actor
    async with sessions() as session:
        supplier_id = await session.scalar(select(Ticket.supplier_id).where(which))
    if supplier_id is None:
        raise NotFoundHere
    return supplier_id, replace(principal.actor, on_behalf_of=supplier_id)
