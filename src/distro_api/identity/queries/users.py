"""Reads of users."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import Organization, User
from distro_api.identity.queries.viewer import Viewer


async def user_of_account(session: AsyncSession, account: str) -> User | None:
    """Who signs in under `account` (in its normal form)."""
    return await session.scalar(
        select(User).where(or_(User.username == account, User.phone == account, User.email == account))
    )


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
