"""Tables of identity: organizations, users, sessions, logins, revocations, audit trail."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core import clock
from distro_api.core.db import Base, Entity, Versioned
from distro_api.identity.states import OrganizationStatus as OrganizationStatus


class Kind(StrEnum):
    """What an organization is. A principal of kind `customer` acts for itself through a mini-program session."""

    ADMIN = "admin"
    SUPPLIER = "supplier"
    DISTRIBUTOR = "distributor"
    CUSTOMER = "customer"


class UserStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class Role(StrEnum):
    OWNER = "owner"


class LoginOutcome(StrEnum):
    """How an attempt to sign in ended; the caller learns less."""

    SUCCESS = "success"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105
    UNKNOWN_ACCOUNT = "unknown_account"
    LOCKED = "locked"
    USER_DISABLED = "user_disabled"
    ORGANIZATION_NOT_ACTIVE = "organization_not_active"


class EndedBy(StrEnum):
    """Why a session is over."""

    LOGOUT = "logout"
    USER = "user"
    PASSWORD_CHANGE = "password_change"  # noqa: S105
    TOKEN_REUSE = "token_reuse"  # noqa: S105
    ORGANIZATION_SUSPENDED = "organization_suspended"


class Organization(Versioned):
    """A tenant. A supplier's built-in house distributor (`house_of`) carries its sales without a distributor."""

    __tablename__ = "organizations"
    __table_args__ = (
        UniqueConstraint("house_of"),
        CheckConstraint("house_of IS NULL OR kind = 'distributor'", name="a_house_is_a_distributor"),
        Index("ix_organizations_kind_id", "kind", "id"),
    )

    kind: Mapped[Kind]
    name: Mapped[str]
    status: Mapped[OrganizationStatus]
    house_of: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))


class User(Versioned):
    """A person who signs in. `username`, `phone` and `email` each name one user on the whole platform."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("username = lower(username)", name="username_is_lower_case"),
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    username: Mapped[str] = mapped_column(unique=True)
    phone: Mapped[str | None] = mapped_column(unique=True)
    email: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[Role]
    status: Mapped[UserStatus]
    password_hash: Mapped[str]
    password_change_required: Mapped[bool]
    perm_version: Mapped[int] = mapped_column(default=1)


class UserSession(Entity):
    """A sign-in on one device: the family of its refresh tokens. Ended once, never revived."""

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


class LoginFailures(Base):
    """Failures in a row under one account name, known or not, which is kept as a keyed hash."""

    __tablename__ = "login_failures"

    account_hash: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_failed_at: Mapped[datetime] = mapped_column(index=True)
    locked_until: Mapped[datetime | None]


class Revocation(Base):
    """A session whose access tokens are refused from now on: read by every process each second."""

    __tablename__ = "revocations"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    session_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(index=True)


class AuditRow(Base):
    """Who did what, to what, from where. Append-only: no login but the owner's may change or delete a row."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_organization_id_created_at", "organization_id", "created_at"),
        Index("ix_audit_log_object_id", "object_id"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[UUID | None]
    detail: Mapped[dict[str, Any]]
    request_id: Mapped[str]
    address: Mapped[str]
