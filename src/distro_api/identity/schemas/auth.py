"""Signing in and out."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Command, Out, Secret
from distro_api.identity.schemas.fields import Account, CaptchaPart, DeviceName, Otp, Password, RefreshTokenText, Scope


class LogIn(Command):
    username: Account
    password: Password
    scope: Scope = ""
    captcha_id: Annotated[CaptchaPart | None, Field(description="From POST /auth/captcha, when one is asked for")] = (
        None
    )
    captcha_code: Annotated[
        CaptchaPart | None, Field(description="The letters in the picture; case does not count")
    ] = None
    otp: Annotated[
        Otp | None, Field(description="For those who have a second factor: else the challenge in the 401 is answered")
    ] = None
    device_name: DeviceName | None = None


class TokenForm(LogIn):
    """The OAuth2 password form, with the fields that OAuth2 clients add and we do not use."""

    grant_type: Annotated[Literal["password"], Field(description="OAuth2's name of this form")] = "password"
    client_id: Annotated[str | None, Field(max_length=200, description="Ignored")] = None
    client_secret: Annotated[Secret | None, Field(max_length=200, description="Ignored")] = None


class AnswerChallenge(Command):
    challenge: Annotated[Secret, Field(min_length=1, max_length=200, description="From the 401 of the first step")]
    otp: Otp


class CaptchaOut(Out):
    captcha_id: UUID
    image: Annotated[
        str, Field(description="The picture as a data: URL (PNG)", examples=["data:image/png;base64,iVBORw0K"])
    ]
    expires_in: Annotated[int, Field(description="Seconds that it can be answered; once, right or wrong")]


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
    second_factor_enrolment_required: Annotated[
        bool, Field(description="Until a second factor is set up under /me/second-factor, every other call answers 403")
    ]
