"""An employee's account to sign in with; identity keeps accounts, and whoever touches one must be allowed to there."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.http import check_if_match
from distro_api.identity.models import UserStatus
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.identity.service import staff as accounts
from distro_api.identity.service.messages import Messages
from distro_api.identity.service.sessions import Issuer
from distro_api.staff import queries
from distro_api.staff.errors import EmployeeDisabled, EmployeeHasAccount, EmployeeWithoutPhone
from distro_api.staff.models import Employee, EmployeeStatus
from distro_api.staff.states import EmployeeAction

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
REASON = "员工停用 / employee disabled"


@dataclass(frozen=True, slots=True)
class Doors:
    """What it takes to change accounts: of this process, for endpoints."""

    issuer: Issuer
    messages: Messages


async def give_account(
    session: AsyncSession,
    doors: Doors,
    principal: Principal,
    employee_id: UUID,
    *,
    username: str | None,
    role_ids: Sequence[UUID],
    if_match: str | None,
) -> Employee:
    """Open an account for an employee; the one-time password goes to the employee's phone, by which one may sign in too.

    Raises:
        NotFoundHere, PreconditionFailed, EmployeeHasAccount, EmployeeDisabled, EmployeeWithoutPhone
        CannotGrant, UnknownRole, UsernameTaken, PhoneTaken, EmailTaken: as identity sees it.
    """
    found = await queries.employee(session, principal, employee_id, for_update=True)
    check_if_match(if_match, found.version)
    if await queries.accounts(session, [found]):
        raise EmployeeHasAccount
    if found.status is not EmployeeStatus.ACTIVE:
        raise EmployeeDisabled
    if found.phone is None:
        raise EmployeeWithoutPhone
    made = await accounts.create(
        session,
        doors.messages,
        principal,
        username=username or "e-" + "".join(secrets.choice(_LETTERS) for _ in range(8)),
        name=found.name,
        phone=found.phone,
        email=found.email,
        role_ids=role_ids,
        by_sms=True,
    )
    found.user_id = made.user.id
    audit.record(session, principal.actor, "staff.give_account", "employee", found.id, user_id=made.user.id)
    await session.flush()
    return found


async def follow(
    session: AsyncSession, doors: Doors, principal: Principal, employee: Employee, action: EmployeeAction
) -> None:
    """Let the account follow its employee: it cannot sign in while the employee is disabled.

    Raises:
        CannotGrant, LastOwner, OwnAccount, PermissionDenied: the caller may not do that to the account.
    """
    user = (await queries.accounts(session, [employee])).get(employee.id)
    if user is None:
        return
    if action is EmployeeAction.DISABLE and user.status is UserStatus.ACTIVE:
        await accounts.disable(session, doors.issuer, principal, user.id, reason=REASON)
    if action is EmployeeAction.ENABLE and user.status is UserStatus.DISABLED:
        await accounts.enable(session, doors.issuer, principal, user.id)


async def end(session: AsyncSession, doors: Doors, principal: Principal, employee: Employee) -> None:
    """Delete the account with its employee.

    Raises:
        CannotGrant, LastOwner, OwnAccount, PermissionDenied
    """
    if user := (await queries.accounts(session, [employee])).get(employee.id):
        await accounts.delete(session, doors.issuer, principal, user.id)
