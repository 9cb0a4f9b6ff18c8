"""Employees: one by one, and in bulk from and to spreadsheets."""

import asyncio
from collections.abc import AsyncIterator, Container
from typing import IO, Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.db import Read, Transactions, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, language_of, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, filters, page
from distro_api.core.personal import mask_email, mask_phone
from distro_api.files.errors import UnknownFile
from distro_api.files.models import Purpose
from distro_api.files.queries import file_for
from distro_api.files.router import disposition
from distro_api.files.service import CSV, SUFFIX, XLSX
from distro_api.identity.errors import (
    CannotGrant,
    EmailTaken,
    InvalidPhone,
    LastOwner,
    OwnAccount,
    PhoneTaken,
    UnknownRole,
    UsernameTaken,
)
from distro_api.identity.principal import Principal, Require
from distro_api.identity.router.wiring import FromIssuer, FromMessages
from distro_api.identity.service import audit
from distro_api.jobs import service as jobs
from distro_api.jobs.errors import TooManyJobs
from distro_api.jobs.router import job_out
from distro_api.jobs.schemas import JobOut
from distro_api.spreadsheets.schemas import ImportPayload, StartImport
from distro_api.spreadsheets.service import template
from distro_api.staff import queries, service
from distro_api.staff.errors import (
    EmployeeDisabled,
    EmployeeHasAccount,
    EmployeeNumberTaken,
    EmployeePhoneTaken,
    EmployeeWithoutPhone,
)
from distro_api.staff.models import Employee
from distro_api.staff.queries import EmployeeFilters
from distro_api.staff.schemas import CreateEmployee, EmployeeListed, EmployeeOut, GiveAccount, UpdateEmployee
from distro_api.staff.service import Doors, table
from distro_api.staff.service.importing import KIND
from distro_api.staff.states import EmployeeAction

router = APIRouter(prefix=f"{API}/employees", tags=["employees"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Require("staff:read")]
Manager = Annotated[Principal, Require("staff:manage")]
Filters = Annotated[EmployeeFilters, Depends(filters(EmployeeFilters))]
Language = Annotated[
    Literal["zh", "en"] | None, Query(description="Of titles and words in the file; left out: as Accept-Language")
]
CHUNK = 64 * 1024
OF_ACCOUNTS = (NotFoundHere, PreconditionFailed, CannotGrant, LastOwner, OwnAccount)
"""How a change may be refused that an account follows: whoever makes it must be allowed to do that to the account."""


async def _doors(issuer: FromIssuer, messages: FromMessages) -> Doors:
    return Doors(issuer, messages)


FromDoors = Annotated[Doors, Depends(_doors)]


async def _employee_out(session: AsyncSession, employee: Employee, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = etag(employee.version)
    account = (await queries.accounts(session, [employee])).get(employee.id)
    plain = {name: getattr(employee, name) for name in EmployeeOut.model_fields if hasattr(employee, name)}
    return plain | {"has_account": account is not None, "account": account}


def _listed(employee: Employee, with_account: Container[UUID]) -> dict[str, Any]:
    plain = {name: getattr(employee, name) for name in EmployeeListed.model_fields if hasattr(employee, name)}
    return plain | {
        "has_account": employee.id in with_account,
        "phone": mask_phone(employee.phone) if employee.phone else None,
        "email": mask_email(employee.email) if employee.email else None,
    }


@router.post(
    "",
    response_model=EmployeeOut,
    status_code=201,
    responses=problems(EmployeeNumberTaken, EmployeePhoneTaken, InvalidPhone),
    openapi_extra=capability("I9"),
)
async def create_employee(command: CreateEmployee, principal: Manager, session: Tx, response: Response) -> object:
    """Add an employee, who cannot sign in until given an account."""
    made = await service.create_employee(session, principal, command)
    response.headers["Location"] = f"{API}/employees/{made.id}"
    return await _employee_out(session, made, response)


@router.get("", response_model=Page[EmployeeListed], openapi_extra=capability("I9", "I10"))
async def list_employees(
    principal: Reader,
    session: Read,
    paging: Paging,
    wanted: Filters,
    sort: Literal["number", "-number", "name", "-name", "created_at", "-created_at"] = "number",
) -> object:
    """The employees of my organization; phones and e-mail addresses are masked."""
    rows, cursor, total = await page(
        session,
        queries.employees_where(principal, wanted),
        paging,
        sorts={"number": Employee.number, "name": Employee.name, "created_at": Employee.created_at},
        sort=sort,
        tie=Employee.id,
    )
    with_account = await queries.accounts(session, rows)
    return {"items": [_listed(row, with_account) for row in rows], "next_cursor": cursor, "total": total}


SPREADSHEETS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (XLSX, CSV)},
    }
}


@router.get(
    "/template",
    response_class=Response,
    responses={200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}},
    openapi_extra=capability("I10"),
)
async def get_employee_template(
    request: Request, principal: Manager, session: Read, language: Language = None
) -> Response:
    """A workbook to fill in: with a guide, an example, and lists to choose from."""
    spoken = language or language_of(request.headers)
    lists = {"department": await queries.departments(session, principal, table.SUGGESTED_DEPARTMENTS)}
    made = await asyncio.to_thread(template, table.SHEET, spoken, lists)
    name = table.SHEET.name.of(spoken) + SUFFIX[XLSX]
    return Response(made, media_type=XLSX, headers={"Content-Disposition": disposition(name)})


@router.get("/export", response_class=StreamingResponse, responses=SPREADSHEETS, openapi_extra=capability("I10"))
async def export_employees(
    request: Request,
    principal: Annotated[Principal, Require("staff:export")],
    transactions: Transactions,
    wanted: Filters,
    form: Annotated[Literal["xlsx", "csv"], Query(alias="format")] = "xlsx",
    language: Language = None,
) -> Response:
    """All that fit the filters with all their data, as a spreadsheet that can be imported again."""
    spoken, kind = language or language_of(request.headers), XLSX if form == "xlsx" else CSV
    made, count = await table.export(transactions, principal, wanted, content_type=kind, language=spoken)
    try:
        async with transactions.begin() as session:
            audit.record(session, principal.actor, "staff.export_employees", "employee", None, count=count)
        size = made.seek(0, 2)
        made.seek(0)
    except BaseException:
        made.close()
        raise
    headers = {
        "Content-Disposition": disposition(table.FILE_NAME.of(spoken) + SUFFIX[kind]),
        "Content-Length": str(size),
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(_pieces(made), 200, headers, media_type=kind)


async def _pieces(source: IO[bytes]) -> AsyncIterator[bytes]:
    with source:
        while piece := await asyncio.to_thread(source.read, CHUNK):
            yield piece


@router.post(
    "/imports",
    response_model=JobOut,
    status_code=202,
    responses=problems(UnknownFile, TooManyJobs),
    openapi_extra=capability("I10"),
)
async def import_employees(
    command: StartImport, request: Request, principal: Manager, session: Tx, response: Response
) -> object:
    """Import an uploaded .xlsx or .csv, up to 10,000 rows. Follow the job: it ends with a file of the refused rows."""
    file = await file_for(session, principal, command.file_id, Purpose.IMPORT)
    payload = ImportPayload(file_id=file.id, mode=command.mode, existing=command.existing)
    job = await jobs.start(session, principal, KIND, payload, language=language_of(request.headers))
    response.headers["Location"] = f"{API}/jobs/{job.id}"
    return job_out(job, request)


@router.get(
    "/{employee_id}", response_model=EmployeeOut, responses=problems(NotFoundHere), openapi_extra=capability("I9")
)
async def get_employee(employee_id: UUID, principal: Reader, session: Read, response: Response) -> object:
    """One employee with phone and e-mail address."""
    found = await queries.employee(session, principal, employee_id)
    return await _employee_out(session, found, response)


@router.patch(
    "/{employee_id}",
    response_model=EmployeeOut,
    responses=problems(NotFoundHere, PreconditionFailed, EmployeeNumberTaken, EmployeePhoneTaken, InvalidPhone),
    openapi_extra=capability("I9"),
)
async def update_employee(
    employee_id: UUID,
    command: UpdateEmployee,
    principal: Manager,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Change what is sent; null empties department, position, phone, e-mail. The phone of an account stays as it is."""
    found = await service.update_employee(session, principal, employee_id, command, if_match)
    return await _employee_out(session, found, response)


@router.post(
    "/{employee_id}/disable",
    response_model=EmployeeOut,
    responses=problems(StateConflict, *OF_ACCOUNTS),
    openapi_extra=capability("I9"),
)
async def disable_employee(
    employee_id: UUID,
    principal: Manager,
    session: Tx,
    doors: FromDoors,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """The employee has left, for now; an account can't sign in any more, its sessions end."""
    found = await service.apply(session, doors, principal, employee_id, EmployeeAction.DISABLE, if_match)
    return await _employee_out(session, found, response)


@router.post(
    "/{employee_id}/enable",
    response_model=EmployeeOut,
    responses=problems(StateConflict, *OF_ACCOUNTS),
    openapi_extra=capability("I9"),
)
async def enable_employee(
    employee_id: UUID,
    principal: Manager,
    session: Tx,
    doors: FromDoors,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """The employee is back, and may sign in again if there is an account."""
    found = await service.apply(session, doors, principal, employee_id, EmployeeAction.ENABLE, if_match)
    return await _employee_out(session, found, response)


@router.delete(
    "/{employee_id}",
    status_code=204,
    responses=problems(*OF_ACCOUNTS),
    openapi_extra=capability("I9"),
)
async def delete_employee(
    employee_id: UUID, principal: Manager, session: Tx, doors: FromDoors, if_match: IfMatch = None
) -> None:
    """Delete the employee and all that is known of the person; an account ends with it."""
    await service.delete_employee(session, doors, principal, employee_id, if_match)


@router.post(
    "/{employee_id}/account",
    response_model=EmployeeOut,
    responses=problems(
        *(NotFoundHere, PreconditionFailed, CannotGrant, UnknownRole),
        *(EmployeeHasAccount, EmployeeDisabled, EmployeeWithoutPhone, UsernameTaken, PhoneTaken, EmailTaken),
    ),
    openapi_extra=capability("I9"),
)
async def give_employee_account(
    employee_id: UUID,
    command: GiveAccount,
    principal: Annotated[Principal, Require("users:manage")],
    session: Tx,
    doors: FromDoors,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Let an employee sign in: a one-time password goes to the phone by SMS and is changed at the first sign-in."""
    found = await service.give_account(
        session,
        doors,
        principal,
        employee_id,
        username=command.username,
        role_ids=command.role_ids,
        if_match=if_match,
    )
    return await _employee_out(session, found, response)
