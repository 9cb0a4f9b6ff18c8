"""Reads of sessions and logins."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.identity.models import LoginRecord, RefreshToken, UserSession
from distro_api.identity.queries.viewer import Viewer


def own_sessions(viewer: Viewer) -> Select[UserSession]:
    """The caller's sessions that are not over."""
    return select(UserSession).where(
        UserSession.user_id == viewer.user_id, UserSession.ended_at.is_(None), UserSession.expires_at > clock.now()
    )


async def session_of(session: AsyncSession, viewer: Viewer) -> UserSession:
    """The session of the caller's token."""
    return (await session.scalars(select(UserSession).where(UserSession.id == viewer.session_id))).one()


async def session_of_token(session: AsyncSession, token_hash: bytes) -> UserSession | None:
    """The session that a refresh token belongs to, not locked."""
    joined = select(UserSession).join(RefreshToken, RefreshToken.session_id == UserSession.id)
    return await session.scalar(joined.where(RefreshToken.token_hash == token_hash))


def own_logins(viewer: Viewer) -> Select[LoginRecord]:
    return select(LoginRecord).where(LoginRecord.user_id == viewer.user_id)
