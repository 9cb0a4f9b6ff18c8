"""What the endpoints of this room take from the process and the request, and how a sign-in is answered."""

from typing import Annotated

from fastapi import Depends, Request

from distro_api.core.errors import DomainError
from distro_api.core.http import client_address, request_id
from distro_api.identity.schemas import TokensOut
from distro_api.identity.service.access import Access
from distro_api.identity.service.codes import CodeDesk
from distro_api.identity.service.messages import Messages
from distro_api.identity.service.parameters import catalogue
from distro_api.identity.service.revocations import Revocations
from distro_api.identity.service.sessions import Issuer, Origin, TokenPair


async def _issuer(request: Request) -> Issuer:
    state = request.app.state
    settings = state.settings
    return Issuer(
        state.tokens,
        settings.root_key,
        settings.refresh_token_s,
        state.revocations,
        state.parameters,
        state.access,
        settings.demo_passwords,
    )


async def _origin(request: Request) -> Origin:
    client = "".join(ch for ch in request.headers.get("user-agent", "")[:200] if ch.isprintable())
    return Origin(client_address(request), client, request_id(request))


async def _revocations(request: Request) -> Revocations:
    revocations: Revocations = request.app.state.revocations
    return revocations


async def _access(request: Request) -> Access:
    access: Access = request.app.state.access
    return access


async def _messages(request: Request) -> Messages:
    messages: Messages = request.app.state.notifier
    return messages


async def _code_desk(request: Request) -> CodeDesk:
    state = request.app.state
    return CodeDesk(state.settings.root_key, state.parameters, state.notifier)


FromIssuer = Annotated[Issuer, Depends(_issuer)]
FromOrigin = Annotated[Origin, Depends(_origin)]
FromAccess = Annotated[Access, Depends(_access)]
FromMessages = Annotated[Messages, Depends(_messages)]
FromCodeDesk = Annotated[CodeDesk, Depends(_code_desk)]
Ended = Annotated[Revocations, Depends(_revocations)]


def tokens_out(outcome: TokenPair | DomainError) -> TokensOut:
    """The answer; or the refusal, now that what it recorded is committed."""
    if isinstance(outcome, DomainError):
        raise outcome
    return TokensOut(
        access_token=outcome.access_token,
        token_type="bearer",
        expires_in=outcome.expires_in,
        refresh_token=outcome.refresh_token,
        scope=" ".join(sorted(outcome.permissions)),
        password_change_required=outcome.password_change_required,
        second_factor_enrolment_required=outcome.second_factor_missing,
    )


def code_asked(desk: CodeDesk) -> dict[str, int]:
    """The answer to who has asked for a code, whatever became of it."""
    return {
        "expires_in": desk.parameters.get(catalogue.CODE_LIFE_S),
        "resend_in": desk.parameters.get(catalogue.CODE_RESEND_S),
    }
