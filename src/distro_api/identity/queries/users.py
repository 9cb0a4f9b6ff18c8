"""Reads of users."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import Organization, OrganizationStatus, User
from distro_api.identity.queries.viewer import Viewer


async def user_of_account(session: AsyncSession, account: str) -> User | None:
    """Who signs in under `account` (in its normal form)."""
    return await session.scalar(
        select(User).where(or_(User.username == account, User.phone == account, User.email == account))
    )


async def rejected_applicants(session: AsyncSession, phone: str, email: str) -> Sequence[User]:
    """Owners of rejected organizations who have this phone or this e-mail address, locked."""
    found = (
        select(User)
        .join(Organization, Organization.id == User.organization_id)
        .where(Organization.status == OrganizationStatus.REJECTED, or_(User.phone == phone, User.email == email))
    )
    return (await session.scalars(found.order_by(User.id).with_for_update(of=User))).all()


async def me(session: AsyncSession, viewer: Viewer) -> tuple[User, Organization]:
    """The caller and its organization."""
    row = await session.execute(
        select(User, Organization)
        .join(Organization, Organization.id == User.organization_id)
        .where(User.id == viewer.user_id)
    )
    found = row.one_or_none()
    if found is None:
        raise NotFoundHere
    return found[0], found[1]
