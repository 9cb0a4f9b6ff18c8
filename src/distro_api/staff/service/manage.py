"""One employee: create, edit, disable, enable, delete."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import StateConflict
from distro_api.core.http import check_if_match, constraint_of
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.identity.service.accounts import normal_phone
from distro_api.staff import queries
from distro_api.staff.errors import EmployeeNumberTaken, EmployeePhoneTaken
from distro_api.staff.models import Employee, EmployeeStatus
from distro_api.staff.schemas import CreateEmployee, UpdateEmployee
from distro_api.staff.service import account
from distro_api.staff.service.account import Doors
from distro_api.staff.states import TRANSITIONS, EmployeeAction


async def create_employee(session: AsyncSession, principal: Principal, command: CreateEmployee) -> Employee:
    """An employee without an account.

    Raises:
        EmployeeNumberTaken, EmployeePhoneTaken, InvalidPhone
    """
    made = Employee(
        id=clock.new_id(),
        organization_id=principal.organization_id,
        number=command.number,
        name=command.name,
        department=command.department,
        position=command.position,
        phone=normal_phone(command.phone) if command.phone else None,
        email=command.email,
        status=EmployeeStatus.ACTIVE,
    )
    async with _unique(session, made.organization_id, made.phone):
        session.add(made)
    audit.record(session, principal.actor, "staff.create_employee", "employee", made.id)
    await session.flush()
    return made


async def update_employee(
    session: AsyncSession, principal: Principal, employee_id: UUID, command: UpdateEmployee, if_match: str | None
) -> Employee:
    """Change what was sent. An account's own phone and e-mail, by which its user signs in, stay as they are.

    Raises:
        NotFoundHere, PreconditionFailed, EmployeeNumberTaken, EmployeePhoneTaken, InvalidPhone
    """
    found = await queries.employee(session, principal, employee_id, for_update=True)
    check_if_match(if_match, found.version)
    sent = command.sent()
    if sent.get("phone"):
        sent["phone"] = normal_phone(sent["phone"])
    changed = sorted(name for name, value in sent.items() if getattr(found, name) != value)
    if changed:
        async with _unique(session, found.organization_id, sent.get("phone")):
            for name in changed:
                setattr(found, name, sent[name])
        audit.record(session, principal.actor, "staff.update_employee", "employee", found.id)
        await session.flush()
    return found


async def apply(
    session: AsyncSession,
    doors: Doors,
    principal: Principal,
    employee_id: UUID,
    action: EmployeeAction,
    if_match: str | None,
) -> Employee:
    """Disable or enable, the account too: the only writer of one employee's status, beside imports.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict, and what `account.follow` raises
    """
    found = await queries.employee(session, principal, employee_id, for_update=True)
    check_if_match(if_match, found.version)
    target = TRANSITIONS.get((found.status, action))
    if target is None:
        raise StateConflict(state=found.status, action=action)
    found.status = target
    audit.record(session, principal.actor, f"staff.{action}_employee", "employee", found.id)
    await session.flush()
    await account.follow(session, doors, principal, found, action)
    return found


async def delete_employee(
    session: AsyncSession, doors: Doors, principal: Principal, employee_id: UUID, if_match: str | None
) -> None:
    """Forget the person, and end the account; what was recorded of the employee's actions stays under the ids.

    Raises:
        NotFoundHere, PreconditionFailed, and what `account.end` raises
    """
    found = await queries.employee(session, principal, employee_id, for_update=True)
    check_if_match(if_match, found.version)
    await account.end(session, doors, principal, found)
    await session.delete(found)
    audit.record(session, principal.actor, "staff.delete_employee", "employee", employee_id)
    await session.flush()


@asynccontextmanager
async def _unique(session: AsyncSession, organization_id: UUID, phone: str | None) -> AsyncIterator[None]:
    """Write what the block changes.

    Raises:
        EmployeeNumberTaken, EmployeePhoneTaken
    """
    try:
        async with session.begin_nested():
            yield
            await session.flush()
    except IntegrityError as error:
        match constraint_of(error):
            case "uq_employees_organization_id_number":
                raise EmployeeNumberTaken from error
            case "uq_employees_organization_id_phone":
                assert phone is not None
                raise EmployeePhoneTaken(
                    number=await queries.holder_of_phone(session, organization_id, phone)
                ) from error
        raise
