"""My second factor, and what an organization demands of its people."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from distro_api.core.db import Read, Transactions, Tx
from distro_api.core.errors import DomainError, NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute, secret_answer
from distro_api.identity import queries
from distro_api.identity.errors import (
    AccountLocked,
    OwnAccount,
    SecondFactorEnforced,
    SecondFactorRefused,
    WrongPassword,
)
from distro_api.identity.models import Organization
from distro_api.identity.principal import Principal, Require
from distro_api.identity.router.wiring import FromIssuer
from distro_api.identity.schemas import (
    ConfirmSecondFactor,
    DemandSecondFactor,
    DisableSecondFactor,
    EnrolmentOut,
    EnrolSecondFactor,
    RecoveryCodesOut,
    RenewRecoveryCodes,
    ResetSecondFactor,
    SecondFactorOut,
    SecurityOut,
)
from distro_api.identity.service import second_factor, sessions
from distro_api.identity.service.sessions import Issuer

router = APIRouter(prefix=f"{API}/me/second-factor", tags=["me"], route_class=IdempotentRoute)
security = APIRouter(prefix=f"{API}/organizations", tags=["organizations"], route_class=IdempotentRoute)
Mine = Annotated[Principal, Require("me:second_factor")]
Secures = Annotated[Principal, Require("organizations:secure")]
PROOF_REFUSALS = (WrongPassword, SecondFactorRefused, AccountLocked)


@router.get("", response_model=SecondFactorOut, openapi_extra=capability("I16"))
async def get_second_factor(principal: Mine, session: Read, issuer: FromIssuer) -> object:
    """Whether I have a second factor, and must have one."""
    return await second_factor.state(session, issuer, principal)


@router.post("", response_model=EnrolmentOut, responses=problems(*PROOF_REFUSALS), openapi_extra=capability("I16"))
@secret_answer("secret", "uri", "qr_image")
async def enrol_second_factor(
    command: EnrolSecondFactor, principal: Mine, transactions: Transactions, issuer: FromIssuer
) -> object:
    """A secret for my authenticator app, in force from its first code on; asked again, it is another."""
    return await second_factor.enrol(
        transactions, issuer, principal, password=command.password.get_secret_value(), otp=command.otp
    )


@router.post(
    "/confirm",
    response_model=RecoveryCodesOut,
    responses=problems(SecondFactorRefused, AccountLocked, StateConflict),
    openapi_extra=capability("I16"),
)
@secret_answer("recovery_codes")
async def confirm_second_factor(
    command: ConfirmSecondFactor, principal: Mine, transactions: Transactions, issuer: FromIssuer
) -> RecoveryCodesOut:
    """The app's first code: from now on signing in asks for one. My other sessions end; renew the tokens of this one."""
    outcome = await second_factor.confirm(transactions, issuer, principal, otp=command.otp)
    if isinstance(outcome, DomainError):
        raise outcome
    return RecoveryCodesOut(recovery_codes=list(outcome))


@router.post(
    "/recovery-codes",
    response_model=RecoveryCodesOut,
    responses=problems(*PROOF_REFUSALS, StateConflict),
    openapi_extra=capability("I16"),
)
@secret_answer("recovery_codes")
async def renew_recovery_codes(
    command: RenewRecoveryCodes, principal: Mine, transactions: Transactions, issuer: FromIssuer
) -> RecoveryCodesOut:
    """Ten new recovery codes; the old ones are worth nothing any more."""
    codes = await second_factor.renew_recovery_codes(
        transactions, issuer, principal, password=command.password.get_secret_value(), otp=command.otp
    )
    return RecoveryCodesOut(recovery_codes=list(codes))


@router.post(
    "/disable",
    response_model=SecondFactorOut,
    responses=problems(*PROOF_REFUSALS, StateConflict, SecondFactorEnforced),
    openapi_extra=capability("I16"),
)
async def disable_second_factor(
    command: DisableSecondFactor, principal: Mine, transactions: Transactions, issuer: FromIssuer
) -> object:
    """Do without a second factor, where the organization does not demand one."""
    await second_factor.disable(
        transactions, issuer, principal, password=command.password.get_secret_value(), otp=command.otp
    )
    async with transactions() as session:
        return await second_factor.state(session, issuer, principal)


def _security_out(issuer: Issuer, organization: Organization, response: Response) -> SecurityOut:
    response.headers["ETag"] = etag(organization.version)
    return SecurityOut(
        organization_id=organization.id,
        second_factor_required=organization.second_factor_required,
        demanded_by_platform=sessions.platform_demands_second_factor(issuer, organization.kind),
        version=organization.version,
    )


@security.get(
    "/{organization_id}/security",
    response_model=SecurityOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("I16"),
)
async def get_security(
    organization_id: UUID, principal: Secures, session: Read, issuer: FromIssuer, response: Response
) -> SecurityOut:
    """Whether everybody in the organization must have a second factor."""
    return _security_out(issuer, await queries.organization(session, principal, organization_id), response)


@security.put(
    "/{organization_id}/security",
    response_model=SecurityOut,
    responses=problems(NotFoundHere, PreconditionFailed),
    openapi_extra=capability("I16"),
)
async def set_security(
    organization_id: UUID,
    command: DemandSecondFactor,
    principal: Secures,
    session: Tx,
    issuer: FromIssuer,
    response: Response,
    if_match: IfMatch = None,
) -> SecurityOut:
    """Demand a second factor of everybody in the organization; who has none may only set one up, from the next token on."""
    found = await second_factor.demand_of_organization(
        session, principal, organization_id, required=command.second_factor_required, if_match=if_match
    )
    return _security_out(issuer, found, response)


@security.post(
    "/{organization_id}/reset-second-factor",
    response_model=SecurityOut,
    responses=problems(NotFoundHere, OwnAccount, StateConflict),
    openapi_extra=capability("I16"),
)
async def reset_second_factor(
    organization_id: UUID,
    command: ResetSecondFactor,
    principal: Annotated[Principal, Require("organizations:manage")],
    session: Tx,
    issuer: FromIssuer,
    response: Response,
) -> SecurityOut:
    """Help somebody who has lost the authenticator and whom nobody of the organization can help: a sole owner."""
    found = await second_factor.take_away_by_platform(
        session, issuer, principal, organization_id, account=command.account, reason=command.reason
    )
    return _security_out(issuer, found, response)
