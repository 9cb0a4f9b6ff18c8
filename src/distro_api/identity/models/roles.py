"""Roles: what users of an organization may do. Built-in ones come with it, custom ones are made of permissions."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from distro_api.core.changes import TOLD
from distro_api.core.db import Base, Versioned


class BuiltIn(StrEnum):
    """The roles that come with an organization; which of them depends on its kind (`permissions.BUILT_IN`)."""

    OWNER = "owner"
    OPERATOR = "operator"
    FINANCE = "finance"
    SERVICE = "service"
    VIEWER = "viewer"
    REVIEWER = "reviewer"
    SUPPORT = "support"


class Role(Versioned):
    """A role of one organization. What a built-in one grants stands in the program; its name here is for people only."""

    __tablename__ = "roles"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "built_in"),
        Index("uq_roles_organization_id_name", "organization_id", text("lower(name)"), unique=True),
        CheckConstraint("built_in IS NULL OR permissions = '{}'", name="the_program_says_what_a_built_in_one_grants"),
        CheckConstraint("cardinality(permissions) <= 500", name="permissions_are_bounded"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    built_in: Mapped[BuiltIn | None]
    name: Mapped[str] = mapped_column(info=TOLD)
    description: Mapped[str] = mapped_column(default="")
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, info=TOLD)

    @property
    def token_name(self) -> str:
        """How access tokens name the role."""
        return str(self.built_in or self.id)


class UserRole(Base):
    """A user holds a role: both of the same organization, by the database's own word."""

    __tablename__ = "user_roles"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "user_id"], ["users.organization_id", "users.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organization_id", "role_id"], ["roles.organization_id", "roles.id"]),
        Index("ix_user_roles_role_id", "role_id"),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]


def owns(user_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Whether the user of a statement's row owns its organization; ordered by this, owners come last."""
    held = select(UserRole.user_id).join(Role, Role.id == UserRole.role_id)
    return held.where(UserRole.user_id == user_id, Role.built_in == BuiltIn.OWNER).exists()
