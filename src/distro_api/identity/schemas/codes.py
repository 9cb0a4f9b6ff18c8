"""Confirmation codes, and what they allow: a new password, a new organization, a new phone number or mail box."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from distro_api.core.schemas import Command, Name, Out, Phone, absent
from distro_api.identity.models import Kind, Language, OrganizationStatus
from distro_api.identity.schemas.fields import Account, Email, NewPassword, Password, Username
from distro_api.identity.schemas.profiles import Profile

ConfirmationCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{6}$"),
    Field(description="The six digits of the message", examples=["004711"]),
]
Target = Annotated[
    Phone | Email,
    Field(description="A mobile number (mainland China, or any with +country code) or an e-mail address"),
]


class ForgotPassword(Command):
    account: Account


class ResetPassword(Command):
    account: Annotated[Account, Field(description="As it was given to /auth/password/forgot")]
    code: ConfirmationCode
    new_password: NewPassword


class AskCode(Command):
    to: Target


class CodeAskedOut(Out):
    expires_in: Annotated[int, Field(description="Seconds that a code is good")]
    resend_in: Annotated[int, Field(description="Seconds until another one may be asked for")]


class RegisterOwner(Command):
    username: Username
    password: NewPassword
    name: Name = absent()
    phone: Phone
    phone_code: ConfirmationCode
    email: Email
    email_code: ConfirmationCode
    language: Annotated[Language, Field(description="In which we write to you")] = Language.ZH


class Register(Command):
    kind: Literal[Kind.SUPPLIER, Kind.DISTRIBUTOR]
    name: Annotated[Name, Field(description="Of the organization, as on its licence")]
    owner: RegisterOwner
    profile: Annotated[Profile | None, Field(description="What is reviewed; may be told later by a change")] = None


class RegisteredOut(Out):
    """What an applicant is shown."""

    id: UUID
    kind: Kind
    name: str
    status: OrganizationStatus


class ChangePhone(Command):
    phone: Phone
    code: ConfirmationCode
    password: Password


class ChangeEmail(Command):
    email: Email
    code: ConfirmationCode
    password: Password
