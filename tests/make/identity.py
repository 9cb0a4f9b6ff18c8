"""Organizations with a signed-in owner. Hashing is done once for all of them: it is not what these tests are about."""

import itertools
from dataclasses import dataclass
from unittest.mock import patch
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import select

from distro_api.identity.models import Kind, Organization, PartnerPolicy, Role
from distro_api.identity.service import organizations, passwords, sessions
from distro_api.identity.service.audit import Actor
from distro_api.identity.service.organizations import NewUser
from distro_api.identity.service.sessions import Issuer, Origin

PASSWORD = "Correct-Horse-7"
_numbers = itertools.count(1)
_hashes: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Signed:
    """An owner with a session."""

    kind: Kind
    organization_id: UUID
    user_id: UUID
    username: str
    phone: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}

    def with_key(self, key: str) -> dict[str, str]:
        return {**self.headers, "Idempotency-Key": key}


async def admin(app: FastAPI, scope: str = "") -> Signed:
    return await organization(app, Kind.ADMIN, scope=scope)


async def supplier(app: FastAPI, name: str | None = None, scope: str = "") -> Signed:
    return await organization(app, Kind.SUPPLIER, name, scope=scope)


async def distributor(app: FastAPI, name: str | None = None, scope: str = "") -> Signed:
    return await organization(app, Kind.DISTRIBUTOR, name, scope=scope)


def phone() -> str:
    """A mobile number that nobody else here has."""
    return f"138{next(_numbers):08d}"


async def organization(
    app: FastAPI,
    kind: Kind,
    name: str | None = None,
    *,
    scope: str = "",
    password_change_required: bool = False,
    partner_policy: PartnerPolicy = PartnerPolicy.OPEN,
) -> Signed:
    """An active organization of `kind`, its owner signed in (narrowed to `scope`)."""
    number = next(_numbers)
    owner = NewUser(
        username=f"{kind}-{number}",
        password=PASSWORD,
        phone=f"139{number:08d}",
        password_change_required=password_change_required,
    )
    async with app.state.database.sessions.begin() as session:
        with patch.object(passwords, "hash_password", _hash_once):
            made, user = await organizations.create_organization(
                session,
                Actor(),
                kind=kind,
                name=name or f"{kind} {number}",
                owner=owner,
                partner_policy=partner_policy,
            )
        pair = await sessions.start(session, issuer(app), user, made, Origin("127.0.0.1", "tests", "-"), scope)
    assert user.phone is not None
    return Signed(kind, made.id, user.id, user.username, user.phone, pair.access_token, pair.refresh_token)


async def colleague(app: FastAPI, of: Signed, *roles: str, scope: str = "") -> Signed:
    """Somebody else of the same organization, signed in, with roles named by `built_in` or by id."""
    number = next(_numbers)
    new = NewUser(username=f"colleague-{number}", password=PASSWORD, phone=f"137{number:08d}")
    async with app.state.database.sessions.begin() as session:
        theirs = await session.scalars(select(Role).where(Role.organization_id == of.organization_id))
        held = [role for role in theirs if role.built_in in roles or str(role.id) in roles]
        assert len(held) == len(roles), roles
        organization = (await session.scalars(select(Organization).filter_by(id=of.organization_id))).one()
        user = await organizations.add_user(session, organization, new, held, await _hash_once(PASSWORD))
        pair = await sessions.start(session, issuer(app), user, organization, Origin("127.0.0.1", "tests", "-"), scope)
    assert user.phone is not None
    return Signed(of.kind, organization.id, user.id, user.username, user.phone, pair.access_token, pair.refresh_token)


def issuer(app: FastAPI) -> Issuer:
    """What the application signs people in with."""
    state = app.state
    return Issuer(
        state.tokens,
        state.settings.root_key,
        state.settings.refresh_token_s,
        state.revocations,
        state.parameters,
        state.access,
    )


async def _hash_once(password: str) -> str:
    if password not in _hashes:
        _hashes[password] = str(passwords._ARGON2.hash(password))
    return _hashes[password]
