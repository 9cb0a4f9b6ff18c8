"""Users: the people who sign in."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.db import Versioned


class UserStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"
    """What named the person is gone; the row stays for what refers to it."""


class Language(StrEnum):
    """In which a person is written to."""

    ZH = "zh"
    EN = "en"


class User(Versioned):
    """A person who signs in. `username`, `phone` and `email` each name one user on the whole platform."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        CheckConstraint("username = lower(username)", name="username_is_lower_case"),
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    username: Mapped[str] = mapped_column(unique=True)
    phone: Mapped[str | None] = mapped_column(unique=True)
    email: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    status: Mapped[UserStatus]
    password_hash: Mapped[str]
    password_change_required: Mapped[bool]
    language: Mapped[Language] = mapped_column(default=Language.ZH)
    perm_version: Mapped[int] = mapped_column(default=1)
    """Counts the changes of the user's roles: of two accounts of them the one with the higher number is the newer."""

    @property
    def reach(self) -> str | None:
        """Where the person is told something: the phone, or else the mail box."""
        return self.phone or self.email
