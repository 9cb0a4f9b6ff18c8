"""Access tokens: made at login, verified once per token and process, refused as soon as they are revoked."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from jose import jwk, jwt
from jose.exceptions import JOSEError

from distro_api.core.crypto import derive
from distro_api.identity.models import Kind

ALGORITHM = "HS256"
ISSUER = "distro-api"
AUDIENCE = "distro-api"
CACHED_TOKENS = 20_000


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. `roles` are names of built-in roles and ids of custom ones; what those grant is looked up.

    `scope` narrows the roles' permissions; empty: all of them. For an API key `session_id` is the key's id, too.
    """

    user_id: UUID
    organization_id: UUID
    kind: Kind
    roles: tuple[str, ...]
    session_id: UUID
    perm_version: int
    scope: str
    password_change_required: bool
    issued_at: int
    expires_at: int
    api_key_id: UUID | None = None
    second_factor_missing: bool = False


class Tokens:
    """Signs and verifies with keys derived from the root key; `kid` names the key, so that keys can rotate."""

    def __init__(self, root_key: bytes, lifetime_s: int) -> None:
        self.lifetime_s = lifetime_s
        self._keys = {"1": jwk.construct(derive(root_key, "access-token/1"), ALGORITHM)}
        self._newest = "1"
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    def issue(self, claims: Claims) -> str:
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(claims.user_id),
            "org": str(claims.organization_id),
            "kind": claims.kind,
            "roles": claims.roles,
            "sid": str(claims.session_id),
            "perm_version": claims.perm_version,
            "scope": claims.scope,
            "pcr": claims.password_change_required,
            "sfm": claims.second_factor_missing,
            "iat": claims.issued_at,
            "exp": claims.expires_at,
        }
        return str(jwt.encode(payload, self._keys[self._newest], ALGORITHM, headers={"kid": self._newest}))

    def verify(self, token: str) -> Claims | None:
        """The claims of a token that we signed and that has not expired, else None; revocation is checked apart.

        The signature is checked once per token; expiry at each call.
        """
        claims = self._verified.get(token)
        if claims is None:
            claims = self._decode(token)
            if claims is None:
                return None
            self._verified[token] = claims
            if len(self._verified) > CACHED_TOKENS:
                self._verified.popitem(last=False)
        return claims if claims.expires_at > time.time() else None

    def _decode(self, token: str) -> Claims | None:
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            required = {f"require_{name}": True for name in ("aud", "exp", "iat", "iss", "sub")}
            value: dict[str, Any] = jwt.decode(
                token, key, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options=required
            )
            return Claims(
                UUID(value["sub"]),
                UUID(value["org"]),
                Kind(value["kind"]),
                tuple(value["roles"]),
                UUID(value["sid"]),
                value["perm_version"],
                value["scope"],
                value["pcr"],
                value["iat"],
                value["exp"],
                second_factor_missing=value["sfm"],
            )
        except (JOSEError, KeyError, ValueError, TypeError, AttributeError):
            return None
