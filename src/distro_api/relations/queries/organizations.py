"""Reads of the organizations that relations join."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.identity.models import (
    Kind,
    Organization,
    OrganizationStatus,
    PartnerPolicy,
    User,
    UserStatus,
    owns,
)
from distro_api.relations.models import InvitationStatus, PartnerInvitation, Side


async def organizations(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, Organization]:
    found = await session.scalars(select(Organization).where(Organization.id.in_(ids)))
    return {row.id: row for row in found}


async def active_organizations(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Those that are active, and stay so until the caller's transaction ends."""
    found = select(Organization.id).where(Organization.id.in_(ids), Organization.status == OrganizationStatus.ACTIVE)
    return set(await session.scalars(found.order_by(Organization.id).with_for_update(read=True)))


async def addable_distributor(
    session: AsyncSession, supplier_id: UUID, distributor_id: UUID, now: datetime
) -> UUID | None:
    """The distributor, if this supplier may take it as a partner without asking: it is open to everybody, or has asked."""
    has_asked = exists().where(
        PartnerInvitation.distributor_id == Organization.id,
        PartnerInvitation.supplier_id == supplier_id,
        PartnerInvitation.asked_by == Side.DISTRIBUTOR,
        PartnerInvitation.status == InvitationStatus.OPEN,
        PartnerInvitation.expires_at > now,
    )
    found = _partners(Kind.DISTRIBUTOR).where(
        Organization.id == distributor_id, or_(Organization.partner_policy == PartnerPolicy.OPEN, has_asked)
    )
    return await session.scalar(found.with_only_columns(Organization.id).with_for_update(read=True))


async def partner_of_code(session: AsyncSession, kind: Kind, code: str) -> Organization | None:
    """Who of this kind has the partner code, and stays active until the caller's transaction ends."""
    return await session.scalar(_partners(kind).where(Organization.partner_code == code).with_for_update(read=True))


async def partner_of_phone(session: AsyncSession, kind: Kind, phone: str) -> Organization | None:
    """The same by the number of one of its people."""
    members = select(User.organization_id).where(User.phone == phone, User.status != UserStatus.DELETED)
    return await session.scalar(_partners(kind).where(Organization.id.in_(members)).with_for_update(read=True))


def owners_of(organizations: Select[Any] | Collection[UUID]) -> Select[User]:
    """The first owner of each organization, or the first of its people."""
    return (
        select(User)
        .where(User.organization_id.in_(organizations), User.status != UserStatus.DELETED)
        .ext(distinct_on(User.organization_id))
        .order_by(User.organization_id, owns(User.id).desc(), User.id)
    )


async def owners(session: AsyncSession, organization_ids: Collection[UUID]) -> Mapping[UUID, User]:
    """The same, by organization."""
    return {row.organization_id: row for row in await session.scalars(owners_of(organization_ids))}


def _partners(kind: Kind) -> Select[Organization]:
    """Active, and signed in to by somebody: no supplier's house."""
    return select(Organization).where(
        Organization.kind == kind,
        Organization.house_of.is_(None),
        Organization.status == OrganizationStatus.ACTIVE,
    )
