"""What identity takes and gives."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from distro_api.core.schemas import Command, Name, Out, Phone, Reason, absent, printable
from distro_api.identity.models import Kind, LoginOutcome, OrganizationStatus, Role

MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 8, 128
Account = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=254),
    AfterValidator(printable),
    Field(description="Username, phone number or e-mail address"),
]
Username = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z][A-Za-z0-9._-]{2,31}$"),
    Field(description="3 to 32 letters, digits, dots, dashes; starts with a letter; capitals do not count"),
]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+$"
    ),
]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_PASSWORD_LENGTH)]
NewPassword = Annotated[
    SecretStr,
    Field(
        min_length=MIN_PASSWORD_LENGTH,
        max_length=MAX_PASSWORD_LENGTH,
        description="Not the account's name, not a common one",
    ),
]
RefreshTokenText = Annotated[SecretStr, Field(min_length=1, max_length=200)]
Scope = Annotated[
    str, Field(max_length=4000, description="Space-separated permissions to narrow the session to; empty: all you hold")
]
CaptchaPart = Annotated[str, Field(max_length=100, description="Reserved: captchas are not asked for yet")]


class LogIn(Command):
    username: Account
    password: Password
    scope: Scope = ""
    captcha_id: CaptchaPart | None = None
    captcha_code: CaptchaPart | None = None


class TokenForm(LogIn):
    """The OAuth2 password form, with the fields that OAuth2 clients add and we do not use."""

    grant_type: Annotated[Literal["password"], Field(description="OAuth2's name of this form")] = "password"
    client_id: Annotated[str | None, Field(max_length=200, description="Ignored")] = None
    client_secret: Annotated[SecretStr | None, Field(max_length=200, description="Ignored")] = None


class Refresh(Command):
    refresh_token: RefreshTokenText


class LogOut(Command):
    refresh_token: RefreshTokenText


class TokensOut(Out):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: Annotated[int, Field(description="Seconds that the access token lives")]
    refresh_token: Annotated[str, Field(description="Good for one use at /auth/refresh")]
    scope: Annotated[str, Field(description="Space-separated permissions that the access token carries")]
    password_change_required: Annotated[
        bool, Field(description="Until POST /me/password is done, every other call answers 403")
    ]


class ChangePassword(Command):
    old_password: Password
    new_password: NewPassword


class UpdateMe(Command):
    name: Name = absent()
    phone: Phone = absent()
    email: Email = absent()


class OrganizationBrief(Out):
    id: UUID
    kind: Kind
    name: str
    status: OrganizationStatus


class MeOut(Out):
    id: UUID
    username: str
    name: str
    phone: Annotated[str | None, Field(description="E.164")]
    email: str | None
    role: Role
    permissions: list[str]
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
    current: Annotated[bool, Field(description="The session of this request")]


class LoginOut(Out):
    id: UUID
    created_at: datetime
    outcome: LoginOutcome
    account: Annotated[str | None, Field(description="What was typed as account")]
    address: str
    client: str


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
    house_of: Annotated[UUID | None, Field(description="The supplier whose built-in distributor this is")]
    created_at: datetime
    updated_at: datetime
    version: int


class OrganizationDetailOut(OrganizationOut):
    owner: Annotated[OwnerOut | None, Field(description="Null for a house distributor, which nobody signs in to")]
    house_distributor_id: Annotated[UUID | None, Field(description="A supplier's built-in distributor")]


class AuditOut(Out):
    id: UUID
    created_at: datetime
    organization_id: UUID | None
    user_id: UUID | None
    action: Annotated[str, Field(examples=["identity.create_organization"])]
    object_type: str
    object_id: UUID | None
    detail: dict[str, Any]
    request_id: str
    address: str
