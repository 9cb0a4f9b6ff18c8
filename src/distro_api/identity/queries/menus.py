"""Reads of the menus that a person keeps at hand."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.identity.models import UserMenus
from distro_api.identity.queries.viewer import Viewer


def own_menus(viewer: Viewer) -> Select[UserMenus]:
    """The caller's own row."""
    return select(UserMenus).where(UserMenus.user_id == viewer.user_id)


async def menus_of(session: AsyncSession, user_id: UUID) -> UserMenus:
    """The row that is there, locked: what is done on two devices at once is done one after the other."""
    return (await session.scalars(select(UserMenus).where(UserMenus.user_id == user_id).with_for_update())).one()
