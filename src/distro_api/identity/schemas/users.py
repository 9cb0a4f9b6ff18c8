"""Staff accounts."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Command, Name, Out, Patch, Phone, Reason, absent
from distro_api.identity.models import UserStatus
from distro_api.identity.schemas.fields import Email, Username
from distro_api.identity.schemas.roles import RoleBrief


class Delivery(StrEnum):
    """How a one-time password reaches its owner."""

    SMS = "sms"
    SHOWN = "shown"


RoleIds = Annotated[list[UUID], Field(min_length=1, max_length=20, description="They add up; see `GET /api/v1/roles`")]
DeliverBy = Annotated[
    Delivery, Field(description="`sms`: to the person's own number; `shown`: in this answer, once, for you to pass on")
]


class CreateUser(Command):
    username: Username
    name: Name
    phone: Phone | None = None
    email: Email | None = None
    role_ids: RoleIds
    deliver: DeliverBy


class UpdateUser(Patch):
    clearable: ClassVar[frozenset[str]] = frozenset({"phone", "email"})

    name: Name = absent()
    phone: Phone | None = absent()
    email: Email | None = absent()


class SetUserRoles(Command):
    role_ids: RoleIds


class DisableUser(Command):
    reason: Reason


class IssuePassword(Command):
    deliver: DeliverBy


class UserOut(Out):
    id: UUID
    username: str
    name: str
    phone: Annotated[str | None, Field(description="E.164")]
    email: str | None
    status: UserStatus
    roles: list[RoleBrief]
    password_change_required: Annotated[bool, Field(description="Has not set a password of their own yet")]
    created_at: datetime
    updated_at: datetime
    version: int


class IssuedUserOut(UserOut):
    password: Annotated[
        str | None,
        Field(description="The one-time password, when it is to be shown; never again, not even under the same key"),
    ]
