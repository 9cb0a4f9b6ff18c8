"""The second factor, and what an organization demands."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Command, Out, Reason
from distro_api.identity.schemas.fields import Account, AppCode, Otp, Password


class EnrolSecondFactor(Command):
    password: Password
    otp: Annotated[Otp | None, Field(description="Of the one you have, when this replaces it")] = None


class ConfirmSecondFactor(Command):
    otp: AppCode


class RenewRecoveryCodes(Command):
    password: Password
    otp: Otp


class DisableSecondFactor(Command):
    password: Password
    otp: Otp


class SecondFactorOut(Out):
    enabled: bool
    confirmed_at: datetime | None
    recovery_codes_left: int
    required: Annotated[bool, Field(description="Whether your organization, or the platform, demands one")]


class EnrolmentOut(Out):
    """Shown once: whoever sees it can compute your codes."""

    secret: Annotated[str, Field(description="Base32, for apps that take no picture")]
    uri: Annotated[str, Field(description="The otpauth: address in the picture")]
    qr_image: Annotated[str, Field(description="For the app to scan: a data: URL (PNG)")]


class RecoveryCodesOut(Out):
    """Shown once. Each stands in for the authenticator one time."""

    recovery_codes: list[str]


class DemandSecondFactor(Command):
    second_factor_required: bool


class ResetSecondFactor(Command):
    account: Annotated[Account, Field(description="Who has lost it: username, phone number or e-mail address")]
    reason: Reason


class SecurityOut(Out):
    organization_id: UUID
    second_factor_required: Annotated[bool, Field(description="Whether everybody here must have a second factor")]
    demanded_by_platform: Annotated[bool, Field(description="The same, of every organization of this kind")]
    version: int
