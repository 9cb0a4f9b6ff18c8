"""The caller."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Command, Name, Out, Patch, absent
from distro_api.identity.models import Kind, Language, LoginOutcome, OrganizationStatus
from distro_api.identity.schemas.fields import NewPassword, Password
from distro_api.identity.schemas.organizations import PartnerCode, PartnerPolicyField
from distro_api.identity.schemas.roles import RoleBrief


class ChangePassword(Command):
    old_password: Password
    new_password: NewPassword


class UpdateMe(Patch):
    name: Name = absent()
    language: Annotated[Language, Field(description="In which we write to me")] = absent()


class OrganizationBrief(Out):
    id: UUID
    kind: Kind
    name: str
    status: OrganizationStatus
    partner_code: PartnerCode
    partner_policy: PartnerPolicyField


class MeOut(Out):
    id: UUID
    username: str
    name: str
    phone: Annotated[str | None, Field(description="E.164")]
    email: str | None
    language: Language
    roles: list[RoleBrief]
    permissions: Annotated[list[str], Field(description="What this session may do")]
    organization: OrganizationBrief
    created_at: datetime
    version: int


class SessionOut(Out):
    id: UUID
    created_at: datetime
    last_used_at: Annotated[datetime, Field(description="When it was last refreshed")]
    expires_at: datetime
    address: str
    client: Annotated[str, Field(description="User-Agent at sign-in")]
    device_name: Annotated[str | None, Field(description="What was given at sign-in")]
    second_factor: Annotated[bool, Field(description="Whether one was given at sign-in")]
    current: Annotated[bool, Field(description="The session of this request")]


class LoginOut(Out):
    id: UUID
    created_at: datetime
    outcome: LoginOutcome
    account: Annotated[str | None, Field(description="What was typed as account")]
    address: str
    client: str
