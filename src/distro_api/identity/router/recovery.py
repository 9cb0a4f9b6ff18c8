"""A forgotten password."""

from fastapi import APIRouter

from distro_api.core.admission import ApiRoute
from distro_api.core.db import Transactions, Tx
from distro_api.core.http import API, capability, problems
from distro_api.identity.errors import InvalidCode, WeakPassword
from distro_api.identity.router.wiring import FromCodeDesk, FromIssuer, FromOrigin, code_asked
from distro_api.identity.schemas import CodeAskedOut, ForgotPassword, ResetPassword
from distro_api.identity.service import recovery

router = APIRouter(prefix=f"{API}/auth/password", tags=["auth"], route_class=ApiRoute)


@router.post("/forgot", response_model=CodeAskedOut, status_code=202, openapi_extra=capability("I3"))
async def forgot_password(
    command: ForgotPassword, session: Tx, desk: FromCodeDesk, origin: FromOrigin
) -> dict[str, int]:
    """Ask for a code to set a new password; the answer is the same whether the account exists or not.

    The code goes to the phone or mail box that was given, or for a username to the account's phone, or else its mail box.
    Beyond the limits of codes nothing is sent.
    """
    await recovery.forgot(session, desk, origin, command.account)
    return code_asked(desk)


@router.post("/reset", status_code=204, responses=problems(InvalidCode, WeakPassword), openapi_extra=capability("I3"))
async def reset_password(
    command: ResetPassword,
    transactions: Transactions,
    issuer: FromIssuer,
    desk: FromCodeDesk,
    origin: FromOrigin,
) -> None:
    """Set a new password by the code: every session ends, locks are lifted, and the person is told."""
    refusal = await recovery.reset(
        transactions,
        issuer,
        desk,
        origin,
        account=command.account,
        code=command.code,
        new_password=command.new_password.get_secret_value(),
    )
    if refusal is not None:
        raise refusal
