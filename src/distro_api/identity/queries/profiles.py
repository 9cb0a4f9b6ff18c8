"""Reads of registration data and of requests to change it."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import ChangeStatus, Organization, OrganizationChange, OrganizationProfile
from distro_api.identity.queries.viewer import Viewer, seen_by


async def profile_of(session: AsyncSession, organization_id: UUID) -> OrganizationProfile | None:
    """What an organization has told beside its name; None when that is nothing yet."""
    return await session.get(OrganizationProfile, organization_id)


def visible_changes(viewer: Viewer) -> Select[OrganizationChange]:
    """All requests for the platform, their own for the others."""
    column = OrganizationChange.organization_id
    return select(OrganizationChange).where(seen_by(viewer, supplier=column, distributor=column))


def changes_where(
    viewer: Viewer, *, organization_id: UUID | None, status: ChangeStatus | None
) -> Select[OrganizationChange]:
    found = visible_changes(viewer)
    if organization_id is not None:
        found = found.where(OrganizationChange.organization_id == organization_id)
    if status is not None:
        found = found.where(OrganizationChange.status == status)
    return found


async def organization_change(
    session: AsyncSession, viewer: Viewer, change_id: UUID, *, for_update: bool = False
) -> OrganizationChange:
    """One request that `viewer` may see.

    Raises:
        NotFoundHere
    """
    found = visible_changes(viewer).where(OrganizationChange.id == change_id)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFoundHere
    return row


async def pending_change(session: AsyncSession, organization_id: UUID) -> OrganizationChange | None:
    """The request that is being reviewed."""
    of = OrganizationChange.organization_id == organization_id
    return await session.scalar(select(OrganizationChange).where(of, OrganizationChange.status == ChangeStatus.PENDING))


async def names_of(session: AsyncSession, organization_ids: set[UUID]) -> dict[UUID, str]:
    """What organizations are called."""
    rows = await session.execute(
        select(Organization.id, Organization.name).where(Organization.id.in_(organization_ids))
    )
    return {row.id: row.name for row in rows}
