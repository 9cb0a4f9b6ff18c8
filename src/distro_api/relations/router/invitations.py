"""Invitations to work together, from either side."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.core.rates import FromRates
from distro_api.identity.errors import InvalidPhone
from distro_api.identity.models import Kind
from distro_api.identity.principal import Principal, Require
from distro_api.identity.service.parameters import Parameters, catalogue
from distro_api.relations import queries, service
from distro_api.relations.errors import (
    InvitationExists,
    OtherSideDecides,
    PartnerNotActive,
    RelationExists,
    TermsAreTheSuppliers,
    TooManyInvitations,
    TooManyLookups,
    TooManyTiers,
    UnknownPartner,
)
from distro_api.relations.models import InvitationStatus, PartnerInvitation, Side
from distro_api.relations.schemas import (
    AcceptInvitation,
    DeclineInvitation,
    InvitationOut,
    InvitePartner,
    WithdrawInvitation,
)

router = APIRouter(prefix=f"{API}/partner-invitations", tags=["relations"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Require("invitations:read")]
Partner = Annotated[Principal, Require("invitations:manage")]
_COMPUTED = ("supplier", "distributor", "status")


async def _invitations_out(
    session: AsyncSession, principal: Principal, rows: Sequence[PartnerInvitation]
) -> list[dict[str, object]]:
    """As the caller may see them: who asked learns the other's name when that has accepted."""
    ids = {i for row in rows for i in (row.supplier_id, row.distributor_id)}
    organizations, now = await queries.organizations(session, ids), clock.now()
    plain = [name for name in InvitationOut.model_fields if name not in _COMPUTED]

    def party(row: PartnerInvitation, organization_id: UUID) -> dict[str, object]:
        hidden = (
            principal.kind is not Kind.ADMIN
            and row.asked_by.value == principal.kind.value
            and organization_id != principal.organization_id
            and row.status is not InvitationStatus.ACCEPTED
        )
        return {"id": organization_id, "name": None if hidden else organizations[organization_id].name}

    return [
        {name: getattr(row, name) for name in plain}
        | {
            "supplier": party(row, row.supplier_id),
            "distributor": party(row, row.distributor_id),
            "status": row.status_at(now),
        }
        for row in rows
    ]


async def _invitation_out(
    session: AsyncSession, principal: Principal, row: PartnerInvitation, response: Response
) -> dict[str, object]:
    response.headers["ETag"] = etag(row.version)
    return (await _invitations_out(session, principal, [row]))[0]


@router.post(
    "",
    response_model=InvitationOut,
    status_code=201,
    responses=problems(
        UnknownPartner,
        InvalidPhone,
        RelationExists,
        InvitationExists,
        TooManyInvitations,
        TooManyLookups,
        TooManyTiers,
        TermsAreTheSuppliers,
    ),
    openapi_extra=capability("R2"),
)
async def invite_partner(
    command: InvitePartner, principal: Partner, session: Tx, request: Request, rates: FromRates, response: Response
) -> object:
    """Ask a distributor to sell for us, or a supplier to supply us, by partner code or phone number.

    The other side accepts or declines until the invitation expires; one that is open to everybody has accepted at once.
    """
    parameters: Parameters = request.app.state.parameters
    most = parameters.get(catalogue.PARTNER_LOOKUPS_PER_HOUR)
    rates.count("partner lookups", principal.organization_id, most, TooManyLookups)
    days = parameters.get(catalogue.INVITATION_LIFE_DAYS)
    made = await service.invite(session, principal, command, valid_for=timedelta(days=days))
    response.headers["Location"] = f"{API}/partner-invitations/{made.id}"
    return await _invitation_out(session, principal, made, response)


@router.get("", response_model=Page[InvitationOut], openapi_extra=capability("R2"))
async def list_invitations(
    principal: Reader,
    session: Read,
    paging: Paging,
    asked_by: Annotated[Side | None, Query(description="Which side asked: ours, or the other")] = None,
    status: InvitationStatus | None = None,
    q: Annotated[
        str | None,
        Query(max_length=100, description="Part of the asking side's name, the message, or the code or number"),
    ] = None,
    sort: Literal["created_at", "-created_at", "expires_at", "-expires_at"] = "-created_at",
) -> object:
    """Invitations sent and received; all for the platform."""
    found = queries.invitations_where(principal, now=clock.now(), asked_by=asked_by, status=status, q=q)
    rows, cursor, total = await page(
        session,
        found,
        paging,
        sorts={"created_at": PartnerInvitation.created_at, "expires_at": PartnerInvitation.expires_at},
        sort=sort,
        tie=PartnerInvitation.id,
    )
    return {"items": await _invitations_out(session, principal, rows), "next_cursor": cursor, "total": total}


@router.get(
    "/{invitation_id}",
    response_model=InvitationOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("R2"),
)
async def get_invitation(invitation_id: UUID, principal: Reader, session: Read, response: Response) -> object:
    """One invitation."""
    row = await queries.invitation(session, principal, invitation_id)
    return await _invitation_out(session, principal, row, response)


@router.post(
    "/{invitation_id}/accept",
    response_model=InvitationOut,
    responses=problems(
        NotFoundHere,
        PreconditionFailed,
        OtherSideDecides,
        StateConflict,
        PartnerNotActive,
        RelationExists,
        TooManyTiers,
        TermsAreTheSuppliers,
    ),
    openapi_extra=capability("R2"),
)
async def accept_invitation(
    invitation_id: UUID,
    principal: Partner,
    session: Tx,
    response: Response,
    command: AcceptInvitation | None = None,
    if_match: IfMatch = None,
) -> object:
    """Say yes: the relation is open at once. A supplier may say tier and what is sold."""
    row = await service.accept(session, principal, invitation_id, command or AcceptInvitation(), if_match)
    return await _invitation_out(session, principal, row, response)


@router.post(
    "/{invitation_id}/decline",
    response_model=InvitationOut,
    responses=problems(NotFoundHere, PreconditionFailed, OtherSideDecides, StateConflict),
    openapi_extra=capability("R2"),
)
async def decline_invitation(
    invitation_id: UUID,
    principal: Partner,
    session: Tx,
    response: Response,
    command: DeclineInvitation | None = None,
    if_match: IfMatch = None,
) -> object:
    """Say no; the other side may ask again."""
    reason = command.reason if command else None
    row = await service.decline(session, principal, invitation_id, reason, if_match)
    return await _invitation_out(session, principal, row, response)


@router.post(
    "/{invitation_id}/withdraw",
    response_model=InvitationOut,
    responses=problems(NotFoundHere, PreconditionFailed, OtherSideDecides, StateConflict),
    openapi_extra=capability("R2"),
)
async def withdraw_invitation(
    invitation_id: UUID,
    principal: Partner,
    session: Tx,
    response: Response,
    command: WithdrawInvitation | None = None,
    if_match: IfMatch = None,
) -> object:
    """Take back what we asked."""
    reason = command.reason if command else None
    row = await service.withdraw(session, principal, invitation_id, reason, if_match)
    return await _invitation_out(session, principal, row, response)
