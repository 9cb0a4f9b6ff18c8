"""The payment password."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from distro_api.core.schemas import Command, Out, Secret
from distro_api.identity.schemas.codes import ConfirmationCode
from distro_api.identity.schemas.fields import Otp, Password


def _six_digits(value: Secret) -> Secret:
    digits = value.get_secret_value()
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("应为六位数字 / six digits")
    return value


SixDigits = Annotated[
    Secret,
    Field(min_length=6, max_length=6, json_schema_extra={"pattern": "^[0-9]{6}$"}, examples=["730164"]),
    AfterValidator(_six_digits),
]
OwnCode = Annotated[Otp | None, Field(description="A code of your authenticator, if you have one")]


class SetPaymentPassword(Command):
    value: SixDigits
    password: Annotated[Password, Field(description="The login password")]
    otp: OwnCode = None


class ChangePaymentPassword(Command):
    old_value: SixDigits
    value: SixDigits


class ResetPaymentPassword(Command):
    code: ConfirmationCode
    value: SixDigits
    password: Annotated[Password, Field(description="The login password")]
    otp: OwnCode = None


class PaymentPasswordOut(Out):
    is_set: bool
    changed_at: datetime | None
