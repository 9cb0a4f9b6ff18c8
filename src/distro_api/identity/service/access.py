"""Who may do what, decided in memory: each process knows the roles, and learns within a second what has changed.

A token names its roles, not their permissions, so it stays small and a changed role needs no new login. Beside the
built-in roles, which stand in the program, three things are kept: what custom roles grant, what the platform withholds
from organizations, and the roles of users that changed while tokens with the old ones live. Whoever changes one of them
tells (`Access.tell`): this process knows when the transaction commits, the others when they next read `access_changes`.
A request costs a few dictionary look-ups and no statement.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import structlog
from sqlalchemy import delete, event, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from distro_api.identity import queries
from distro_api.identity.models import AccessChange, Kind, Organization, Role, Subject, User
from distro_api.identity.permissions import BUILT_IN, ESSENTIAL, of_kind
from distro_api.identity.service.tokens import Claims

log = structlog.get_logger()
POLL_S = 1.0
KEPT = timedelta(hours=2)
"""Longer than any access token lives."""
OVERLAP = timedelta(seconds=60)
"""Rows carry the instant at which their transaction began, by the database's clock: each poll looks this far back."""
RESOLVED = 10_000
"""Combinations of roles, scope and limits whose permissions are remembered."""
NOTHING: frozenset[str] = frozenset()
_BUILT_IN: Mapping[Kind, Mapping[str, frozenset[str]]] = {
    kind: {str(role): names for role, names in roles.items()} for kind, roles in BUILT_IN.items()
}


@dataclass(frozen=True, slots=True)
class UserFact:
    """The roles of a user, as tokens name them. `version` is the user's `perm_version`."""

    user_id: UUID
    version: int
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleFact:
    """What a custom role grants; of a deleted one, nothing."""

    role_id: UUID
    version: int
    organization_id: UUID | None
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class OrganizationFact:
    """What the platform withholds from an organization, or its status, changed."""

    organization_id: UUID
    version: int
    withheld: frozenset[str]


@dataclass(frozen=True, slots=True)
class KeyFact:
    """Something about an API key changed."""

    key_id: UUID


Fact: TypeAlias = UserFact | RoleFact | OrganizationFact | KeyFact
Listener: TypeAlias = Callable[[Fact], None]


def allowed(kind: Kind, withheld: Iterable[str]) -> frozenset[str]:
    """What an organization may be allowed: its kind's permissions without those withheld from it."""
    return of_kind(kind).difference(withheld) | (ESSENTIAL & of_kind(kind))


def granted(kind: Kind, roles: Iterable[Role], withheld: Iterable[str]) -> frozenset[str]:
    """What `roles` together grant in an organization: what everybody needs, and never more than it may be allowed."""
    sets = (BUILT_IN[kind].get(role.built_in, NOTHING) if role.built_in else role.permissions for role in roles)
    return ESSENTIAL.union(*sets) & allowed(kind, withheld)


async def purge(session: AsyncSession) -> None:
    """Forget changes that no token is older than."""
    await session.execute(delete(AccessChange).where(AccessChange.created_at < func.now() - KEPT - OVERLAP))


class Access:
    """What this process knows of roles and limits."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions
        self._users: dict[UUID, tuple[UserFact, float]] = {}
        self._roles: dict[str, RoleFact] = {}
        self._limits: dict[UUID, OrganizationFact] = {}
        self._resolved: dict[tuple[Kind, tuple[str, ...], str, UUID], frozenset[str]] = {}
        self._listeners: list[Listener] = []
        self._read_at = time.monotonic() - KEPT.total_seconds()
        self._handled: frozenset[int] = frozenset()
        self._task: asyncio.Task[None] | None = None

    def permissions(self, claims: Claims) -> frozenset[str]:
        """What the bearer may do now."""
        changed = self._users.get(claims.user_id)
        roles = claims.roles if changed is None or changed[0].version <= claims.perm_version else changed[0].roles
        asked = (claims.kind, roles, claims.scope, claims.organization_id)
        found = self._resolved.get(asked)
        if found is None:
            if len(self._resolved) >= RESOLVED:
                self._resolved.clear()
            found = self._resolved[asked] = self._resolve(*asked)
        return found

    def _resolve(self, kind: Kind, roles: Sequence[str], scope: str, organization_id: UUID) -> frozenset[str]:
        limit = self._limits.get(organization_id)
        held = ESSENTIAL.union(*(self._grants(kind, role, organization_id) for role in roles))
        held &= allowed(kind, limit.withheld if limit else ())
        return held & frozenset(scope.split()) if scope else held

    def _grants(self, kind: Kind, role: str, organization_id: UUID) -> frozenset[str]:
        if (custom := self._roles.get(role)) is not None:
            return custom.permissions if custom.organization_id == organization_id else NOTHING
        return _BUILT_IN[kind].get(role, NOTHING)

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every fact that this process learns."""
        self._listeners.append(listener)

    def tell(self, session: AsyncSession, *facts: Fact) -> None:
        """Say what the session has changed and flushed: known here once it has committed, elsewhere a second later."""
        session.add_all(AccessChange(subject=of, subject_id=name) for of, name in map(_named, facts))

        def committed(done: Session) -> None:
            if not done.in_nested_transaction():
                self._learn(facts)

        event.listen(session.sync_session, "after_commit", committed)

    async def refresh(self) -> None:
        """Read what is new."""
        started = time.monotonic()
        window = timedelta(seconds=started - self._read_at) + OVERLAP
        async with self._sessions() as session:
            recent = select(AccessChange).where(AccessChange.created_at > func.now() - window)
            changes = (await session.scalars(recent)).all()
            self._learn(await _read(session, [change for change in changes if change.id not in self._handled]))
        self._handled = frozenset(change.id for change in changes)
        self._read_at = started
        if len(self._users) > RESOLVED:
            oldest = started - KEPT.total_seconds()
            self._users = {name: known for name, known in self._users.items() if known[1] > oldest}

    def _learn(self, facts: Sequence[Fact]) -> None:
        """Take what is newer than what is known. Facts of one transaction may come twice and in any order."""
        for fact in facts:
            match fact:
                case UserFact(user_id, version):
                    known = self._users.get(user_id)
                    if known is None or known[0].version < version:
                        self._users[user_id] = fact, time.monotonic()
                case RoleFact(role_id, version):
                    role = self._roles.get(str(role_id))
                    if role is None or role.version < version:
                        self._roles[str(role_id)] = fact
                case OrganizationFact(organization_id, version):
                    limit = self._limits.get(organization_id)
                    if limit is None or limit.version < version:
                        self._limits[organization_id] = fact
                case KeyFact():
                    pass
            for listener in self._listeners:
                listener(fact)
        if facts:
            self._resolved.clear()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await self.refresh()
            except (SQLAlchemyError, OSError) as error:  # the next poll looks further back
                log.warning("access_changes_not_read", error=repr(error))

    async def __aenter__(self) -> "Access":
        async with self._sessions() as session:
            self._learn([role_fact(role) for role in await session.scalars(queries.custom_roles())])
            self._learn([organization_fact(limited) for limited in await session.scalars(queries.limited())])
        await self.refresh()
        self._task = asyncio.create_task(self._poll())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


def role_fact(role: Role) -> RoleFact:
    return RoleFact(role.id, role.version, role.organization_id, frozenset(role.permissions))


def no_role(role: Role) -> RoleFact:
    """The role is gone."""
    return RoleFact(role.id, role.version + 1, None, NOTHING)


def organization_fact(organization: Organization) -> OrganizationFact:
    return OrganizationFact(organization.id, organization.version, frozenset(organization.withheld))


def user_fact(user: User, roles: Iterable[Role]) -> UserFact:
    return UserFact(user.id, user.perm_version, tuple(sorted(role.token_name for role in roles)))


def _named(fact: Fact) -> tuple[Subject, UUID]:
    match fact:
        case UserFact(user_id):
            return Subject.USER, user_id
        case RoleFact(role_id):
            return Subject.ROLE, role_id
        case OrganizationFact(organization_id):
            return Subject.ORGANIZATION, organization_id
        case KeyFact(key_id):
            return Subject.KEY, key_id


async def _read(session: AsyncSession, changes: Iterable[AccessChange]) -> list[Fact]:
    """What there is to know about the subjects of `changes` now."""
    ids: dict[Subject, set[UUID]] = {subject: set() for subject in Subject}
    for change in changes:
        ids[change.subject].add(change.subject_id)
    facts: list[Fact] = [KeyFact(key_id) for key_id in ids[Subject.KEY]]
    if wanted := ids[Subject.USER]:
        users = (await session.scalars(select(User).where(User.id.in_(wanted)))).all()
        roles = await queries.roles_of_users(session, wanted)
        facts += [user_fact(user, roles.get(user.id, ())) for user in users]
    if wanted := ids[Subject.ROLE]:
        found = {role.id: role for role in await session.scalars(select(Role).where(Role.id.in_(wanted)))}
        facts += [role_fact(role) for role in found.values()]
        facts += [RoleFact(name, 2**63, None, NOTHING) for name in wanted - found.keys()]
    if wanted := ids[Subject.ORGANIZATION]:
        organizations = select(Organization).where(Organization.id.in_(wanted))
        facts += [organization_fact(found) for found in await session.scalars(organizations)]
    return facts
