"""Reads of users."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import Organization, OrganizationStatus, User, UserRole, UserStatus
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


def visible_users(viewer: Viewer) -> Select[User]:
    """The people of the viewer's own organization, without those deleted; the platform sees nobody else's either."""
    return select(User).where(User.organization_id == viewer.organization_id, User.status != UserStatus.DELETED)


def users_where(viewer: Viewer, *, status: UserStatus | None, role_id: UUID | None, q: str | None) -> Select[User]:
    found = visible_users(viewer)
    if status is not None:
        found = found.where(User.status == status)
    if role_id is not None:
        found = found.where(User.id.in_(select(UserRole.user_id).where(UserRole.role_id == role_id)))
    if q:
        named = (User.name, User.username, User.phone, User.email)
        found = found.where(or_(*(column.icontains(q, autoescape=True) for column in named)))
    return found


async def user(session: AsyncSession, viewer: Viewer, user_id: UUID, *, for_update: bool = False) -> User:
    """One of the people of the viewer's organization.

    Raises:
        NotFoundHere
    """
    found = visible_users(viewer).where(User.id == user_id)
    if for_update:
        found = found.with_for_update(key_share=True).execution_options(populate_existing=True)
    if (row := await session.scalar(found)) is None:
        raise NotFoundHere
    return row


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
