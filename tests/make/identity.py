"""Organizations with an owner who holds a token."""

import itertools
import time
from dataclasses import dataclass
from uuid import UUID, uuid4

from fastapi import FastAPI

from distro_api.identity.models import Kind, Organization, OrganizationStatus
from distro_api.identity.service.tokens import Claims

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Signed:
    """An owner with a token."""

    kind: Kind
    organization_id: UUID
    user_id: UUID
    access_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}

    def with_key(self, key: str) -> dict[str, str]:
        return {**self.headers, "Idempotency-Key": key}


async def admin(app: FastAPI) -> Signed:
    return await organization(app, Kind.ADMIN)


async def supplier(app: FastAPI, name: str | None = None) -> Signed:
    return await organization(app, Kind.SUPPLIER, name)


async def distributor(app: FastAPI, name: str | None = None) -> Signed:
    return await organization(app, Kind.DISTRIBUTOR, name)


async def organization(app: FastAPI, kind: Kind, name: str | None = None) -> Signed:
    """An active organization of `kind`."""
    async with app.state.database.sessions.begin() as session:
        made = Organization(
            kind=kind, name=name or f"{kind} {next(_numbers)}", status=OrganizationStatus.ACTIVE, house_of=None
        )
        session.add(made)
    user_id, now = uuid4(), int(time.time())
    claims = Claims(user_id, made.id, kind, "owner", uuid4(), 1, "", False, now, now + 900)
    return Signed(kind, made.id, user_id, app.state.tokens.issue(claims))
