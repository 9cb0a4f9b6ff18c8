"""My payment password."""

from typing import Annotated

from fastapi import APIRouter

from distro_api.core.db import Read, Transactions, Tx
from distro_api.core.http import API, capability, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.identity.errors import (
    AccountLocked,
    CodesAskedTooOften,
    InvalidCode,
    NoContact,
    PaymentPasswordExists,
    PaymentPasswordLocked,
    PaymentPasswordNotSet,
    SecondFactorRefused,
    WeakPaymentPassword,
    WrongPassword,
    WrongPaymentPassword,
)
from distro_api.identity.principal import Principal, Require
from distro_api.identity.router.wiring import FromCodeDesk, FromIssuer, FromOrigin, code_asked
from distro_api.identity.schemas import (
    ChangePaymentPassword,
    CodeAskedOut,
    PaymentPasswordOut,
    ResetPaymentPassword,
    SetPaymentPassword,
)
from distro_api.identity.service import payment_password
from distro_api.identity.service.payment_password import State

router = APIRouter(prefix=f"{API}/me/payment-password", tags=["me"], route_class=IdempotentRoute)
Payer = Annotated[Principal, Require("me:payment_password")]
PROOF_REFUSALS = (WrongPassword, SecondFactorRefused, AccountLocked, WeakPaymentPassword)


@router.get("", response_model=PaymentPasswordOut, openapi_extra=capability("I7"))
async def get_payment_password(principal: Payer, session: Read) -> State:
    """Whether I have a payment password."""
    return await payment_password.state(session, principal)


@router.post(
    "",
    response_model=PaymentPasswordOut,
    responses=problems(*PROOF_REFUSALS, PaymentPasswordExists),
    openapi_extra=capability("I7"),
)
async def set_payment_password(
    command: SetPaymentPassword, principal: Payer, transactions: Transactions, issuer: FromIssuer
) -> State:
    """My first payment password, by my login password, and a code of my authenticator if I have one."""
    await payment_password.set_first(
        transactions,
        issuer,
        principal,
        value=command.value.get_secret_value(),
        password=command.password.get_secret_value(),
        otp=command.otp,
    )
    async with transactions() as session:
        return await payment_password.state(session, principal)


@router.post(
    "/change",
    response_model=PaymentPasswordOut,
    responses=problems(WrongPaymentPassword, WeakPaymentPassword, PaymentPasswordLocked, PaymentPasswordNotSet),
    openapi_extra=capability("I7"),
)
async def change_payment_password(
    command: ChangePaymentPassword, principal: Payer, transactions: Transactions, issuer: FromIssuer
) -> State:
    """Another payment password, by the old one."""
    await payment_password.change(
        transactions,
        issuer,
        principal,
        old_value=command.old_value.get_secret_value(),
        new_value=command.value.get_secret_value(),
    )
    async with transactions() as session:
        return await payment_password.state(session, principal)


@router.post(
    "/codes",
    response_model=CodeAskedOut,
    status_code=202,
    responses=problems(CodesAskedTooOften, NoContact),
    openapi_extra=capability("I7"),
)
async def ask_payment_password_code(
    principal: Payer, session: Tx, desk: FromCodeDesk, origin: FromOrigin
) -> dict[str, int]:
    """Send a code to my phone, or else my mail box, to reset the payment password with."""
    await payment_password.ask_reset_code(session, desk, principal, origin)
    return code_asked(desk)


@router.post(
    "/reset",
    response_model=PaymentPasswordOut,
    responses=problems(*PROOF_REFUSALS, InvalidCode, NoContact, PaymentPasswordNotSet),
    openapi_extra=capability("I7"),
)
async def reset_payment_password(
    command: ResetPaymentPassword,
    principal: Payer,
    transactions: Transactions,
    issuer: FromIssuer,
    desk: FromCodeDesk,
) -> State:
    """Another payment password without the old one: by the code, and what setting the first one takes; a lock is lifted."""
    await payment_password.reset(
        transactions,
        issuer,
        desk,
        principal,
        code=command.code,
        value=command.value.get_secret_value(),
        password=command.password.get_secret_value(),
        otp=command.otp,
    )
    async with transactions() as session:
        return await payment_password.state(session, principal)
