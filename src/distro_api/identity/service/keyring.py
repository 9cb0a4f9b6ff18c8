"""API keys as requests bring them: known from the first use on, dead within a second of what ends them.

A key is `dk_live_`, twelve characters by which it is found, and 256 random bits. Only its keyed hash is stored, and only
that is remembered here. A known key costs a hash and a look-up, and no statement. What it may do follows from the roles
of the person it acts for, as with a token (`access`), narrowed to its scopes.
"""

import asyncio
import contextlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.core.crypto import derive
from distro_api.identity import queries
from distro_api.identity.errors import AddressNotAllowed
from distro_api.identity.models import ApiKey, ApiKeySecret, Organization, OrganizationStatus, User, UserStatus
from distro_api.identity.permissions import for_keys
from distro_api.identity.service.access import Access, Fact, KeyFact, OrganizationFact, RoleFact, UserFact, user_fact
from distro_api.identity.service.tokens import Claims

log = structlog.get_logger()
START = "dk_live_"
PURPOSE = "api-key"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_NAMED = 12
PREFIX_LENGTH = len(START) + _NAMED
LENGTH = PREFIX_LENGTH + 1 + 43
KNOWN = 10_000
FLUSH_S = 10.0
"""How late the last use of a key may be written."""
Network: TypeAlias = IPv4Network | IPv6Network
_USED = text(
    "UPDATE api_keys k SET last_used_at = u.at, last_used_address = u.address FROM unnest(CAST(:ids AS uuid[]), "
    "CAST(:instants AS timestamptz[]), CAST(:addresses AS text[])) AS u(id, at, address) "
    "WHERE k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)"
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A key as it was read. `claims` is None when it is worth nothing."""

    key_id: UUID
    user_id: UUID
    organization_id: UUID
    claims: Claims | None
    networks: Sequence[Network]
    good_until: float


def new_key() -> tuple[str, str]:
    """A new key, and the part of it by which it is found."""
    prefix = START + "".join(secrets.choice(_LETTERS) for _ in range(_NAMED))
    return f"{prefix}_{secrets.token_urlsafe(32)}", prefix


def hash_of(hash_key: bytes, key: str) -> bytes:
    """HMAC-SHA-256."""
    return hmac.digest(hash_key, key.encode(), "sha256")


def hash_key_of(root_key: bytes) -> bytes:
    return derive(root_key, PURPOSE)


class Keyring:
    """The keys that this process has seen, and when each was last used."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], root_key: bytes, access: Access) -> None:
        self._sessions = sessions
        self._hash_key = hash_key_of(root_key)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._changes = 0
        self._used: dict[UUID, tuple[datetime, str]] = {}
        self._task: asyncio.Task[None] | None = None
        access.listen(self._forget)

    async def claims(self, key: str, address: str) -> Claims | None:
        """On whose behalf the bearer acts, narrowed to the key's scopes; None when the key is no good.

        Raises:
            AddressNotAllowed: the key is good, but not from `address`.
        """
        if len(key) != LENGTH:
            return None
        name = hash_of(self._hash_key, key)
        known = self._known.get(name) or await self._read(key, name)
        if known is None or known.claims is None or known.good_until <= time.time():
            return None
        if known.networks and not _is_within(address, known.networks):
            raise AddressNotAllowed
        self._used[known.key_id] = clock.now(), address
        return known.claims

    async def _read(self, key: str, name: bytes) -> _Known | None:
        changes = self._changes
        async with self._sessions() as session:
            found = await queries.key_of_prefix(session, key[:PREFIX_LENGTH])
            if found is None or not hmac.compare_digest(found[0].secret_hash, name):
                return None
            roles = await queries.roles_of(session, found[2].id)
        known = _known(*found, user_fact(found[2], roles).roles)
        if changes == self._changes:  # nothing has been told meanwhile that might make this stale
            self._known[name] = known
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return known

    def _forget(self, fact: Fact) -> None:
        """Read anew what the fact may have changed; roles are looked up at each request anyway."""
        self._changes += 1
        match fact:
            case UserFact(user_id):
                gone = [name for name, known in self._known.items() if known.user_id == user_id]
            case OrganizationFact(organization_id):
                gone = [name for name, known in self._known.items() if known.organization_id == organization_id]
            case KeyFact(key_id):
                gone = [name for name, known in self._known.items() if known.key_id == key_id]
            case RoleFact():
                gone = []
        for name in gone:
            del self._known[name]

    async def flush(self) -> None:
        """Write when keys were last used."""
        used, self._used = self._used, {}
        if not used:
            return
        rows = sorted((key_id, at, address) for key_id, (at, address) in used.items())
        ids, instants, addresses = (list(column) for column in zip(*rows, strict=True))
        try:
            async with self._sessions.begin() as session:
                await session.execute(_USED, {"ids": ids, "instants": instants, "addresses": addresses})
        except (SQLAlchemyError, OSError):
            self._used = used | self._used
            raise

    async def _flush_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            with _logged():
                await self.flush()

    async def __aenter__(self) -> "Keyring":
        self._task = asyncio.create_task(self._flush_now_and_then())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with _logged():
            await self.flush()


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    """The next flush writes what this one could not."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        log.warning("last_use_of_keys_not_written", error=repr(error)[:300])


def _known(secret: ApiKeySecret, key: ApiKey, user: User, organization: Organization, roles: tuple[str, ...]) -> _Known:
    scopes = for_keys(key.scopes)
    alive = (
        key.revoked_at is None
        and user.status is UserStatus.ACTIVE
        and organization.status is OrganizationStatus.ACTIVE
        and bool(scopes)  # no scope at all would mean: not narrowed
    )
    ends = [end.timestamp() for end in (secret.valid_until, key.expires_at) if end is not None]
    claims = Claims(
        user_id=user.id,
        organization_id=organization.id,
        kind=organization.kind,
        roles=roles,
        session_id=key.id,
        perm_version=user.perm_version,
        scope=" ".join(sorted(scopes)),
        password_change_required=False,
        issued_at=0,
        expires_at=0,
        api_key_id=key.id,
    )
    return _Known(
        key.id,
        user.id,
        organization.id,
        claims if alive else None,
        tuple(ip_network(network) for network in key.networks),
        min(ends, default=float("inf")),
    )


@lru_cache(maxsize=4096)
def _address(address: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 address in its IPv6 form is that IPv4 address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks; an unknown one (a local socket) lies in none."""
    found = _address(address)
    return found is not None and any(found in network for network in networks)
