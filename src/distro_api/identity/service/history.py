"""The login history: every attempt, with its address and client."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import DomainError
from distro_api.identity.errors import AccountLocked, AddressLocked, CaptchaInvalid, CaptchaRequired
from distro_api.identity.models import LoginOutcome, LoginRecord, User
from distro_api.identity.service.sessions import Origin

STOPPED: Mapping[type[DomainError], LoginOutcome] = {
    AccountLocked: LoginOutcome.LOCKED,
    AddressLocked: LoginOutcome.LOCKED,
    CaptchaRequired: LoginOutcome.CAPTCHA_REQUIRED,
    CaptchaInvalid: LoginOutcome.CAPTCHA_INVALID,
}
"""What is recorded for a refusal of the guard."""


def record(session: AsyncSession, user: User | None, account: str, outcome: LoginOutcome, origin: Origin) -> None:
    """Add an attempt. What was typed is kept for known users only: it may be a password in the wrong field."""
    session.add(
        LoginRecord(
            user_id=user.id if user else None,
            account=account if user else None,
            outcome=outcome,
            address=origin.address,
            client=origin.client,
        )
    )
