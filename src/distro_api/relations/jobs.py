"""What the worker does for relations without being asked."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.identity.service.audit import Actor
from distro_api.relations.models import InvitationStatus, PartnerInvitation
from distro_api.relations.service.opening import end
from distro_api.relations.states import InvitationAction

EXPIRE_LIMIT = 500


async def expire_invitations(session: AsyncSession, now: datetime) -> int:
    """Say of overdue invitations that they are, to both sides; how many. Answers test the instant themselves."""
    due = (
        select(PartnerInvitation)
        .where(PartnerInvitation.status == InvitationStatus.OPEN, PartnerInvitation.expires_at <= now)
        .order_by(PartnerInvitation.id)
        .limit(EXPIRE_LIMIT)
        .with_for_update(skip_locked=True)
    )
    overdue = (await session.scalars(due)).all()
    for invitation in overdue:
        end(session, Actor(), invitation, InvitationAction.EXPIRE)
    await session.flush()
    return len(overdue)
