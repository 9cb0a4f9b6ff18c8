"""How a relation comes to be, whatever led to it, and how an invitation ends."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock, outbox
from distro_api.core.http import constraint_of
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Actor
from distro_api.relations import queries
from distro_api.relations.errors import RelationExists
from distro_api.relations.events import (
    InvitationAccepted,
    InvitationDeclined,
    InvitationExpired,
    InvitationWithdrawn,
    RelationOpened,
)
from distro_api.relations.models import Change, PartnerInvitation, RelationStatus, Sells, SupplyRelation
from distro_api.relations.service.history import changed, note
from distro_api.relations.service.tiers import name_tiers
from distro_api.relations.states import InvitationAction, invitation_after

_EVENTS = {
    InvitationAction.ACCEPT: InvitationAccepted,
    InvitationAction.DECLINE: InvitationDeclined,
    InvitationAction.WITHDRAW: InvitationWithdrawn,
    InvitationAction.EXPIRE: InvitationExpired,
}


async def establish(
    session: AsyncSession,
    actor: Actor,
    *,
    supplier_id: UUID,
    distributor_id: UUID,
    tier: str | None,
    sells: Sells,
    asked: PartnerInvitation | None = None,
) -> SupplyRelation:
    """The two work together from now on; what either had asked of the other is answered by that.

    Args:
        asked: the invitation that is accepted, locked; without one an open one between the two is looked for.

    Raises:
        RelationExists, TooManyTiers
    """
    asked = asked or await queries.open_invitation(session, supplier_id, distributor_id)
    if tier is not None:
        await name_tiers(session, actor, supplier_id, [tier])
    opened = SupplyRelation(
        id=clock.new_id(),
        supplier_id=supplier_id,
        distributor_id=distributor_id,
        tier=tier,
        sells=sells,
        status=RelationStatus.ACTIVE,
    )
    try:
        async with session.begin_nested():
            session.add(opened)
            await session.flush()
    except IntegrityError as error:
        there = await queries.relation_between(session, supplier_id, distributor_id)
        if constraint_of(error) != "uq_supply_relations_supplier_id_distributor_id" or there is None:
            raise
        raise RelationExists(relation_id=there.id, relation_status=there.status) from error
    audit.record(
        session, actor, "relations.open", "relation", opened.id, distributor_id=distributor_id, tier=tier, sells=sells
    )
    note(session, actor, [opened], Change.OPENED, tier=tier, sells=sells)
    outbox.publish(
        session, RelationOpened(supplier_id=supplier_id, distributor_id=distributor_id, relation_id=opened.id)
    )
    if asked is not None:
        end(session, actor, asked, InvitationAction.ACCEPT, relation_id=opened.id)
    await changed(session, opened)
    return opened


def end(
    session: AsyncSession,
    actor: Actor,
    invitation: PartnerInvitation,
    action: InvitationAction,
    *,
    reason: str | None = None,
    relation_id: UUID | None = None,
) -> None:
    """The only writer of an invitation's status; its row is locked, and it may be overdue.

    Raises:
        StateConflict
    """
    invitation.status = invitation_after(invitation.status, action)
    invitation.answered_at, invitation.answer_reason = clock.now(), reason
    invitation.relation_id = relation_id
    detail = {"reason": reason, "relation_id": relation_id}
    told = {name: value for name, value in detail.items() if value is not None}
    audit.record(session, actor, f"relations.{action}_invitation", "partner_invitation", invitation.id, **told)
    outbox.publish(
        session,
        _EVENTS[action](
            supplier_id=invitation.supplier_id,
            distributor_id=invitation.distributor_id,
            invitation_id=invitation.id,
            asked_by=invitation.asked_by,
        ),
    )
