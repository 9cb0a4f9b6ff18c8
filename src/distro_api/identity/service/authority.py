"""What the caller may give to others, judged on the rows themselves while nobody else changes them.

What a process remembers is good enough for what a person does, and may be a second old. Whoever hands out permissions
is judged anew: under the lock of the organization, by the roles that he holds at this instant.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotAuthenticated, PermissionDenied
from distro_api.identity import queries
from distro_api.identity.errors import CannotGrant, UnknownPermission, UnknownRole
from distro_api.identity.models import BuiltIn, Organization, Role, User, UserStatus
from distro_api.identity.permissions import ESSENTIAL, listed, of_kind
from distro_api.identity.service.access import allowed, granted
from distro_api.identity.service.audit import Caller


@dataclass(frozen=True, slots=True)
class Authority:
    """The caller's organization, locked, and what the caller holds in it."""

    organization: Organization
    permissions: frozenset[str]
    owner: bool

    def demand(self, names: Iterable[str]) -> None:
        """Refuse to touch more than the caller holds.

        Raises:
            CannotGrant
        """
        if lacking := set(names) - self.permissions - ESSENTIAL:
            raise CannotGrant(permissions=sorted(lacking))

    def demand_roles(self, roles: Collection[Role]) -> None:
        """Refuse to give, take or manage roles that grant more than the caller holds; the owner's is the owners' alone.

        Raises:
            CannotGrant
        """
        self.demand(granted(self.organization.kind, roles, self.organization.withheld))
        if not self.owner and any(role.built_in is BuiltIn.OWNER for role in roles):
            raise CannotGrant(permissions=[], role=BuiltIn.OWNER)

    def allowed(self, names: Iterable[str]) -> frozenset[str]:
        """Those of `names` that the organization may be allowed."""
        return allowed(self.organization.kind, self.organization.withheld).intersection(names)

    def known(self, names: Iterable[str]) -> list[str]:
        """`names` in order, each once.

        Raises:
            UnknownPermission: some do not exist for this kind of organization.
        """
        asked = set(names)
        if unknown := asked - of_kind(self.organization.kind):
            raise UnknownPermission(permissions=sorted(unknown))
        return listed(asked)

    async def roles(self, session: AsyncSession, role_ids: Collection[UUID]) -> Sequence[Role]:
        """The organization's roles of these ids.

        Raises:
            UnknownRole
        """
        wanted = set(role_ids)
        of_ours = select(Role).where(Role.organization_id == self.organization.id, Role.id.in_(wanted))
        found = (await session.scalars(of_ours.order_by(Role.id))).all()
        if unknown := wanted - {role.id for role in found}:
            raise UnknownRole(role_ids=sorted(map(str, unknown)))
        return found


async def take(session: AsyncSession, caller: Caller, needed: str) -> Authority:
    """Lock the caller's organization and say what the caller holds now, which must include `needed`.

    Every change of staff, roles and keys begins here, so two of them in one organization never meet half-way.

    Raises:
        NotAuthenticated: the caller is not active any more.
        PermissionDenied: the caller does not hold `needed` any more.
    """
    organization = await queries.organization_alone(session, caller.organization_id)
    user = await session.scalar(select(User).where(User.id == caller.user_id))
    if user is None or user.status is not UserStatus.ACTIVE:
        raise NotAuthenticated
    roles = await queries.roles_of(session, user.id)
    held = granted(organization.kind, roles, organization.withheld) & caller.permissions
    if needed not in held:
        raise PermissionDenied(permission=needed)
    return Authority(organization, held, any(role.built_in is BuiltIn.OWNER for role in roles))
