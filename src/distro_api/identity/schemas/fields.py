"""Fields that several bodies of identity share."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from distro_api.core.schemas import Secret, printable

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
_MAIL_PART = r'[^@\s\x00-\x1f<>()\[\],;:\\"]'
"""What may stand unquoted in an address; who writes quotes or comments in one means no good."""
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=rf"^{_MAIL_PART}{{1,64}}@{_MAIL_PART}+\.{_MAIL_PART}+$"
    ),
]
Password = Annotated[Secret, Field(min_length=1, max_length=MAX_PASSWORD_LENGTH)]
NewPassword = Annotated[
    Secret,
    Field(
        min_length=MIN_PASSWORD_LENGTH,
        max_length=MAX_PASSWORD_LENGTH,
        description="Not the account's name, not a common one",
    ),
]
RefreshTokenText = Annotated[Secret, Field(min_length=1, max_length=200)]
Scope = Annotated[
    str, Field(max_length=4000, description="Space-separated permissions to narrow the session to; empty: all you hold")
]
CaptchaPart = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(printable)]
Otp = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, pattern=r"^([0-9]{6}|[A-Za-z2-9]{5}-?[A-Za-z2-9]{5})$", min_length=6, max_length=11
    ),
    Field(description="Six digits of your authenticator, or a recovery code", examples=["492039"]),
]
AppCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{6}$"),
    Field(description="Six digits of your authenticator", examples=["492039"]),
]
DeviceName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(printable),
    Field(description="What you call this device, for your list of sessions", examples=["王芳的手机"]),
]
