"""Reads of organizations."""

from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import (
    Kind,
    Organization,
    OrganizationStatus,
    User,
    UserStatus,
    owns,
)
from distro_api.identity.queries.viewer import Viewer


def visible_organizations(viewer: Viewer) -> Select[Organization]:
    """All of them for the platform, their own for the others."""
    if viewer.kind is Kind.ADMIN:
        return select(Organization)
    return select(Organization).where(Organization.id == viewer.organization_id)


def organizations_where(
    viewer: Viewer, *, kind: Kind | None, status: OrganizationStatus | None, q: str | None
) -> Select[Organization]:
    found = visible_organizations(viewer)
    if kind is not None:
        found = found.where(Organization.kind == kind)
    if status is not None:
        found = found.where(Organization.status == status)
    if q:
        found = found.where(or_(Organization.name.icontains(q, autoescape=True), Organization.partner_code == q))
    return found


async def organization(
    session: AsyncSession, viewer: Viewer, organization_id: UUID, *, for_update: bool = False
) -> Organization:
    """One organization that `viewer` may see.

    Raises:
        NotFoundHere
    """
    found = visible_organizations(viewer).where(Organization.id == organization_id)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFoundHere
    return row


async def organization_in_use(session: AsyncSession, organization_id: UUID) -> Organization:
    """The organization under a share lock: it cannot be suspended before the caller's transaction ends.

    Locks of identity are taken in this order: organization, user, sessions.
    """
    found = select(Organization).where(Organization.id == organization_id).with_for_update(read=True)
    return (await session.scalars(found)).one()


async def organization_alone(session: AsyncSession, organization_id: UUID) -> Organization:
    """The organization, locked against everybody who changes its staff, roles and keys, and against sign-ins."""
    found = select(Organization).where(Organization.id == organization_id).with_for_update(key_share=True)
    return (await session.scalars(found.execution_options(populate_existing=True))).one()


async def owner_of(session: AsyncSession, organization_id: UUID) -> User | None:
    """The first of its owners, or of its people if no owner may sign in; a house distributor has nobody."""
    people = select(User).where(User.organization_id == organization_id, User.status != UserStatus.DELETED)
    return await session.scalar(people.order_by(owns(User.id).desc(), User.id).limit(1))


async def house_of(session: AsyncSession, supplier_id: UUID) -> Organization | None:
    """The built-in distributor that carries a supplier's sales without a distributor."""
    return await session.scalar(select(Organization).where(Organization.house_of == supplier_id))
