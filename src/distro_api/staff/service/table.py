"""Employees as a table: its columns, how rows are imported, and the file that an export is."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import IO

import phonenumbers
from phonenumbers import PhoneNumberFormat
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core.errors import Text
from distro_api.identity.principal import Principal
from distro_api.spreadsheets.service import Column, Sheet, Value, Writer
from distro_api.staff import queries
from distro_api.staff.models import Employee, EmployeeStatus
from distro_api.staff.queries import EmployeeFilters
from distro_api.staff.schemas import EmployeeRow

STATUSES: Mapping[str, Text] = {
    EmployeeStatus.ACTIVE: Text("在用", "active"),
    EmployeeStatus.DISABLED: Text("停用", "disabled"),
}
SHEET = Sheet(
    name=Text("员工", "Employees"),
    model=EmployeeRow,
    max_rows=10_000,
    columns=(
        Column(
            field="number",
            title=Text("工号", "Number"),
            note=Text(
                "1 至 32 个字符，本机构内唯一。已有的工号：更新该员工；新的工号：新增员工。",
                "1 to 32 characters, unique in your organization. A known number updates the employee, a new one adds one.",
            ),
            example=Text("A0017", "A0017"),
            required=True,
            aliases=("员工编号", "employee number", "no."),
        ),
        Column(
            field="name",
            title=Text("姓名", "Name"),
            note=Text("1 至 50 个字符", "1 to 50 characters"),
            example=Text("王小明", "Wang Xiaoming"),
            required=True,
        ),
        Column(
            field="department",
            title=Text("部门", "Department"),
            note=Text(
                "可选。有此列而单元格为空：清空；没有此列：不变。以下各列相同。",
                "May be empty. An empty cell empties it, a missing column leaves it as it is; so with all further columns.",
            ),
            example=Text("票务部", "Ticketing"),
        ),
        Column(
            field="position",
            title=Text("岗位", "Position"),
            note=Text("可选", "May be empty"),
            example=Text("售票员", "Clerk"),
            aliases=("职位", "job title"),
        ),
        Column(
            field="phone",
            title=Text("手机号", "Phone"),
            note=Text(
                "可选。大陆手机号，或以 + 和国家代码开头。本机构内唯一。",
                "May be empty. A mobile number of mainland China, or any with + and country code; unique in your organization.",
            ),
            example=Text("13800138000", "+8613800138000"),
            aliases=("手机", "手机号码", "mobile", "phone number"),
        ),
        Column(
            field="email",
            title=Text("邮箱", "E-mail"),
            note=Text("可选", "May be empty"),
            example=Text("wang@example.com", "wang@example.com"),
            aliases=("电子邮箱", "邮件", "email"),
            width=28,
        ),
        Column(
            field="status",
            title=Text("状态", "Status"),
            note=Text(
                "可选。空：新员工为在用，已有员工不变。已有账号的员工须在系统中逐个停用或启用。",
                "May be empty: new employees are active, others stay as they are. Who has an account is disabled and enabled one by one.",
            ),
            example=Text("在用", "active"),
            choices=STATUSES,
        ),
    ),
)
FILE_NAME = Text("员工", "employees")
SUGGESTED_DEPARTMENTS = 200
Sessions = async_sessionmaker[AsyncSession]


async def export(
    sessions: Sessions, principal: Principal, filters: EmployeeFilters, *, content_type: str, language: str
) -> tuple[IO[bytes], int]:
    """The employees that fit, with all their data, as a file that the caller closes; how many.

    Pages are read each in a short transaction, some rows at a time are in memory, and what is read is what was there.
    """
    titles = [column.title.of(language) for column in SHEET.columns]
    widths = [column.width for column in SHEET.columns]
    writer = await asyncio.to_thread(Writer, content_type, SHEET.name.of(language), titles, widths)
    after, count = "", 0
    try:
        while True:
            async with sessions() as session:
                page = await queries.page_after(session, principal, filters, after)
            if not page:
                return await asyncio.to_thread(writer.finish), count
            await asyncio.to_thread(writer.add, [_cells(employee, language) for employee in page])
            after, count = page[-1].number, count + len(page)
    except BaseException:
        writer.close()
        raise


def _cells(employee: Employee, language: str) -> Sequence[Value]:
    return (
        employee.number,
        employee.name,
        employee.department,
        employee.position,
        _as_dialled(employee.phone),
        employee.email,
        STATUSES[employee.status].of(language),
    )


def _as_dialled(phone: str | None) -> str | None:
    """Numbers of mainland China without country code, as people there write them."""
    if phone is None or not phone.startswith("+86"):
        return phone
    number = phonenumbers.parse(phone)
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL).replace(" ", "")
