"""Signing in and out."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Body, Form, Response

from distro_api.core.admission import ApiRoute
from distro_api.core.db import Transactions, Tx
from distro_api.core.errors import TooManyRequests
from distro_api.core.http import API, capability, problems
from distro_api.identity.errors import (
    AccountLocked,
    AddressLocked,
    BadCredentials,
    CaptchaInvalid,
    CaptchaRequired,
    InvalidChallenge,
    InvalidRefreshToken,
    InvalidScope,
    OrganizationNotActive,
    OrganizationPending,
    OrganizationRejected,
    SecondFactorRequired,
    WrongSecondFactor,
)
from distro_api.identity.permissions import PERMISSIONS
from distro_api.identity.router.wiring import FromIssuer, FromOrigin, tokens_out
from distro_api.identity.schemas import AnswerChallenge, CaptchaOut, LogIn, LogOut, Refresh, TokenForm, TokensOut
from distro_api.identity.service import captchas, login, second_step, sessions
from distro_api.identity.service.captchas import CaptchaAnswer
from distro_api.identity.service.login import Attempt

router = APIRouter(prefix=f"{API}/auth", tags=["auth"], route_class=ApiRoute)
SIGN_IN_REFUSALS = problems(
    BadCredentials,
    CaptchaRequired,
    CaptchaInvalid,
    SecondFactorRequired,
    WrongSecondFactor,
    AccountLocked,
    AddressLocked,
    OrganizationNotActive,
    OrganizationPending,
    OrganizationRejected,
    InvalidScope,
)
DEMO_ACCOUNTS = {
    name: {"summary": summary, "value": {"username": name, "password": f"{name.capitalize()}-Demo-2026"}}
    for name, summary in (
        ("admin", "the demo platform's administrator"),
        ("supplier", "a demo supplier's owner"),
        ("distributor", "a demo distributor's owner"),
    )
}
"""Accounts of the demo data, so that the examples work where it is loaded."""


@router.post(
    "/token", response_model=TokensOut, responses=SIGN_IN_REFUSALS, openapi_extra=capability("I1", "I2", "I16")
)
async def get_token(
    form: Annotated[TokenForm, Form(openapi_examples=DEMO_ACCOUNTS)],
    transactions: Transactions,
    issuer: FromIssuer,
    origin: FromOrigin,
) -> TokensOut:
    """Sign in by the OAuth2 password form, as Authorize here does; username may be a phone number or an e-mail address."""
    return await _log_in(form, transactions, issuer, origin)


@router.post(
    "/login", response_model=TokensOut, responses=SIGN_IN_REFUSALS, openapi_extra=capability("I1", "I2", "I16")
)
async def log_in(
    command: Annotated[LogIn, Body(openapi_examples=DEMO_ACCOUNTS)],
    transactions: Transactions,
    issuer: FromIssuer,
    origin: FromOrigin,
) -> TokensOut:
    """Sign in with JSON; username may be a phone number or an e-mail address."""
    return await _log_in(command, transactions, issuer, origin)


async def _log_in(command: LogIn, transactions: Transactions, issuer: FromIssuer, origin: FromOrigin) -> TokensOut:
    """Both ways of signing in."""
    captcha = None
    if command.captcha_id is not None and command.captcha_code is not None:
        captcha = CaptchaAnswer(command.captcha_id, command.captcha_code)
    attempt = Attempt(
        account=command.username,
        password=command.password.get_secret_value(),
        scope=_known_scope(command.scope),
        captcha=captcha,
        otp=command.otp,
    )
    here = replace(origin, device_name=command.device_name)
    return tokens_out(await login.log_in(transactions, issuer, here, attempt))


def _known_scope(asked: str) -> str:
    """The permissions asked for; empty (not narrowed) when that is all of them or none was named."""
    named = set(asked.split())
    known = named & PERMISSIONS.keys()
    if named and not known:
        raise InvalidScope(scopes=sorted(PERMISSIONS))
    return "" if known == PERMISSIONS.keys() else " ".join(sorted(known))


@router.post(
    "/second-factor",
    response_model=TokensOut,
    responses=problems(InvalidChallenge, WrongSecondFactor, AccountLocked, OrganizationNotActive),
    openapi_extra=capability("I16"),
)
async def answer_challenge(
    command: AnswerChallenge, transactions: Transactions, issuer: FromIssuer, origin: FromOrigin
) -> TokensOut:
    """The second step of a sign-in: the challenge of the first, and a code of the authenticator or a recovery code."""
    outcome = await second_step.answer(
        transactions, issuer, origin, challenge=command.challenge.get_secret_value(), otp=command.otp
    )
    return tokens_out(outcome)


@router.post("/captcha", response_model=CaptchaOut, responses=problems(TooManyRequests), openapi_extra=capability("I2"))
async def create_captcha(
    transactions: Transactions, issuer: FromIssuer, origin: FromOrigin, response: Response
) -> CaptchaOut:
    """A picture of letters to send with the next sign-in; each serves one attempt."""
    captcha_id, image = await captchas.issue(transactions, issuer.root_key, issuer.parameters, origin.address)
    response.headers["Cache-Control"] = "no-store"
    return CaptchaOut(captcha_id=captcha_id, image=image, expires_in=int(captchas.LIFETIME.total_seconds()))


@router.post(
    "/refresh", response_model=TokensOut, responses=problems(InvalidRefreshToken), openapi_extra=capability("I15")
)
async def refresh_token(
    command: Refresh, transactions: Transactions, issuer: FromIssuer, origin: FromOrigin
) -> TokensOut:
    """Exchange a refresh token for a new pair. Each serves once; one that comes back ends its session."""
    async with transactions.begin() as session:
        pair = await sessions.rotate(session, issuer, command.refresh_token.get_secret_value(), origin)
    return tokens_out(pair or InvalidRefreshToken())


@router.post("/logout", status_code=204, openapi_extra=capability("I15"))
async def log_out(command: LogOut, session: Tx, issuer: FromIssuer, origin: FromOrigin) -> None:
    """End the session of this refresh token; its access tokens are refused within a second."""
    await sessions.log_out(session, issuer, command.refresh_token.get_secret_value(), origin)
