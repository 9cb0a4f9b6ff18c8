"""Attempts counted under a name, and captchas: what stands before a password is looked at."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core import clock
from distro_api.core.db import Base


class AttemptCounter(Base):
    """Attempts under one name (an account that may not exist, an address, a user's second factor), kept as keyed hash."""

    __tablename__ = "attempt_counters"
    __table_args__ = (CheckConstraint("attempts >= 0", name="counted_upwards"),)

    name_hash: Mapped[bytes] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
    locked_until: Mapped[datetime | None]


class Captcha(Base):
    """A picture that waits for its letters, which are kept as keyed hash. The row goes with the first try."""

    __tablename__ = "captchas"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
