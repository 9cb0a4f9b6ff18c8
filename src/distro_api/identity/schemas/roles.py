"""Roles and permissions."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from distro_api.core.schemas import Command, Name, Out, Patch, Reason, ShortText, absent
from distro_api.identity.models import BuiltIn, Kind

PermissionName = Annotated[
    str,
    StringConstraints(min_length=2, max_length=64, pattern=r"^[a-z_]+(:[a-z_]+)?$"),
    Field(examples=["orders:read"]),
]
PermissionNames = Annotated[list[PermissionName], Field(max_length=500)]


class CreateRole(Command):
    name: Name
    description: ShortText = ""
    permissions: Annotated[PermissionNames, Field(min_length=1, description="Each of them you must hold yourself")]


class UpdateRole(Patch):
    clearable: ClassVar[frozenset[str]] = frozenset()

    name: Name = absent()
    description: ShortText = absent()
    permissions: Annotated[PermissionNames, Field(min_length=1, description="All that it shall grant")] = absent()


class LimitOrganization(Command):
    withheld: Annotated[PermissionNames, Field(description="All that its people may not do; empty: no limits")]
    reason: Reason


class RoleBrief(Out):
    id: UUID
    built_in: Annotated[BuiltIn | None, Field(description="Null for a custom role")]
    name: str


class RoleOut(RoleBrief):
    description: str
    permissions: Annotated[list[str], Field(description="What it grants here: nothing that the platform withholds")]
    users: Annotated[int, Field(description="How many hold it")]
    created_at: datetime
    updated_at: datetime
    version: int


class PermissionOut(Out):
    name: str
    title: Annotated[str, Field(description="In the caller's language")]
    held: Annotated[bool, Field(description="Whether you hold it, and so may grant it")]
    for_api_keys: Annotated[bool, Field(description="Whether an API key may have it as a scope")]


class PermissionsOut(Out):
    items: list[PermissionOut]


class OrganizationPermissionsOut(Out):
    organization_id: UUID
    kind: Kind
    permissions: Annotated[list[str], Field(description="What its people may be allowed")]
    withheld: Annotated[list[str], Field(description="What its kind could do and the platform withholds")]
    version: int
