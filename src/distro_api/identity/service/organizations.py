"""Organizations and the users they are opened with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import DomainError, StateConflict
from distro_api.core.http import check_if_match, constraint_of
from distro_api.identity import queries
from distro_api.identity.errors import EmailTaken, PhoneTaken, UsernameTaken
from distro_api.identity.models import (
    BuiltIn,
    EndedBy,
    Kind,
    Language,
    Organization,
    OrganizationStatus,
    PartnerPolicy,
    Role,
    User,
    UserRole,
    UserStatus,
)
from distro_api.identity.permissions import BUILT_IN, TITLES
from distro_api.identity.service import audit, partnering, passwords, sessions
from distro_api.identity.service.access import Access, organization_fact
from distro_api.identity.service.accounts import normal_phone
from distro_api.identity.service.audit import Actor, Caller
from distro_api.identity.service.messages import Messages
from distro_api.identity.service.revocations import Revocations
from distro_api.identity.states import TRANSITIONS, OrganizationAction

PLATFORM_NAME = "平台"
HOUSE_SUFFIX = "（直营）"
_TAKEN: dict[str | None, type[DomainError]] = {
    "uq_users_username": UsernameTaken,
    "uq_users_phone": PhoneTaken,
    "uq_users_email": EmailTaken,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Somebody to sign in. `name` is shown to others; without one it is the username."""

    username: str
    password: str
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    password_change_required: bool = False
    language: Language = Language.ZH


async def create_organization(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: Kind,
    name: str,
    owner: NewUser,
    partner_policy: PartnerPolicy = PartnerPolicy.INVITATION,
    status: Literal[OrganizationStatus.ACTIVE, OrganizationStatus.PENDING] = OrganizationStatus.ACTIVE,
    password_hash: str | None = None,
) -> tuple[Organization, User]:
    """An organization with its owner, active at once unless `status` says otherwise.

    An active supplier has its house distributor too; a pending one gets it when it is approved.

    Raises:
        UsernameTaken, PhoneTaken, EmailTaken, InvalidPhone, WeakPassword
    """
    made = Organization(
        id=clock.new_id(),
        kind=kind,
        name=name,
        status=status,
        partner_code=None if kind is Kind.ADMIN else await partnering.unused_code(session),
        partner_policy=partner_policy,
    )
    session.add(made)
    await session.flush()
    owns = await _add_roles(session, made)
    user = await add_user(session, made, owner, [owns], password_hash)
    if status is OrganizationStatus.ACTIVE:
        _add_house(session, made)
    audit.record(session, actor, "identity.create_organization", "organization", made.id, kind=kind)
    audit.record(session, actor, "identity.create_user", "user", user.id, organization_id=made.id, roles=[owns.name])
    await session.flush()
    return made, user


async def create_admin(session: AsyncSession, username: str, password: str | None = None) -> str:
    """An owner of the platform's own organization, which is made with the first one; the password it can sign in with.

    Raises:
        UsernameTaken, WeakPassword
    """
    password = password or passwords.generate()
    platform = await session.scalar(select(Organization).where(Organization.kind == Kind.ADMIN).with_for_update())
    owner = NewUser(username=username.lower(), password=password)
    if platform is None:
        await create_organization(session, Actor(), kind=Kind.ADMIN, name=PLATFORM_NAME, owner=owner)
    else:
        owns = await queries.built_in_role(session, platform.id, BuiltIn.OWNER)
        user = await add_user(session, platform, owner, [owns])
        told = {"organization_id": platform.id, "roles": [owns.name]}
        audit.record(session, Actor(), "identity.create_user", "user", user.id, **told)
        await session.flush()
    return password


async def approve(
    session: AsyncSession,
    access: Access,
    messages: Messages,
    caller: Caller,
    organization_id: UUID,
    *,
    if_match: str | None = None,
) -> Organization:
    """Let an applicant trade: its owner may sign in now, and is told so.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict: it is not pending.
    """
    found = await _apply(session, caller, organization_id, OrganizationAction.APPROVE, None, if_match)
    _add_house(session, found)
    access.tell(session, organization_fact(found))
    await _tell_owner(session, messages, found, "organization_approved", {"name": found.name})
    return found


async def reject(
    session: AsyncSession,
    messages: Messages,
    caller: Caller,
    organization_id: UUID,
    *,
    reason: str,
    if_match: str | None = None,
) -> Organization:
    """Turn an applicant down; its owner is told why, and may apply again.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict: it is not pending.
    """
    found = await _apply(session, caller, organization_id, OrganizationAction.REJECT, reason, if_match)
    await _tell_owner(session, messages, found, "organization_rejected", {"name": found.name, "reason": reason})
    return found


async def suspend(
    session: AsyncSession,
    ended: Revocations,
    access: Access,
    caller: Caller,
    organization_id: UUID,
    *,
    reason: str,
    if_match: str | None = None,
) -> Organization:
    """Nobody of the organization can act or sign in from now on; their sessions end, their API keys are dead.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict: it is not active, or is the platform itself.
    """
    found = await _apply(session, caller, organization_id, OrganizationAction.SUSPEND, reason, if_match)
    access.tell(session, organization_fact(found))
    await sessions.end_of_organization(session, ended, found.id, EndedBy.ORGANIZATION_SUSPENDED, caller.actor)
    return found


async def resume(
    session: AsyncSession,
    access: Access,
    caller: Caller,
    organization_id: UUID,
    *,
    reason: str,
    if_match: str | None = None,
) -> Organization:
    """Let them in again.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict: it is not suspended.
    """
    found = await _apply(session, caller, organization_id, OrganizationAction.RESUME, reason, if_match)
    access.tell(session, organization_fact(found))
    return found


async def _apply(
    session: AsyncSession,
    caller: Caller,
    organization_id: UUID,
    action: OrganizationAction,
    reason: str | None,
    if_match: str | None,
) -> Organization:
    """The only writer of an organization's status."""
    found = await queries.organization(session, caller, organization_id, for_update=True)
    check_if_match(if_match, found.version)
    target = TRANSITIONS.get((found.status, action))
    if target is None or found.kind is Kind.ADMIN:
        raise StateConflict(state=found.status, action=action)
    found.status = target
    found.rejected_because = reason if target is OrganizationStatus.REJECTED else None
    audit.record(session, caller.actor, f"identity.{action}_organization", "organization", found.id, reason=reason)
    await session.flush()
    return found


async def add_user(
    session: AsyncSession,
    organization: Organization,
    new: NewUser,
    roles: Iterable[Role],
    password_hash: str | None = None,
) -> User:
    """Somebody who signs in, with roles of the same organization.

    Args:
        password_hash: of the password, when it was hashed before the transaction took its locks.

    Raises:
        UsernameTaken, PhoneTaken, EmailTaken, InvalidPhone, WeakPassword
    """
    phone = normal_phone(new.phone) if new.phone else None
    email = new.email.lower() if new.email else None
    passwords.refuse_weak(new.password, new.username, phone, email)
    user = User(
        id=clock.new_id(),
        organization_id=organization.id,
        username=new.username.lower(),
        phone=phone,
        email=email,
        name=new.name or new.username,
        status=UserStatus.ACTIVE,
        password_hash=password_hash or await passwords.hash_password(new.password),
        password_change_required=new.password_change_required,
        language=new.language,
    )
    await flush_unique(session, user)
    session.add_all(UserRole(user_id=user.id, role_id=role.id, organization_id=organization.id) for role in roles)
    await session.flush()
    return user


async def flush_unique(session: AsyncSession, user: User) -> None:
    """Write what `user` is called.

    Raises:
        UsernameTaken, PhoneTaken, EmailTaken: the name is somebody else's.
    """
    try:
        async with session.begin_nested():
            session.add(user)
            await session.flush()
    except IntegrityError as error:
        if (taken := _TAKEN.get(constraint_of(error))) is None:
            raise
        raise taken from error


async def _add_roles(session: AsyncSession, organization: Organization) -> Role:
    """The built-in roles of the organization's kind; the owner's among them."""
    made = {
        built_in: Role(id=clock.new_id(), organization_id=organization.id, built_in=built_in, name=TITLES[built_in].zh)
        for built_in in BUILT_IN[organization.kind]
    }
    session.add_all(made.values())
    await session.flush()
    return made[BuiltIn.OWNER]


def _add_house(session: AsyncSession, organization: Organization) -> None:
    """The built-in distributor of an active supplier."""
    if organization.kind is Kind.SUPPLIER:
        house = Organization(
            id=clock.new_id(),
            kind=Kind.DISTRIBUTOR,
            name=organization.name + HOUSE_SUFFIX,
            status=OrganizationStatus.ACTIVE,
            house_of=organization.id,
        )
        session.add(house)


async def _tell_owner(
    session: AsyncSession, messages: Messages, organization: Organization, template: str, params: Mapping[str, str]
) -> None:
    """A message to the organization's owner, if it can be reached."""
    await session.flush()
    owner = await queries.owner_of(session, organization.id)
    if owner is not None and (to := owner.reach) is not None:
        await messages.send(session, to=to, template=template, params=params, language=owner.language)
