"""Reads of notifications."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.identity.models import User


async def users(session: AsyncSession, ids: Collection[UUID]) -> Sequence[User]:
    """The people to tell."""
    return (await session.scalars(select(User).where(User.id.in_(ids)).order_by(User.id))).all()
