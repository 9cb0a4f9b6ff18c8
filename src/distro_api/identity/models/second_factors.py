"""What a user proves beside the password: an authenticator, recovery codes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core import clock
from distro_api.core.db import Base


class SecondFactor(Base):
    """A user's authenticator (TOTP). `secret` counts; `pending` replaces it with its first code. Both are sealed.

    `last_step` is the newest time step that served: neither it nor an older one serves again.
    """

    __tablename__ = "second_factors"
    __table_args__ = (
        CheckConstraint("(secret IS NULL) = (confirmed_at IS NULL)", name="confirmed_with_its_secret"),
        CheckConstraint("secret IS NOT NULL OR pending IS NOT NULL", name="holds_a_secret"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes | None]
    pending: Mapped[bytes | None]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class RecoveryCode(Base):
    """A code that stands in for the authenticator once, known by its keyed hash."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]


class LoginChallenge(Base):
    """Between the two steps of a sign-in: whose password was right, known by the keyed hash of what the client holds.

    `password_mark` tells the password that was right: a challenge is worth nothing when that has changed.
    """

    __tablename__ = "login_challenges"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    password_mark: Mapped[bytes]
    account: Mapped[str]
    scope: Mapped[str]
    device_name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
