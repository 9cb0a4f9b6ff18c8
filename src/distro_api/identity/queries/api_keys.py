"""Reads of API keys."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import ApiKey, ApiKeySecret, Organization, User
from distro_api.identity.queries.viewer import Viewer
from distro_api.identity.states import KeyStatus


def visible_keys(viewer: Viewer) -> Select[ApiKey]:
    """The keys of the viewer's own organization; the platform sees nobody else's either."""
    return select(ApiKey).where(ApiKey.organization_id == viewer.organization_id)


def keys_where(viewer: Viewer, *, status: KeyStatus | None, user_id: UUID | None, q: str | None) -> Select[ApiKey]:
    found, now = visible_keys(viewer), clock.now()
    match status:
        case KeyStatus.REVOKED:
            found = found.where(ApiKey.revoked_at.is_not(None))
        case KeyStatus.EXPIRED:
            found = found.where(ApiKey.revoked_at.is_(None), ApiKey.expires_at <= now)
        case KeyStatus.ACTIVE:
            found = found.where(ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now))
        case None:
            pass
    if user_id is not None:
        found = found.where(ApiKey.user_id == user_id)
    if q:
        found = found.where(ApiKey.name.icontains(q, autoescape=True))
    return found


async def api_key(session: AsyncSession, viewer: Viewer, key_id: UUID, *, for_update: bool = False) -> ApiKey:
    """One key of the viewer's organization.

    Raises:
        NotFoundHere
    """
    found = visible_keys(viewer).where(ApiKey.id == key_id)
    if for_update:
        found = found.with_for_update(key_share=True).execution_options(populate_existing=True)
    if (row := await session.scalar(found)) is None:
        raise NotFoundHere
    return row


async def count_keys(session: AsyncSession, organization_id: UUID) -> int:
    """How many keys of an organization are not revoked."""
    counted = select(func.count()).where(ApiKey.organization_id == organization_id, ApiKey.revoked_at.is_(None))
    return await session.scalar(counted) or 0


async def secrets_of_keys(session: AsyncSession, key_ids: Collection[UUID]) -> Mapping[UUID, Sequence[ApiKeySecret]]:
    """The secrets of each key that are good or will be replaced, newest first."""
    good = or_(ApiKeySecret.valid_until.is_(None), ApiKeySecret.valid_until > clock.now())
    rows = await session.scalars(
        select(ApiKeySecret)
        .where(ApiKeySecret.key_id.in_(key_ids), good)
        .order_by(ApiKeySecret.created_at.desc(), ApiKeySecret.prefix)
    )
    found: dict[UUID, list[ApiKeySecret]] = {}
    for row in rows:
        found.setdefault(row.key_id, []).append(row)
    return found


async def key_of_prefix(session: AsyncSession, prefix: str) -> tuple[ApiKeySecret, ApiKey, User, Organization] | None:
    """The secret that begins so, its key, whom the key acts for, and where; what they are worth is the caller's to say."""
    row = await session.execute(
        select(ApiKeySecret, ApiKey, User, Organization)
        .join(ApiKey, ApiKey.id == ApiKeySecret.key_id)
        .join(User, User.id == ApiKey.user_id)
        .join(Organization, Organization.id == ApiKey.organization_id)
        .where(ApiKeySecret.prefix == prefix)
    )
    found = row.one_or_none()
    return None if found is None else (found[0], found[1], found[2], found[3])


async def people(session: AsyncSession, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
    """Users by id, for whoever was allowed to see what they stand in."""
    return {user.id: user for user in await session.scalars(select(User).where(User.id.in_(user_ids)))}
