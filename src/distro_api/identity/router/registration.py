"""Opening an organization oneself."""

from fastapi import APIRouter, Request, Response

from distro_api.core.admission import ApiRoute
from distro_api.core.db import Transactions, Tx
from distro_api.core.errors import DomainError
from distro_api.core.http import API, capability, language_of, problems
from distro_api.identity.errors import (
    CodesAskedTooOften,
    CreditCodeTaken,
    EmailTaken,
    InvalidCode,
    InvalidCreditCode,
    InvalidPhone,
    PhoneTaken,
    UnknownRegion,
    UsernameTaken,
    WeakPassword,
)
from distro_api.identity.router.wiring import FromCodeDesk, FromOrigin, code_asked
from distro_api.identity.schemas import AskCode, CodeAskedOut, Register, RegisteredOut
from distro_api.identity.service import codes, registration
from distro_api.identity.service.accounts import normal_contact, normal_phone
from distro_api.identity.service.registration import Application

router = APIRouter(prefix=f"{API}/auth/register", tags=["auth"], route_class=ApiRoute)


@router.post(
    "/codes",
    response_model=CodeAskedOut,
    status_code=202,
    responses=problems(InvalidPhone, CodesAskedTooOften),
    openapi_extra=capability("I5"),
)
async def ask_registration_code(
    command: AskCode, request: Request, session: Tx, desk: FromCodeDesk, origin: FromOrigin
) -> dict[str, int]:
    """Send a code to my phone or mail box, to register with; ask once for each of the two.

    It is sent whether or not somebody has registered with it before: only who reads it learns that.
    """
    subject = registration.subject_of(normal_contact(command.to))
    language = language_of(request.headers)
    if refusal := await codes.ask(session, desk, subject, address=origin.address, language=language):
        raise refusal
    return code_asked(desk)


@router.post(
    "",
    response_model=RegisteredOut,
    status_code=201,
    responses=problems(
        InvalidCode,
        InvalidPhone,
        WeakPassword,
        UsernameTaken,
        PhoneTaken,
        EmailTaken,
        InvalidCreditCode,
        CreditCodeTaken,
        UnknownRegion,
    ),
    openapi_extra=capability("I5"),
)
async def register(
    command: Register, transactions: Transactions, desk: FromCodeDesk, origin: FromOrigin, response: Response
) -> object:
    """Apply as a supplier or distributor. The platform reviews; I am told by message when I can sign in.

    Until then signing in answers 403 `organization_pending`; after a rejection 403 `organization_rejected` with the
    reason, and I may register again with the same names.
    """
    owner, profile = command.owner, command.profile
    application = Application(
        kind=command.kind,
        name=command.name,
        username=owner.username,
        password=owner.password.get_secret_value(),
        person=owner.name,
        phone=normal_phone(owner.phone),
        phone_code=owner.phone_code,
        email=owner.email.lower(),
        email_code=owner.email_code,
        language=owner.language,
        profile=profile.model_dump(mode="json", include=profile.model_fields_set) if profile else {},
    )
    outcome = await registration.register(transactions, desk, origin, application)
    if isinstance(outcome, DomainError):
        raise outcome
    response.headers["Location"] = f"/api/v1/organizations/{outcome.id}"
    return outcome
