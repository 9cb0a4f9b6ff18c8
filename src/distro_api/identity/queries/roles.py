"""Reads of roles, and of who holds them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import BuiltIn, Organization, Role, User, UserRole, UserStatus, owns
from distro_api.identity.queries.viewer import Viewer


def visible_roles(viewer: Viewer) -> Select[Role]:
    """The roles of the viewer's own organization; the platform sees nobody else's either."""
    return select(Role).where(Role.organization_id == viewer.organization_id)


def roles_where(viewer: Viewer, *, built_in: bool | None, q: str | None) -> Select[Role]:
    found = visible_roles(viewer)
    if built_in is not None:
        found = found.where(Role.built_in.is_not(None) if built_in else Role.built_in.is_(None))
    if q:
        found = found.where(Role.name.icontains(q, autoescape=True))
    return found


async def role(session: AsyncSession, viewer: Viewer, role_id: UUID) -> Role:
    """One role of the viewer's organization.

    Raises:
        NotFoundHere
    """
    if (found := await session.scalar(visible_roles(viewer).where(Role.id == role_id))) is None:
        raise NotFoundHere
    return found


async def built_in_role(session: AsyncSession, organization_id: UUID, built_in: BuiltIn) -> Role:
    found = select(Role).where(Role.organization_id == organization_id, Role.built_in == built_in)
    return (await session.scalars(found)).one()


async def roles_of_users(session: AsyncSession, user_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[Role]]:
    """What each of these users holds, built-in roles first."""
    rows = await session.execute(
        select(UserRole.user_id, Role)
        .join(Role, Role.id == UserRole.role_id)
        .where(UserRole.user_id.in_(list(user_ids)))
        .order_by(Role.built_in.is_(None), Role.id)
    )
    found: dict[UUID, list[Role]] = {}
    for user_id, held in rows:
        found.setdefault(user_id, []).append(held)
    return found


async def roles_of(session: AsyncSession, user_id: UUID) -> Sequence[Role]:
    return (await roles_of_users(session, [user_id])).get(user_id, ())


async def holders(session: AsyncSession, role_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """How many users hold each role."""
    counted = select(UserRole.role_id, func.count()).where(UserRole.role_id.in_(role_ids)).group_by(UserRole.role_id)
    return {row[0]: row[1] for row in await session.execute(counted)}


async def active_owners(session: AsyncSession, organization_id: UUID) -> Sequence[UUID]:
    """The users who own the organization and may sign in, oldest first."""
    active = select(User.id).where(User.organization_id == organization_id, User.status == UserStatus.ACTIVE)
    return (await session.scalars(active.where(owns(User.id)).order_by(User.id))).all()


def custom_roles() -> Select[Role]:
    """Every custom role of the platform, for a process that learns what they grant."""
    return select(Role).where(Role.built_in.is_(None))


def limited() -> Select[Organization]:
    """Every organization that something is withheld from, for the same."""
    return select(Organization).where(func.cardinality(Organization.withheld) > 0)
