"""Reads of invitations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import Organization
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by
from distro_api.relations.models import InvitationStatus, PartnerInvitation, Side


def visible_invitations(principal: Principal) -> Select[PartnerInvitation]:
    """All for the platform; those that either side has sent or received."""
    return select(PartnerInvitation).where(
        seen_by(principal, supplier=PartnerInvitation.supplier_id, distributor=PartnerInvitation.distributor_id)
    )


def invitations_where(
    principal: Principal,
    *,
    now: datetime,
    asked_by: Side | None,
    status: InvitationStatus | None,
    q: str | None,
) -> Select[PartnerInvitation]:
    """Those that fit. `q`: part of the asking side's name, of the message, or of what it looked for."""
    found = visible_invitations(principal)
    if asked_by is not None:
        found = found.where(PartnerInvitation.asked_by == asked_by)
    match status:
        case None:
            pass
        case InvitationStatus.OPEN:
            found = found.where(PartnerInvitation.status == status, PartnerInvitation.expires_at > now)
        case InvitationStatus.EXPIRED:
            overdue = and_(PartnerInvitation.status == InvitationStatus.OPEN, PartnerInvitation.expires_at <= now)
            found = found.where(or_(PartnerInvitation.status == status, overdue))
        case _:
            found = found.where(PartnerInvitation.status == status)
    if q:
        named = select(Organization.id).where(Organization.name.icontains(q, autoescape=True))
        found = found.where(
            or_(
                and_(PartnerInvitation.asked_by == Side.SUPPLIER, PartnerInvitation.supplier_id.in_(named)),
                and_(PartnerInvitation.asked_by == Side.DISTRIBUTOR, PartnerInvitation.distributor_id.in_(named)),
                PartnerInvitation.message.icontains(q, autoescape=True),
                PartnerInvitation.asked_for.icontains(q, autoescape=True),
            )
        )
    return found


async def invitation(
    session: AsyncSession, principal: Principal, invitation_id: UUID, *, for_update: bool = False
) -> PartnerInvitation:
    """One invitation that the caller has sent or received.

    Raises:
        NotFoundHere
    """
    found = visible_invitations(principal).where(PartnerInvitation.id == invitation_id)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFoundHere
    return row


async def open_invitation(session: AsyncSession, supplier_id: UUID, distributor_id: UUID) -> PartnerInvitation | None:
    """The one between the two that is not answered, locked; it may be overdue."""
    return await session.scalar(
        select(PartnerInvitation)
        .where(
            PartnerInvitation.supplier_id == supplier_id,
            PartnerInvitation.distributor_id == distributor_id,
            PartnerInvitation.status == InvitationStatus.OPEN,
        )
        .with_for_update()
    )


async def open_count(session: AsyncSession, principal: Principal, side: Side) -> int:
    """How many invitations the caller's side has sent that wait for an answer."""
    counted = visible_invitations(principal).where(
        PartnerInvitation.asked_by == side, PartnerInvitation.status == InvitationStatus.OPEN
    )
    return await session.scalar(select(func.count()).select_from(counted.subquery())) or 0
