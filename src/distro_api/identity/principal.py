"""Who is calling, and what they may do: `Require`.

Every route names a permission with `Require("orders:place")`; the token's kind and role must hold it. Reads then start
from the room's `visible_*(principal)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes

from distro_api.core import tenancy
from distro_api.core.errors import NotAuthenticated, PermissionDenied
from distro_api.core.http import client_address, request_id
from distro_api.identity.errors import PasswordChangeRequired, SecondFactorEnrolmentRequired
from distro_api.identity.models import Kind
from distro_api.identity.permissions import PERMISSIONS
from distro_api.identity.service.audit import Actor
from distro_api.identity.service.keyring import START as KEY_START
from distro_api.identity.service.keyring import Keyring
from distro_api.identity.service.tokens import Claims

oauth2 = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    refreshUrl="/api/v1/auth/refresh",
    scopes={name: permission.title.en for name, permission in PERMISSIONS.items()},
    auto_error=False,
)

ENROLLING = frozenset({"me:password", "me:second_factor"})
"""What may be done before a second factor that the organization demands is set up."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. `organization_id` is the tenant every read and write is limited to."""

    user_id: UUID
    organization_id: UUID
    kind: Kind
    permissions: frozenset[str]
    session_id: UUID
    password_change_required: bool = False
    address: str = ""
    request_id: str = ""
    api_key_id: UUID | None = None
    """The key by which a program acts for `user_id`; `session_id` is the same."""

    @property
    def actor(self) -> Actor:
        """The caller as the audit trail names it."""
        return Actor(self.organization_id, self.user_id, self.request_id, self.address, self.api_key_id)


async def claims_of(request: Request, token: str | None) -> Claims | None:
    """The claims of a valid, unrevoked access token, or of an API key.

    Raises:
        AddressNotAllowed: a key, used from an address that it is not for.
    """
    if token is None:
        return None
    if token.startswith(KEY_START):
        keyring: Keyring = request.app.state.keyring
        return await keyring.claims(token, client_address(request))
    claims: Claims | None = request.app.state.tokens.verify(token)
    return None if claims is None or request.app.state.revocations.covers(claims) else claims


async def authenticated(scopes: SecurityScopes, request: Request, token: str | None = Security(oauth2)) -> Principal:
    """The caller, if the token is good and holds every permission the route asks for.

    Raises:
        NotAuthenticated, AddressNotAllowed, PasswordChangeRequired, SecondFactorEnrolmentRequired, PermissionDenied
    """
    return await _caller(scopes.scopes, request, token)


async def authenticate(scopes: Sequence[str], request: Request) -> Principal:
    """The same for routes that are called without FastAPI's dependencies (`core.lane_route`)."""
    return await _caller(scopes, request, bearer(request))


def bearer(request: Request) -> str | None:
    """The token of the Authorization header."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else None


async def _caller(permissions: Sequence[str], request: Request, token: str | None) -> Principal:
    claims = await claims_of(request, token)
    if claims is None:
        raise NotAuthenticated
    held: frozenset[str] = request.app.state.access.permissions(claims)
    for permission in permissions:
        if claims.password_change_required and permission != "me:password":
            raise PasswordChangeRequired
        if claims.second_factor_missing and permission not in ENROLLING:
            raise SecondFactorEnrolmentRequired
        if permission not in held:
            raise PermissionDenied(permission=permission)
    _enter(claims)
    return Principal(
        claims.user_id,
        claims.organization_id,
        claims.kind,
        held,
        claims.session_id,
        claims.password_change_required,
        client_address(request),
        request_id(request),
        claims.api_key_id,
    )


def Require(permission: str) -> Any:
    """The caller, who must hold `permission`; use as `Annotated[Principal, Require("orders:place")]`."""
    assert permission in PERMISSIONS, permission
    return Security(authenticated, scopes=[permission])


def _enter(claims: Claims) -> None:
    """Let the transactions of this request see the caller's rows; customers, who have no wall yet, see none."""
    match claims.kind:
        case Kind.ADMIN:
            tenancy.enter_platform()
        case Kind.SUPPLIER | Kind.DISTRIBUTOR:
            tenancy.enter(claims.organization_id)
