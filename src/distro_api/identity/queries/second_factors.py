"""Reads of second factors."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.identity.models import LoginChallenge, RecoveryCode, SecondFactor
from distro_api.identity.queries.viewer import Viewer


async def own_second_factor(session: AsyncSession, viewer: Viewer, *, for_update: bool = False) -> SecondFactor | None:
    """The caller's authenticator, confirmed or not."""
    return await second_factor_of(session, viewer.user_id, for_update=for_update)


async def second_factor_of(session: AsyncSession, user_id: UUID, *, for_update: bool = False) -> SecondFactor | None:
    found = select(SecondFactor).where(SecondFactor.user_id == user_id)
    if for_update:
        found = found.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(found)


async def has_second_factor(session: AsyncSession, user_id: UUID) -> bool:
    """Whether the user has one that counts."""
    factor = await second_factor_of(session, user_id)
    return factor is not None and factor.confirmed_at is not None


async def recovery_codes_left(session: AsyncSession, viewer: Viewer) -> int:
    unused = select(func.count()).where(RecoveryCode.user_id == viewer.user_id, RecoveryCode.used_at.is_(None))
    return (await session.scalars(unused)).one()


async def lock_challenge(session: AsyncSession, token_hash: bytes) -> LoginChallenge | None:
    """A challenge that is still good, held: of two answers at once the second finds it gone."""
    good = (LoginChallenge.token_hash == token_hash, LoginChallenge.expires_at > clock.now())
    return await session.scalar(select(LoginChallenge).where(*good).with_for_update())
