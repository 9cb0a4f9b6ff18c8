"""Signing in: sessions, refresh tokens, attempts, revocations."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core import clock
from distro_api.core.db import Base, Entity


class LoginOutcome(StrEnum):
    """How an attempt to sign in ended; the caller learns less."""

    SUCCESS = "success"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105
    UNKNOWN_ACCOUNT = "unknown_account"
    LOCKED = "locked"
    USER_DISABLED = "user_disabled"
    ORGANIZATION_NOT_ACTIVE = "organization_not_active"
    CAPTCHA_REQUIRED = "captcha_required"
    CAPTCHA_INVALID = "captcha_invalid"
    SECOND_FACTOR_REQUIRED = "second_factor_required"
    WRONG_SECOND_FACTOR = "wrong_second_factor"


class EndedBy(StrEnum):
    """Why a session is over."""

    LOGOUT = "logout"
    USER = "user"
    PASSWORD_CHANGE = "password_change"  # noqa: S105
    TOKEN_REUSE = "token_reuse"  # noqa: S105
    ORGANIZATION_SUSPENDED = "organization_suspended"
    USER_DISABLED = "user_disabled"
    USER_DELETED = "user_deleted"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    SECOND_FACTOR_CHANGE = "second_factor_change"


class UserSession(Entity):
    """A sign-in on one device: the family of its refresh tokens. Ended once, never revived.

    `second_factor` says whether one was given at sign-in.
    """

    __tablename__ = "user_sessions"
    __table_args__ = (
        Index("ix_user_sessions_user_id_id", "user_id", "id"),
        Index("ix_user_sessions_organization_id", "organization_id", postgresql_where=text("ended_at IS NULL")),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    scope: Mapped[str]
    address: Mapped[str]
    client: Mapped[str]
    device_name: Mapped[str | None]
    second_factor: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[EndedBy | None]


class RefreshToken(Base):
    """One refresh token, known by its keyed hash. A token used twice ends its session."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("user_sessions.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]


class LoginRecord(Entity):
    """One attempt to sign in, successful or not. What was typed is kept for known users only: it may be a password."""

    __tablename__ = "login_records"
    __table_args__ = (Index("ix_login_records_user_id_id", "user_id", "id"),)

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    account: Mapped[str | None]
    outcome: Mapped[LoginOutcome]
    address: Mapped[str]
    client: Mapped[str]


class Revocation(Base):
    """A session whose access tokens are refused from now on: read by every process each second."""

    __tablename__ = "revocations"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    session_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(index=True)
