"""Confirmation codes sent to a phone or a mail box, and how many were asked for."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.db import Base


class CodePurpose(StrEnum):
    """What a code is good for, and for nothing else."""

    PASSWORD_RESET = "password_reset"  # noqa: S105
    REGISTRATION = "registration"
    NEW_CONTACT = "new_contact"
    PAYMENT_PASSWORD = "payment_password"  # noqa: S105


class ConfirmationCode(Base):
    """The newest code of one purpose and target; neither the target nor the code can be read from it.

    A code that is asked for replaces the one before.
    """

    __tablename__ = "confirmation_codes"
    __table_args__ = (CheckConstraint("attempts >= 0", name="attempts_not_negative"),)

    subject_hash: Mapped[bytes] = mapped_column(primary_key=True)
    """Keyed, of purpose, person and target."""
    purpose: Mapped[CodePurpose]
    code_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int]
    used_at: Mapped[datetime | None]


class CodeQuota(Base):
    """How many codes one target, or one address of the network, has asked for since an instant."""

    __tablename__ = "code_quotas"
    __table_args__ = (CheckConstraint("asked >= 0", name="asked_not_negative"),)

    asker_hash: Mapped[bytes] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(index=True)
    asked: Mapped[int]
    last_at: Mapped[datetime]
