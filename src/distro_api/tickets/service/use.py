"""Redeeming and reversing: one command each to the supplier's lane."""

from typing import Any
from uuid import UUID

from distro_api.core import clock
from distro_api.core.errors import NotFoundHere
from distro_api.core.idempotency import Key
from distro_api.core.lanes import Lanes
from distro_api.identity.principal import Principal
from distro_api.tickets.schemas import RedeemTicket, ReverseTicket
from distro_api.tickets.service.codes import is_well_formed, normalise
from distro_api.tickets.service.lane import Redeem, Reverse


async def redeem_ticket(
    lanes: Lanes[Any, Any], principal: Principal, request: RedeemTicket, key: Key | None, *, time_zone: str
) -> object:
    """Use a code of the caller's own.

    Raises:
        NotFoundHere: the check character does not fit.
    """
    code = normalise(request.code)
    if not is_well_formed(code):
        raise NotFoundHere
    at = clock.now()
    command = Redeem(
        supplier_id=principal.organization_id,
        code=code,
        quantity=request.quantity,
        device=request.device,
        serial=request.serial,
        today=clock.local_date(at, time_zone),
        actor=principal.actor,
        at=at,
        key=key,
    )
    return await lanes.submit(principal.organization_id, command)


async def reverse_ticket(
    lanes: Lanes[Any, Any], principal: Principal, ticket_id: UUID, request: ReverseTicket, key: Key
) -> object:
    """Undo a redemption of a code of the caller's own."""
    command = Reverse(
        supplier_id=principal.organization_id,
        ticket_id=ticket_id,
        redemption_id=request.redemption_id,
        reason=request.reason,
        actor=principal.actor,
        at=clock.now(),
        key=key,
    )
    return await lanes.submit(principal.organization_id, command)
