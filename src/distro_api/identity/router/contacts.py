"""My own phone number and e-mail address."""

from typing import Annotated

from fastapi import APIRouter, Response

from distro_api.core.db import Transactions, Tx
from distro_api.core.http import API, capability, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.identity import queries
from distro_api.identity.errors import (
    AccountLocked,
    CodesAskedTooOften,
    EmailTaken,
    InvalidCode,
    InvalidPhone,
    PhoneTaken,
    WrongOldPassword,
)
from distro_api.identity.principal import Principal, Require
from distro_api.identity.router.me import me_out
from distro_api.identity.router.wiring import FromCodeDesk, FromIssuer, FromOrigin, code_asked
from distro_api.identity.schemas import AskCode, ChangeEmail, ChangePhone, CodeAskedOut, MeOut
from distro_api.identity.service import codes, contacts
from distro_api.identity.service.accounts import normal_contact, normal_phone
from distro_api.identity.service.contacts import Contact

router = APIRouter(prefix=f"{API}/me", tags=["me"], route_class=IdempotentRoute)
Me = Annotated[Principal, Require("me")]
REFUSALS = (WrongOldPassword, InvalidCode, AccountLocked)


@router.post(
    "/codes",
    response_model=CodeAskedOut,
    status_code=202,
    responses=problems(InvalidPhone, CodesAskedTooOften),
    openapi_extra=capability("I6"),
)
async def ask_contact_code(
    command: AskCode, principal: Me, session: Tx, desk: FromCodeDesk, origin: FromOrigin
) -> dict[str, int]:
    """Send a code to the phone number or e-mail address that is to be mine."""
    user, _ = await queries.me(session, principal)
    subject = contacts.subject_of(principal, normal_contact(command.to))
    if refusal := await codes.ask(session, desk, subject, address=origin.address, language=user.language):
        raise refusal
    return code_asked(desk)


@router.post(
    "/phone",
    response_model=MeOut,
    responses=problems(*REFUSALS, InvalidPhone, PhoneTaken),
    openapi_extra=capability("I6"),
)
async def change_phone(
    command: ChangePhone,
    principal: Me,
    transactions: Transactions,
    issuer: FromIssuer,
    desk: FromCodeDesk,
    response: Response,
) -> object:
    """Make a number mine, by the code sent to it and my password; the old number is told."""
    refusal = await contacts.change(
        transactions,
        issuer,
        desk,
        principal,
        Contact.PHONE,
        target=normal_phone(command.phone),
        code=command.code,
        password=command.password.get_secret_value(),
    )
    if refusal is not None:
        raise refusal
    async with transactions() as session:
        return await me_out(session, principal, response)


@router.post("/email", response_model=MeOut, responses=problems(*REFUSALS, EmailTaken), openapi_extra=capability("I6"))
async def change_email(
    command: ChangeEmail,
    principal: Me,
    transactions: Transactions,
    issuer: FromIssuer,
    desk: FromCodeDesk,
    response: Response,
) -> object:
    """Make an e-mail address mine, by the code sent to it and my password; the old address is told."""
    refusal = await contacts.change(
        transactions,
        issuer,
        desk,
        principal,
        Contact.EMAIL,
        target=command.email.lower(),
        code=command.code,
        password=command.password.get_secret_value(),
    )
    if refusal is not None:
        raise refusal
    async with transactions() as session:
        return await me_out(session, principal, response)
