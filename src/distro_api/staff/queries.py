"""Reads of employees."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import User, UserStatus
from distro_api.identity.principal import Principal
from distro_api.staff.models import Employee, EmployeeStatus

PAGE = 1000
"""Employees that an export reads at a time."""


class EmployeeFilters(BaseModel):
    """Which employees; what is None does not narrow."""

    status: Annotated[EmployeeStatus | None, Query()] = None
    department: Annotated[str | None, Query(max_length=50)] = None
    position: Annotated[str | None, Query(max_length=50)] = None
    has_account: Annotated[bool | None, Query(description="Whether they can sign in, or could be given an account")] = (
        None
    )
    q: Annotated[
        str | None,
        Query(
            max_length=50, description="Part of number, name, department or position; four digits or more: of the phone"
        ),
    ] = None


def visible_employees(principal: Principal) -> Select[Employee]:
    """Those of the caller's own organization, whatever it is."""
    return select(Employee).where(Employee.organization_id == principal.organization_id)


def employees_where(principal: Principal, filters: EmployeeFilters) -> Select[Employee]:
    found = visible_employees(principal)
    for column in ("status", "department", "position"):
        if (value := getattr(filters, column)) is not None:
            found = found.where(getattr(Employee, column) == value)
    if filters.has_account is not None:
        live = select(User.id).where(User.id == Employee.user_id, User.status != UserStatus.DELETED).exists()
        found = found.where(live if filters.has_account else ~live)
    if filters.q:
        searched = [Employee.number, Employee.name, Employee.department, Employee.position]
        digits = filters.q.lstrip("+")
        if digits.isdecimal() and len(digits) >= 4:
            searched.append(Employee.phone)
        found = found.where(or_(*(column.icontains(filters.q, autoescape=True) for column in searched)))
    return found


async def employee(
    session: AsyncSession, principal: Principal, employee_id: UUID, *, for_update: bool = False
) -> Employee:
    """One employee that the caller may see.

    Raises:
        NotFoundHere
    """
    found = visible_employees(principal).where(Employee.id == employee_id)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFoundHere
    return row


async def accounts(session: AsyncSession, employees: Sequence[Employee]) -> Mapping[UUID, User]:
    """Employee → account, of those that have one; one that was deleted is none."""
    by_user = {employee.user_id: employee.id for employee in employees if employee.user_id is not None}
    if not by_user:
        return {}
    found = select(User).where(User.id.in_(by_user), User.status != UserStatus.DELETED)
    return {by_user[user.id]: user for user in await session.scalars(found)}


async def holder_of_phone(session: AsyncSession, organization_id: UUID, phone: str) -> str | None:
    """The number of the employee who has this phone."""
    found = select(Employee.number).where(Employee.organization_id == organization_id, Employee.phone == phone)
    return await session.scalar(found)


async def departments(session: AsyncSession, principal: Principal, limit: int) -> Sequence[str]:
    """Names in use, for lists to choose from."""
    mine = visible_employees(principal).subquery()
    found = select(mine.c.department).where(mine.c.department.is_not(None)).distinct().order_by(mine.c.department)
    return [name for name in await session.scalars(found.limit(limit)) if name]


async def page_after(
    session: AsyncSession, principal: Principal, filters: EmployeeFilters, after: str
) -> Sequence[Employee]:
    """Employees in the order of their numbers, some of them behind `after`."""
    found = employees_where(principal, filters).where(Employee.number > after).order_by(Employee.number)
    return (await session.scalars(found.limit(PAGE))).all()


async def lock_by_number(session: AsyncSession, organization_id: UUID, numbers: Collection[str]) -> Sequence[Employee]:
    """Those with these numbers, locked in the order of their ids."""
    found = select(Employee).where(Employee.organization_id == organization_id, Employee.number.in_(numbers))
    return (await session.scalars(found.order_by(Employee.id).with_for_update())).all()


async def holders_of_phones(session: AsyncSession, organization_id: UUID, phones: Collection[str]) -> dict[str, str]:
    """Phone → number of the employee who has it."""
    found = select(Employee.phone, Employee.number).where(
        Employee.organization_id == organization_id, Employee.phone.in_(phones)
    )
    return {phone: number for phone, number in await session.execute(found) if phone}
