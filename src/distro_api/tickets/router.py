"""Tickets over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from distro_api.core.db import Read
from distro_api.core.errors import IdempotencyKeyRequired, IdempotencyKeyReused, NotFoundHere, Overloaded
from distro_api.core.http import API, capability, lane_response, problems
from distro_api.core.idempotency import KeyOptional, KeyRequired, handles_keys, key_of
from distro_api.core.lane_route import LaneRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity.principal import Principal, Require
from distro_api.tickets import queries, service
from distro_api.tickets.errors import NothingToReverse, SerialReused, TicketNotRedeemable
from distro_api.tickets.models import Redemption, Ticket, TicketStatus
from distro_api.tickets.schemas import RedeemTicket, RedemptionOut, ReverseTicket, TicketOut
from distro_api.tickets.service.codes import normalise

router = APIRouter(prefix=f"{API}/tickets", tags=["tickets"], route_class=LaneRoute)

Reader = Annotated[Principal, Require("tickets:read")]
Redeemer = Annotated[Principal, Require("tickets:redeem")]


@router.get("", response_model=Page[TicketOut], openapi_extra=capability("O14"))
async def list_tickets(
    principal: Reader,
    session: Read,
    paging: Paging,
    order_id: UUID | None = None,
    distributor_id: UUID | None = None,
    sku_id: UUID | None = None,
    status: TicketStatus | None = None,
    code: Annotated[str | None, Query(max_length=40)] = None,
    sort: Annotated[Literal["created_at", "-created_at"], Query()] = "-created_at",
) -> dict[str, Any]:
    """Codes of what you sold or bought."""
    query = queries.visible_tickets(principal)
    wanted = {"order_id": order_id, "distributor_id": distributor_id, "sku_id": sku_id, "status": status}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(getattr(Ticket, name) == value)
    if code is not None:
        query = query.where(Ticket.code == normalise(code))
    by_id = "-id" if sort.startswith("-") else "id"
    items, cursor, total = await page(session, query, paging, sorts={"id": Ticket.id}, sort=by_id, tie=Ticket.id)
    return {"items": items, "next_cursor": cursor, "total": total}


@router.post(
    "/redeem",
    response_model=TicketOut,
    responses=problems(
        NotFoundHere, TicketNotRedeemable, SerialReused, IdempotencyKeyRequired, IdempotencyKeyReused, Overloaded
    ),
    openapi_extra=capability("O14"),
)
@handles_keys
async def redeem_ticket(principal: Redeemer, command: RedeemTicket, request: Request, key: KeyOptional) -> Response:
    """Redeem a code, whole or in part; the same (device, serial) or Idempotency-Key redeems nothing more.

    A supplier its own codes. The platform any, in the supplier's name: while a supplier is suspended its visitors get in so.
    """
    if key is None and command.device is None:
        raise IdempotencyKeyRequired
    asked = None if key is None else await key_of(request, principal.organization_id, key)
    state = request.app.state
    time_zone = state.settings.time_zone
    sessions = state.database.sessions
    done = await service.redeem_ticket(state.lanes, sessions, principal, command, asked, time_zone=time_zone)
    return lane_response(done)


@router.get("/{ticket_id}", response_model=TicketOut, responses=problems(NotFoundHere), openapi_extra=capability("O14"))
async def get_ticket(ticket_id: UUID, principal: Reader, session: Read) -> Ticket:
    """One code."""
    return await queries.get_ticket(session, principal, ticket_id)


@router.get(
    "/{ticket_id}/redemptions",
    response_model=list[RedemptionOut],
    responses=problems(NotFoundHere),
    openapi_extra=capability("O14"),
)
async def list_redemptions(ticket_id: UUID, principal: Reader, session: Read) -> Sequence[Redemption]:
    """Every use and reversal of a code."""
    return await queries.redemptions_of(session, await queries.get_ticket(session, principal, ticket_id))


@router.get(
    "/{ticket_id}/qr.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **problems(NotFoundHere)},
    openapi_extra=capability("O14"),
)
async def get_ticket_qr(ticket_id: UUID, principal: Reader, session: Read) -> Response:
    """The code as a QR image."""
    ticket = await queries.get_ticket(session, principal, ticket_id)
    return Response(
        service.qr_png(ticket.code), media_type="image/png", headers={"Cache-Control": "private, max-age=300"}
    )


@router.post(
    "/{ticket_id}/reverse",
    response_model=TicketOut,
    responses=problems(NotFoundHere, NothingToReverse, IdempotencyKeyRequired, IdempotencyKeyReused, Overloaded),
    openapi_extra=capability("O14"),
)
@handles_keys
async def reverse_ticket(
    principal: Redeemer,
    ticket_id: UUID,
    command: ReverseTicket,
    request: Request,
    key: KeyRequired,
) -> Response:
    """Undo a redemption with a reason: the units may be used or refunded again."""
    asked = await key_of(request, principal.organization_id, key)
    lanes, sessions = request.app.state.lanes, request.app.state.database.sessions
    return lane_response(await service.reverse_ticket(lanes, sessions, principal, ticket_id, command, asked))
