"""The accounts of an organization's people, as those who manage them see them.

Nobody manages an account that may do more than his own: to set its password, or the number that codes go to, would be
to have it. Each change is judged under the lock of the organization (`authority.take`), so an owner is always left.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete as delete_rows
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import outbox
from distro_api.core.errors import StateConflict
from distro_api.core.http import check_if_match
from distro_api.identity import queries
from distro_api.identity.errors import LastOwner, OwnAccount, PhoneNeeded
from distro_api.identity.events import PasswordChanged
from distro_api.identity.models import (
    BuiltIn,
    EndedBy,
    LoginChallenge,
    LoginRecord,
    Organization,
    PaymentPassword,
    RecoveryCode,
    Role,
    SecondFactor,
    User,
    UserMenus,
    UserRole,
    UserStatus,
)
from distro_api.identity.service import audit, authority, lockout, passwords, second_factor, sessions
from distro_api.identity.service.access import user_fact
from distro_api.identity.service.accounts import normal_phone
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.authority import Authority
from distro_api.identity.service.messages import Messages
from distro_api.identity.service.organizations import NewUser, add_user, flush_unique
from distro_api.identity.service.sessions import Issuer

NEEDED = "users:manage"
OF_THE_PERSON = (UserRole, LoginRecord, LoginChallenge, RecoveryCode, SecondFactor, PaymentPassword, UserMenus)
"""What goes with an account, beside what names the person in its row."""
NOBODY = "已注销用户"
"""The name of a deleted user."""


@dataclass(frozen=True, slots=True)
class Issued:
    """An account with a one-time password; `password` is for the caller to see, None when it went by SMS."""

    user: User
    password: str | None


@dataclass(frozen=True, slots=True)
class _Managed:
    """Somebody the caller may manage, locked."""

    by: Authority
    user: User
    roles: Sequence[Role]

    @property
    def owns(self) -> bool:
        return _owning(self.roles)


async def create(
    session: AsyncSession,
    messages: Messages,
    caller: Caller,
    *,
    username: str,
    name: str,
    phone: str | None,
    email: str | None,
    role_ids: Collection[UUID],
    by_sms: bool,
) -> Issued:
    """An account with a one-time password, to be changed at the first sign-in.

    Raises:
        CannotGrant, UnknownRole, UsernameTaken, PhoneTaken, EmailTaken, InvalidPhone
        PhoneNeeded: there is no number that an SMS could go to.
    """
    if by_sms and phone is None:
        raise PhoneNeeded
    password = passwords.generate()
    password_hash = await passwords.hash_password(password)  # before anything is locked: it takes its time
    by = await authority.take(session, caller, NEEDED)
    roles = await by.roles(session, role_ids)
    by.demand_roles(roles)
    new = NewUser(
        username=username, password=password, name=name, phone=phone, email=email, password_change_required=True
    )
    user = await add_user(session, by.organization, new, roles, password_hash)
    told = {"organization_id": by.organization.id, "roles": [role.name for role in roles]}
    audit.record(session, caller.actor, "identity.create_user", "user", user.id, **told)
    await _hand_over(session, messages, by.organization, user, password, "staff_account", by_sms=by_sms)
    return Issued(user, None if by_sms else password)


async def update(
    session: AsyncSession, caller: Caller, user_id: UUID, *, changes: Mapping[str, Any], if_match: str | None = None
) -> User:
    """Change name, phone or e-mail; one's own are changed under /me.

    Raises:
        NotFoundHere, PreconditionFailed, OwnAccount, CannotGrant, PhoneTaken, EmailTaken, InvalidPhone
    """
    found = await _managed(session, caller, user_id, if_match)
    if user_id == caller.user_id:
        raise OwnAccount
    values = dict(changes)
    if values.get("phone"):
        values["phone"] = normal_phone(values["phone"])
    if values.get("email"):
        values["email"] = values["email"].lower()
    for field, value in values.items():
        setattr(found.user, field, value)
    await flush_unique(session, found.user)
    audit.record(session, caller.actor, "identity.update_user", "user", user_id, fields=sorted(values))
    return found.user


async def set_roles(
    session: AsyncSession,
    issuer: Issuer,
    caller: Caller,
    user_id: UUID,
    *,
    role_ids: Collection[UUID],
    if_match: str | None = None,
) -> User:
    """Give the user these roles and no others; it takes effect within a second. An owner may step down.

    Raises:
        NotFoundHere, PreconditionFailed, UnknownRole, LastOwner
        CannotGrant: a role given, taken or held grants what the caller lacks.
    """
    found = await _managed(session, caller, user_id, if_match)
    roles = await found.by.roles(session, role_ids)
    found.by.demand_roles(roles)
    if not _owning(roles):
        await _keep_an_owner(session, found)
    before, after = {role.id for role in found.roles}, {role.id for role in roles}
    gone = delete_rows(UserRole).where(UserRole.user_id == user_id, UserRole.role_id.in_(before - after))
    await session.execute(gone)
    session.add_all(
        UserRole(user_id=user_id, role_id=role_id, organization_id=found.by.organization.id)
        for role_id in after - before
    )
    found.user.perm_version += 1
    await session.flush()
    issuer.access.tell(session, user_fact(found.user, roles))
    told = {"before": [role.name for role in found.roles], "after": [role.name for role in roles]}
    audit.record(session, caller.actor, "identity.set_user_roles", "user", user_id, **told)
    await session.flush()
    return found.user


async def disable(
    session: AsyncSession, issuer: Issuer, caller: Caller, user_id: UUID, *, reason: str, if_match: str | None = None
) -> User:
    """The user cannot sign in; sessions end and the API keys that act for the user are dead.

    Raises:
        NotFoundHere, PreconditionFailed, CannotGrant, LastOwner, OwnAccount
        StateConflict: is disabled already.
    """
    found = await _removable(session, caller, user_id, if_match)
    _move(found.user, UserStatus.ACTIVE, UserStatus.DISABLED, "disable")
    issuer.access.tell(session, user_fact(found.user, found.roles))
    audit.record(session, caller.actor, "identity.disable_user", "user", user_id, reason=reason)
    await sessions.end_of_user(session, issuer.revocations, user_id, EndedBy.USER_DISABLED, caller.actor)
    return found.user


async def enable(
    session: AsyncSession, issuer: Issuer, caller: Caller, user_id: UUID, *, if_match: str | None = None
) -> User:
    """The user may sign in again.

    Raises:
        NotFoundHere, PreconditionFailed, CannotGrant
        StateConflict: is not disabled.
    """
    found = await _managed(session, caller, user_id, if_match)
    _move(found.user, UserStatus.DISABLED, UserStatus.ACTIVE, "enable")
    await session.flush()
    issuer.access.tell(session, user_fact(found.user, found.roles))
    audit.record(session, caller.actor, "identity.enable_user", "user", user_id)
    await session.flush()
    return found.user


async def delete(
    session: AsyncSession, issuer: Issuer, caller: Caller, user_id: UUID, *, if_match: str | None = None
) -> None:
    """Take everything from the row that names the person, whose names are free again; who did what stays told by id.

    Orders and the audit trail refer to whoever has ever worked here, so a row is never taken away: what a deletion
    does is the same in every case. API keys that acted for the user are dead until somebody takes them over.

    Raises:
        NotFoundHere, PreconditionFailed, CannotGrant, LastOwner, OwnAccount
    """
    found = await _removable(session, caller, user_id, if_match)
    user = found.user
    user.status = UserStatus.DELETED
    user.username, user.name, user.phone, user.email = f"deleted-{user.id.hex}", NOBODY, None, None
    user.password_hash, user.perm_version = passwords.unusable(), user.perm_version + 1
    await session.flush()
    for table in OF_THE_PERSON:
        await session.execute(delete_rows(table).where(table.user_id == user_id))
    issuer.access.tell(session, user_fact(user, ()))
    audit.record(session, caller.actor, "identity.delete_user", "user", user_id)
    await sessions.end_of_user(session, issuer.revocations, user_id, EndedBy.USER_DELETED, caller.actor)


async def reset_password(
    session: AsyncSession,
    issuer: Issuer,
    messages: Messages,
    caller: Caller,
    user_id: UUID,
    *,
    by_sms: bool,
    if_match: str | None = None,
) -> Issued:
    """A new one-time password; sessions end, a lock after wrong passwords is lifted.

    Raises:
        NotFoundHere, PreconditionFailed, CannotGrant, OwnAccount, PhoneNeeded
    """
    password = passwords.generate()
    password_hash = await passwords.hash_password(password)
    found = await _managed(session, caller, user_id, if_match)
    user = found.user
    if user_id == caller.user_id:
        raise OwnAccount
    if by_sms and user.phone is None:
        raise PhoneNeeded
    user.password_hash, user.password_change_required = password_hash, True
    await session.flush()
    for name in (user.username, user.phone, user.email):
        if name is not None:
            await lockout.forget(session, lockout.of_account(issuer.root_key, issuer.parameters, name))
    audit.record(session, caller.actor, "identity.reset_password", "user", user_id, by_sms=by_sms)
    await sessions.end_of_user(session, issuer.revocations, user_id, EndedBy.PASSWORD_RESET, caller.actor)
    await _hand_over(session, messages, found.by.organization, user, password, "staff_password", by_sms=by_sms)
    if not by_sms:
        outbox.publish(session, PasswordChanged(supplier_id=None, distributor_id=None, user_id=user_id))
        await session.flush()
    return Issued(user, None if by_sms else password)


async def reset_second_factor(
    session: AsyncSession, issuer: Issuer, caller: Caller, user_id: UUID, *, if_match: str | None = None
) -> User:
    """Take away the authenticator of somebody who has lost it: sessions end, a lock is lifted, the person is told.

    Raises:
        NotFoundHere, PreconditionFailed, CannotGrant, OwnAccount
        StateConflict: there is none.
    """
    found = await _managed(session, caller, user_id, if_match)
    if user_id == caller.user_id:
        raise OwnAccount
    await second_factor.take_away(session, issuer, caller, user_id)
    return found.user


async def _managed(session: AsyncSession, caller: Caller, user_id: UUID, if_match: str | None) -> _Managed:
    """Somebody whose roles grant nothing that the caller lacks."""
    by = await authority.take(session, caller, NEEDED)
    user = await queries.user(session, caller, user_id, for_update=True)
    roles = await queries.roles_of(session, user_id)
    check_if_match(if_match, user.version)
    by.demand_roles(roles)
    return _Managed(by, user, roles)


async def _removable(session: AsyncSession, caller: Caller, user_id: UUID, if_match: str | None) -> _Managed:
    """Somebody the organization can do without, and not the caller."""
    found = await _managed(session, caller, user_id, if_match)
    await _keep_an_owner(session, found)
    if user_id == caller.user_id:
        raise OwnAccount
    return found


async def _keep_an_owner(session: AsyncSession, found: _Managed) -> None:
    """Refuse if no other owner could sign in without this one."""
    if found.owns:
        owners = await queries.active_owners(session, found.by.organization.id)
        if set(owners) <= {found.user.id}:
            raise LastOwner


def _owning(roles: Collection[Role]) -> bool:
    return any(role.built_in is BuiltIn.OWNER for role in roles)


def _move(user: User, before: UserStatus, after: UserStatus, action: str) -> None:
    if user.status is not before:
        raise StateConflict(state=user.status, action=action)
    user.status = after


async def _hand_over(
    session: AsyncSession,
    messages: Messages,
    organization: Organization,
    user: User,
    password: str,
    template: str,
    *,
    by_sms: bool,
) -> None:
    if by_sms:
        assert user.phone is not None
        params = {"organization": organization.name, "username": user.username, "password": password}
        await messages.send(session, to=user.phone, template=template, params=params, language=user.language)
