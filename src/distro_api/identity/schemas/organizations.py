"""Organizations, as the platform opens and sees them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Command, Name, Out, Phone, Reason, absent
from distro_api.identity.models import Kind, OrganizationStatus, PartnerPolicy
from distro_api.identity.schemas.fields import Email, NewPassword, Username

PartnerCode = Annotated[
    str | None,
    Field(description="Hand it on to whom you want to work with; null for the platform and house distributors"),
]
PartnerPolicyField = Annotated[
    PartnerPolicy,
    Field(description="`open`: who knows our code or id is a partner at once; `invitation`: when we have accepted"),
]


class SetPartnerPolicy(Command):
    partner_policy: PartnerPolicyField


class PartneringOut(Out):
    partner_code: PartnerCode
    partner_policy: PartnerPolicyField
    version: Annotated[int, Field(description="Of the organization")]


class CreateOwner(Command):
    username: Username
    password: NewPassword
    name: Name = absent()
    phone: Phone = absent()
    email: Email = absent()


class CreateOrganization(Command):
    kind: Literal[Kind.SUPPLIER, Kind.DISTRIBUTOR]
    name: Name
    owner: CreateOwner
    partner_policy: Annotated[
        PartnerPolicy | None, Field(description="Left out: `open` for distributors, `invitation` for suppliers")
    ] = None


class RejectOrganization(Command):
    reason: Reason


class SuspendOrganization(Command):
    reason: Reason


class ResumeOrganization(Command):
    reason: Reason


class OwnerOut(Out):
    id: UUID
    username: str
    name: str
    phone: str | None
    email: str | None
    password_change_required: bool


class OrganizationOut(Out):
    id: UUID
    kind: Kind
    name: str
    status: OrganizationStatus
    rejected_because: Annotated[str | None, Field(description="Why the application was not approved")]
    house_of: Annotated[UUID | None, Field(description="The supplier whose built-in distributor this is")]
    partner_code: PartnerCode
    partner_policy: PartnerPolicyField
    created_at: datetime
    updated_at: datetime
    version: int


class OrganizationDetailOut(OrganizationOut):
    owner: Annotated[OwnerOut | None, Field(description="Null for a house distributor, which nobody signs in to")]
    house_distributor_id: Annotated[UUID | None, Field(description="A supplier's built-in distributor")]
