"""Custom roles, and what the platform lets an organization's people do.

A user may hold several roles and has the permissions of all of them: people in small organizations do several jobs, and
one role for each combination of jobs would be a list that nobody keeps right.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import StateConflict
from distro_api.core.http import check_if_match, constraint_of
from distro_api.identity import queries
from distro_api.identity.errors import BuiltInRole, RoleInUse, RoleNameTaken, UnknownPermission
from distro_api.identity.models import Kind, Organization, Role
from distro_api.identity.permissions import ESSENTIAL, TITLES, listed, of_kind
from distro_api.identity.service import audit, authority
from distro_api.identity.service.access import Access, no_role, organization_fact, role_fact
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.authority import Authority

NEEDED = "roles:manage"
_RESERVED = {name.casefold() for built_in, title in TITLES.items() for name in (built_in, *title)}


async def create(
    session: AsyncSession, access: Access, caller: Caller, *, name: str, description: str, permissions: Sequence[str]
) -> Role:
    """A custom role of the caller's organization.

    Raises:
        CannotGrant, UnknownPermission, RoleNameTaken
    """
    by = await authority.take(session, caller, NEEDED)
    names = by.known(permissions)
    by.demand(names)
    made = Role(
        id=clock.new_id(),
        organization_id=by.organization.id,
        built_in=None,
        name=_free(name),
        description=description,
        permissions=names,
    )
    await _write(session, made)
    access.tell(session, role_fact(made))
    audit.record(session, caller.actor, "identity.create_role", "role", made.id, name=made.name, permissions=names)
    return made


async def update(
    session: AsyncSession,
    access: Access,
    caller: Caller,
    role_id: UUID,
    *,
    changes: dict[str, Any],
    if_match: str | None = None,
) -> Role:
    """Change what `changes` names. Whoever holds the role may do accordingly more or less within a second.

    Raises:
        NotFoundHere, PreconditionFailed, BuiltInRole, CannotGrant, UnknownPermission, RoleNameTaken
    """
    by = await authority.take(session, caller, NEEDED)
    found = await _custom(session, caller, by, role_id, if_match)
    before = set(found.permissions)
    if "permissions" in changes:
        names = by.known(changes["permissions"])
        by.demand(names)
        found.permissions = names
    if "name" in changes:
        found.name = _free(changes["name"])
    if "description" in changes:
        found.description = changes["description"]
    await _write(session, found)
    access.tell(session, role_fact(found))
    told = {"added": listed(set(found.permissions) - before), "removed": listed(before - set(found.permissions))}
    audit.record(session, caller.actor, "identity.update_role", "role", found.id, fields=sorted(changes), **told)
    return found


async def delete(
    session: AsyncSession, access: Access, caller: Caller, role_id: UUID, *, if_match: str | None = None
) -> None:
    """Delete a custom role that nobody holds.

    Raises:
        NotFoundHere, PreconditionFailed, BuiltInRole, CannotGrant, RoleInUse
    """
    by = await authority.take(session, caller, NEEDED)
    found = await _custom(session, caller, by, role_id, if_match)
    if users := (await queries.holders(session, [found.id])).get(found.id):
        raise RoleInUse(users=users)
    access.tell(session, no_role(found))
    await session.delete(found)
    audit.record(session, caller.actor, "identity.delete_role", "role", found.id, name=found.name)
    await session.flush()


async def limit(
    session: AsyncSession,
    access: Access,
    caller: Caller,
    organization_id: UUID,
    *,
    withheld: Iterable[str],
    reason: str,
    if_match: str | None = None,
) -> Organization:
    """The platform says what the people of an organization may not do, owners and API keys among them.

    Nothing is taken out of the organization's roles: what is given back works again as before.

    Raises:
        NotFoundHere, PreconditionFailed
        UnknownPermission: no permission of its kind, or one that everybody needs.
        StateConflict: it is the platform itself.
    """
    found = await queries.organization(session, caller, organization_id, for_update=True)
    check_if_match(if_match, found.version)
    if found.kind is Kind.ADMIN:
        raise StateConflict(state=found.kind, action="limit")
    names = set(withheld)
    if unknown := names - (of_kind(found.kind) - ESSENTIAL):
        raise UnknownPermission(permissions=sorted(unknown))
    before = set(found.withheld)
    found.withheld = listed(names)
    await session.flush()
    access.tell(session, organization_fact(found))
    told = {"withheld": listed(names - before), "given_back": listed(before - names), "reason": reason}
    audit.record(session, caller.actor, "identity.limit_organization", "organization", found.id, **told)
    await session.flush()
    return found


async def _custom(session: AsyncSession, caller: Caller, by: Authority, role_id: UUID, if_match: str | None) -> Role:
    """The role, if the caller may change it."""
    found = await queries.role(session, caller, role_id)
    check_if_match(if_match, found.version)
    if found.built_in is not None:
        raise BuiltInRole
    by.demand_roles([found])
    return found


async def _write(session: AsyncSession, role: Role) -> None:
    try:
        async with session.begin_nested():
            session.add(role)
            await session.flush()
    except IntegrityError as error:
        if constraint_of(error) != "uq_roles_organization_id_name":
            raise
        raise RoleNameTaken from error


def _free(name: str) -> str:
    """`name`, if it is nothing that people take for a built-in role."""
    if unicodedata.normalize("NFKC", name).casefold().strip() in _RESERVED:
        raise RoleNameTaken
    return name
