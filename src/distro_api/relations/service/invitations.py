"""Invitations: either side asks, the other answers, once, until a day."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock, outbox
from distro_api.core.http import check_if_match, constraint_of
from distro_api.identity.models import Kind, Organization, PartnerPolicy
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.identity.service.accounts import normal_phone
from distro_api.identity.service.partnering import normal_code
from distro_api.relations import queries
from distro_api.relations.errors import (
    InvitationExists,
    OtherSideDecides,
    PartnerNotActive,
    RelationExists,
    TermsAreTheSuppliers,
    TooManyInvitations,
    UnknownPartner,
)
from distro_api.relations.events import PartnerInvited
from distro_api.relations.models import InvitationStatus, PartnerInvitation, Sells, Side
from distro_api.relations.schemas import AcceptInvitation, InvitePartner
from distro_api.relations.service.opening import end, establish
from distro_api.relations.service.tiers import name_tiers
from distro_api.relations.states import InvitationAction, invitation_after

MOST_OPEN = 200
"""Invitations of one organization that wait for an answer."""
OTHER = {Kind.SUPPLIER: Kind.DISTRIBUTOR, Kind.DISTRIBUTOR: Kind.SUPPLIER}


async def invite(
    session: AsyncSession, principal: Principal, command: InvitePartner, *, valid_for: timedelta
) -> PartnerInvitation:
    """Ask who has this code or number to work with the caller. Who is open to everybody has accepted at once.

    Raises:
        UnknownPartner, InvalidPhone, RelationExists, InvitationExists, TooManyInvitations, TooManyTiers
        TermsAreTheSuppliers: a distributor names tier or what is sold.
    """
    side = Side(principal.kind.value)
    if side is Side.DISTRIBUTOR and (command.tier is not None or command.sells is not None):
        raise TermsAreTheSuppliers
    asked_for, other = await _look_up(session, OTHER[principal.kind], command)
    if other is None:
        raise UnknownPartner
    supplier_id, distributor_id = principal.organization_id, other.id
    if side is Side.DISTRIBUTOR:
        supplier_id, distributor_id = distributor_id, supplier_id
    await _refuse_a_second(session, principal, side, supplier_id, distributor_id)
    if command.tier is not None:
        await name_tiers(session, principal.actor, supplier_id, [command.tier])
    made = PartnerInvitation(
        id=clock.new_id(),
        supplier_id=supplier_id,
        distributor_id=distributor_id,
        asked_by=side,
        asked_for=asked_for,
        message=command.message,
        tier=command.tier,
        sells=command.sells or Sells.ALL,
        status=InvitationStatus.OPEN,
        expires_at=clock.now() + valid_for,
    )
    try:
        async with session.begin_nested():
            session.add(made)
            await session.flush()
    except IntegrityError as error:
        there = await queries.open_invitation(session, supplier_id, distributor_id)
        if constraint_of(error) != "uq_partner_invitations_open" or there is None:
            raise
        raise InvitationExists(invitation_id=there.id) from error
    audit.record(session, principal.actor, "relations.invite", "partner_invitation", made.id, asked_by=side)
    outbox.publish(
        session,
        PartnerInvited(supplier_id=supplier_id, distributor_id=distributor_id, invitation_id=made.id, asked_by=side),
    )
    if other.partner_policy is PartnerPolicy.OPEN:
        await _become_partners(session, principal, made, made.tier, made.sells)
    await session.flush()
    return made


async def accept(
    session: AsyncSession, principal: Principal, invitation_id: UUID, command: AcceptInvitation, if_match: str | None
) -> PartnerInvitation:
    """The asked side says yes: the relation is open. The supplier says its terms, in the invitation or here.

    Raises:
        NotFoundHere, PreconditionFailed, OtherSideDecides, StateConflict, PartnerNotActive, RelationExists, TooManyTiers
        TermsAreTheSuppliers: a distributor names tier or what is sold.
    """
    found = await _locked(session, principal, invitation_id, if_match)
    _refuse_unless(found.asked_by.value != principal.kind.value)
    _refuse_overdue(found, InvitationAction.ACCEPT)
    tier, sells = found.tier, found.sells
    if principal.kind is Kind.SUPPLIER:
        tier, sells = command.tier, command.sells or Sells.ALL
    elif command.model_fields_set:
        raise TermsAreTheSuppliers
    both = {found.supplier_id, found.distributor_id}
    if await queries.active_organizations(session, both) != both:
        raise PartnerNotActive
    await _become_partners(session, principal, found, tier, sells)
    found.tier, found.sells = tier, sells
    await session.flush()
    return found


async def decline(
    session: AsyncSession, principal: Principal, invitation_id: UUID, reason: str | None, if_match: str | None
) -> PartnerInvitation:
    """The asked side says no; it may be asked again.

    Raises:
        NotFoundHere, PreconditionFailed, OtherSideDecides, StateConflict
    """
    found = await _locked(session, principal, invitation_id, if_match)
    _refuse_unless(found.asked_by.value != principal.kind.value)
    _refuse_overdue(found, InvitationAction.DECLINE)
    end(session, principal.actor, found, InvitationAction.DECLINE, reason=reason)
    await session.flush()
    return found


async def withdraw(
    session: AsyncSession, principal: Principal, invitation_id: UUID, reason: str | None, if_match: str | None
) -> PartnerInvitation:
    """The asking side takes it back.

    Raises:
        NotFoundHere, PreconditionFailed, OtherSideDecides, StateConflict
    """
    found = await _locked(session, principal, invitation_id, if_match)
    _refuse_unless(found.asked_by.value == principal.kind.value)
    _refuse_overdue(found, InvitationAction.WITHDRAW)
    end(session, principal.actor, found, InvitationAction.WITHDRAW, reason=reason)
    await session.flush()
    return found


async def _look_up(session: AsyncSession, kind: Kind, command: InvitePartner) -> tuple[str, Organization | None]:
    """What was looked for in its normal form, and who has it."""
    if "phone" in command.model_fields_set:
        number = normal_phone(command.phone)
        return number, await queries.partner_of_phone(session, kind, number)
    if (code := normal_code(command.partner_code)) is None:
        return "", None
    return code, await queries.partner_of_code(session, kind, code)


async def _refuse_a_second(
    session: AsyncSession, principal: Principal, side: Side, supplier_id: UUID, distributor_id: UUID
) -> None:
    """One relation, and one open invitation, between two; an overdue one makes room."""
    if (there := await queries.relation_between(session, supplier_id, distributor_id)) is not None:
        raise RelationExists(relation_id=there.id, relation_status=there.status)
    if (waiting := await queries.open_invitation(session, supplier_id, distributor_id)) is not None:
        if waiting.status_at(clock.now()) is InvitationStatus.OPEN:
            raise InvitationExists(invitation_id=waiting.id)
        end(session, principal.actor, waiting, InvitationAction.EXPIRE)
        await session.flush()
    if await queries.open_count(session, principal, side) >= MOST_OPEN:
        raise TooManyInvitations(most=MOST_OPEN)


async def _become_partners(
    session: AsyncSession, principal: Principal, invitation: PartnerInvitation, tier: str | None, sells: Sells
) -> None:
    await establish(
        session,
        principal.actor,
        supplier_id=invitation.supplier_id,
        distributor_id=invitation.distributor_id,
        tier=tier,
        sells=sells,
        asked=invitation,
    )


async def _locked(
    session: AsyncSession, principal: Principal, invitation_id: UUID, if_match: str | None
) -> PartnerInvitation:
    found = await queries.invitation(session, principal, invitation_id, for_update=True)
    check_if_match(if_match, found.version)
    return found


def _refuse_unless(mine_to_say: bool) -> None:
    if not mine_to_say:
        raise OtherSideDecides


def _refuse_overdue(invitation: PartnerInvitation, action: InvitationAction) -> None:
    """Time is up from the instant itself on, whenever the worker comes to say so."""
    invitation_after(invitation.status_at(clock.now()), action)
