"""Organizations and the users they are opened with."""

from dataclasses import dataclass
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
    EndedBy,
    Kind,
    Organization,
    OrganizationStatus,
    PartnerPolicy,
    Role,
    User,
    UserStatus,
)
from distro_api.identity.service import audit, partnering, passwords, sessions
from distro_api.identity.service.accounts import normal_phone
from distro_api.identity.service.audit import Actor, Caller
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


async def create_organization(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: Kind,
    name: str,
    owner: NewUser,
    partner_policy: PartnerPolicy = PartnerPolicy.INVITATION,
) -> tuple[Organization, User]:
    """An organization, active at once, with its owner; a supplier with its house distributor too.

    Raises:
        UsernameTaken, PhoneTaken, EmailTaken, InvalidPhone, WeakPassword
    """
    made = Organization(
        id=clock.new_id(),
        kind=kind,
        name=name,
        status=OrganizationStatus.ACTIVE,
        partner_code=None if kind is Kind.ADMIN else await partnering.unused_code(session),
        partner_policy=partner_policy,
    )
    session.add(made)
    await session.flush()
    user = await _add_owner(session, made, owner)
    if kind is Kind.SUPPLIER:
        house = Organization(
            id=clock.new_id(),
            kind=Kind.DISTRIBUTOR,
            name=name + HOUSE_SUFFIX,
            status=OrganizationStatus.ACTIVE,
            house_of=made.id,
        )
        session.add(house)
    audit.record(session, actor, "identity.create_organization", "organization", made.id, kind=kind)
    audit.record(session, actor, "identity.create_user", "user", user.id, organization_id=made.id, role=user.role)
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
        user = await _add_owner(session, platform, owner)
        audit.record(session, Actor(), "identity.create_user", "user", user.id, organization_id=platform.id)
        await session.flush()
    return password


async def suspend(
    session: AsyncSession,
    ended: Revocations,
    caller: Caller,
    organization_id: UUID,
    *,
    reason: str,
    if_match: str | None = None,
) -> Organization:
    """Nobody of the organization can act or sign in from now on; their sessions end.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict: it is not active, or is the platform itself.
    """
    found = await _apply(session, caller, organization_id, OrganizationAction.SUSPEND, reason, if_match)
    await sessions.end_of_organization(session, ended, found.id, EndedBy.ORGANIZATION_SUSPENDED, caller.actor)
    return found


async def resume(
    session: AsyncSession, caller: Caller, organization_id: UUID, *, reason: str, if_match: str | None = None
) -> Organization:
    """Let them in again.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict: it is not suspended.
    """
    return await _apply(session, caller, organization_id, OrganizationAction.RESUME, reason, if_match)


async def rename_me(session: AsyncSession, caller: Caller, *, name: str, if_match: str | None) -> User:
    """Change the caller's displayed name.

    Raises:
        PreconditionFailed
    """
    user = (await session.scalars(select(User).where(User.id == caller.user_id).with_for_update(key_share=True))).one()
    check_if_match(if_match, user.version)
    user.name = name
    audit.record(session, caller.actor, "identity.update_user", "user", user.id, fields=["name"])
    await session.flush()
    return user


async def _apply(
    session: AsyncSession,
    caller: Caller,
    organization_id: UUID,
    action: OrganizationAction,
    reason: str,
    if_match: str | None,
) -> Organization:
    """The only writer of an organization's status."""
    found = await queries.organization(session, caller, organization_id, for_update=True)
    check_if_match(if_match, found.version)
    target = TRANSITIONS.get((found.status, action))
    if target is None or found.kind is Kind.ADMIN:
        raise StateConflict(state=found.status, action=action)
    found.status = target
    audit.record(session, caller.actor, f"identity.{action}_organization", "organization", found.id, reason=reason)
    await session.flush()
    return found


async def _add_owner(session: AsyncSession, organization: Organization, owner: NewUser) -> User:
    phone = normal_phone(owner.phone) if owner.phone else None
    email = owner.email.lower() if owner.email else None
    passwords.refuse_weak(owner.password, owner.username, phone, email)
    user = User(
        id=clock.new_id(),
        organization_id=organization.id,
        username=owner.username.lower(),
        phone=phone,
        email=email,
        name=owner.name or owner.username,
        role=Role.OWNER,
        status=UserStatus.ACTIVE,
        password_hash=await passwords.hash_password(owner.password),
        password_change_required=owner.password_change_required,
    )
    try:
        async with session.begin_nested():
            session.add(user)
            await session.flush()
    except IntegrityError as error:
        if (taken := _TAKEN.get(constraint_of(error))) is None:
            raise
        raise taken from error
    return user
