"""API keys of an organization: made, changed, rotated, revoked by people; a key never does any of it.

A key acts for the person who made it, and never may more than that person may at this moment: whoever leaves, or loses a
role, leaves no back door. Who rotates a key takes it over, so a partner's program can outlive an employment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy import update as update_rows
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import StateConflict
from distro_api.core.http import check_if_match
from distro_api.identity import queries
from distro_api.identity.errors import ExpiryInThePast, NotForKeys, TooManyKeys
from distro_api.identity.models import ApiKey, ApiKeySecret
from distro_api.identity.permissions import for_keys
from distro_api.identity.service import audit, authority
from distro_api.identity.service.access import Access, KeyFact
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.authority import Authority
from distro_api.identity.service.keyring import hash_key_of, hash_of, new_key
from distro_api.identity.states import KeyStatus, status_of_key

NEEDED = "api_keys:manage"
MOST_KEYS = 200
"""Keys of one organization that are not revoked."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key with its secret, which nobody can show again."""

    key: ApiKey
    secret: str


async def create(
    session: AsyncSession,
    root_key: bytes,
    caller: Caller,
    *,
    name: str,
    scopes: Sequence[str],
    networks: Sequence[str],
    expires_at: datetime | None,
) -> IssuedKey:
    """A key that acts for the caller, with scopes that the caller holds.

    Raises:
        CannotGrant, UnknownPermission, NotForKeys, ExpiryInThePast, TooManyKeys
    """
    by = await authority.take(session, caller, NEEDED)
    names = _grantable(by, scopes)
    _in_future(expires_at)
    if await queries.count_keys(session, by.organization.id) >= MOST_KEYS:
        raise TooManyKeys(limit=MOST_KEYS)
    made = ApiKey(
        id=clock.new_id(),
        organization_id=by.organization.id,
        user_id=caller.user_id,
        name=name,
        scopes=names,
        networks=list(networks),
        expires_at=expires_at,
    )
    session.add(made)
    await session.flush()
    secret = await _add_secret(session, root_key, made)
    audit.record(session, caller.actor, "identity.create_api_key", "api_key", made.id)
    return IssuedKey(made, secret)


async def update(
    session: AsyncSession,
    access: Access,
    caller: Caller,
    key_id: UUID,
    *,
    changes: Mapping[str, Any],
    if_match: str | None = None,
) -> ApiKey:
    """Change name, scopes, networks or expiry.

    Raises:
        NotFoundHere, PreconditionFailed, CannotGrant, UnknownPermission, NotForKeys, ExpiryInThePast
        StateConflict: it is revoked.
    """
    by = await authority.take(session, caller, NEEDED)
    key = await _usable(session, caller, by, key_id, if_match, "update", (KeyStatus.ACTIVE, KeyStatus.EXPIRED))
    values = dict(changes)
    if "scopes" in values:
        values["scopes"] = _grantable(by, values["scopes"])
    if "expires_at" in values:
        _in_future(values["expires_at"])
    for field, value in values.items():
        setattr(key, field, value)
    await session.flush()
    access.tell(session, KeyFact(key.id))
    audit.record(session, caller.actor, "identity.update_api_key", "api_key", key.id)
    await session.flush()
    return key


async def rotate(
    session: AsyncSession,
    root_key: bytes,
    access: Access,
    caller: Caller,
    key_id: UUID,
    *,
    overlap_s: int,
    if_match: str | None = None,
) -> IssuedKey:
    """A new secret; the ones before are good for `overlap_s` more. From now on the key acts for the caller.

    Raises:
        NotFoundHere, PreconditionFailed, CannotGrant
        StateConflict: it is revoked or has expired.
    """
    by = await authority.take(session, caller, NEEDED)
    key = await _usable(session, caller, by, key_id, if_match, "rotate", (KeyStatus.ACTIVE,))
    ends = clock.now() + timedelta(seconds=overlap_s)
    older = update_rows(ApiKeySecret).where(
        ApiKeySecret.key_id == key.id, or_(ApiKeySecret.valid_until.is_(None), ApiKeySecret.valid_until > ends)
    )
    await session.execute(older.values(valid_until=ends))
    secret = await _add_secret(session, root_key, key)
    key.user_id = caller.user_id
    key.updated_at = clock.now()  # a new version also when the key acts for the same person as before
    await session.flush()
    access.tell(session, KeyFact(key.id))
    audit.record(session, caller.actor, "identity.rotate_api_key", "api_key", key.id, overlap_s=overlap_s)
    await session.flush()
    return IssuedKey(key, secret)


async def revoke(
    session: AsyncSession, access: Access, caller: Caller, key_id: UUID, *, if_match: str | None = None
) -> None:
    """End a key for good, whatever it may do: that is open to everybody who manages keys.

    Raises:
        NotFoundHere, PreconditionFailed
        StateConflict: it is revoked already.
    """
    await authority.take(session, caller, NEEDED)
    key = await queries.api_key(session, caller, key_id, for_update=True)
    check_if_match(if_match, key.version)
    if key.revoked_at is not None:
        raise StateConflict(state=KeyStatus.REVOKED, action="revoke")
    key.revoked_at = clock.now()
    await session.flush()
    access.tell(session, KeyFact(key.id))
    audit.record(session, caller.actor, "identity.revoke_api_key", "api_key", key.id)
    await session.flush()


async def _usable(
    session: AsyncSession,
    caller: Caller,
    by: Authority,
    key_id: UUID,
    if_match: str | None,
    action: str,
    statuses: Sequence[KeyStatus],
) -> ApiKey:
    """The key, locked, if the caller holds all of its scopes and it is in one of `statuses`."""
    key = await queries.api_key(session, caller, key_id, for_update=True)
    check_if_match(if_match, key.version)
    by.demand(by.allowed(key.scopes))
    status = status_of_key(key.revoked_at, key.expires_at, clock.now())
    if status not in statuses:
        raise StateConflict(state=status, action=action)
    return key


def _grantable(by: Authority, scopes: Sequence[str]) -> list[str]:
    """The scopes in order, if the caller may give them to a key."""
    names = by.known(scopes)
    if personal := set(names) - for_keys(names):
        raise NotForKeys(permissions=sorted(personal))
    by.demand(names)
    return names


def _in_future(instant: datetime | None) -> None:
    if instant is not None and instant <= clock.now():
        raise ExpiryInThePast


async def _add_secret(session: AsyncSession, root_key: bytes, key: ApiKey) -> str:
    secret, prefix = new_key()
    session.add(ApiKeySecret(prefix=prefix, key_id=key.id, secret_hash=hash_of(hash_key_of(root_key), secret)))
    await session.flush()
    return secret
