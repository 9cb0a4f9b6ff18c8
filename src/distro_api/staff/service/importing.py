"""Rows of an import become employees: new numbers are added, known ones brought up to date, a chunk in a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.db import raw
from distro_api.core.errors import Text
from distro_api.core.writes import Writes
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Act
from distro_api.jobs.service import Work
from distro_api.spreadsheets.schemas import Existing
from distro_api.spreadsheets.service import Applied, Importer, Refused, Row, Wording
from distro_api.staff import queries
from distro_api.staff.errors import EmployeeHasAccount, EmployeeNumberTaken, EmployeePhoneTaken
from distro_api.staff.models import Employee, EmployeeStatus
from distro_api.staff.schemas import EmployeeRow
from distro_api.staff.service.table import SHEET

KIND = "staff.import_employees"
FIELDS = ("name", "department", "position", "phone", "email")
_WRITTEN = (*((name, "text") for name in FIELDS), ("status", "text"), ("updated_at", "timestamptz"))
_NEW = (
    ("id", "uuid"),
    ("organization_id", "uuid"),
    ("number", "text"),
    ("version", "bigint"),
    ("created_at", "timestamptz"),
)
_CHANGE = ", ".join(f"{name} = w.{name}" for name, _ in _WRITTEN) + ", version = t.version + 1"


@dataclass(frozen=True, slots=True)
class _Change:
    """What an employee there already becomes."""

    employee: Employee
    values: Mapping[str, Any]
    fields: Sequence[str]


def keys(row: EmployeeRow) -> Mapping[str, str | None]:
    """What may stand in one row of a file only."""
    return {"number": row.number, "phone": row.phone}


async def apply(
    session: AsyncSession, work: Work, wording: Wording, rows: Sequence[Row[EmployeeRow]], existing: Existing
) -> Applied:
    """Write rows, whose numbers and phones differ from each other, in the session's transaction."""
    there = {
        employee.number: employee
        for employee in await queries.lock_by_number(session, work.organization_id, [row.value.number for row in rows])
    }
    with_account = await queries.accounts(session, list(there.values()))
    phones = [row.value.phone for row in rows if row.value.phone]
    holders = await queries.holders_of_phones(session, work.organization_id, phones)
    refused: list[Refused] = []
    new: list[Row[EmployeeRow]] = []
    changes: list[_Change] = []
    unchanged = 0
    for row in rows:
        known, holder = there.get(row.value.number), holders.get(row.value.phone or "")
        if known is not None and existing is Existing.REFUSE:
            refused.append(wording.refused(row, "number", EmployeeNumberTaken()))
        elif known is not None and known.id in with_account and row.value.status not in (None, known.status):
            refused.append(wording.refused(row, "status", EmployeeHasAccount()))
        elif holder is not None and holder != row.value.number:
            refused.append(wording.refused(row, "phone", EmployeePhoneTaken(number=holder)))
        elif known is None:
            new.append(row)
        elif change := _change(known, row):
            changes.append(change)
        else:
            unchanged += 1
    await _write(session, work, new, changes)
    counts = {"created": len(new), "updated": len(changes), "unchanged": unchanged}
    return Applied({name: count for name, count in counts.items() if count}, refused)


def _change(known: Employee, row: Row[EmployeeRow]) -> _Change | None:
    """None when the row says what is known already."""
    values = {name: getattr(row.value if name in row.fields else known, name) for name in FIELDS}
    values["status"] = row.value.status or known.status
    fields = [name for name, value in values.items() if getattr(known, name) != value]
    return _Change(known, values, fields) if fields else None


async def _write(
    session: AsyncSession, work: Work, new: Sequence[Row[EmployeeRow]], changes: Sequence[_Change]
) -> None:
    """Add, change and tell in one statement.

    Somebody who gives one of the numbers or phones to another employee at the same time makes the transaction fail; the
    job is then taken up again.
    """
    now = clock.now()
    added = [
        (
            *(clock.new_id(), work.organization_id, row.value.number, 1, now),
            *(getattr(row.value, name) for name in FIELDS),
            *((row.value.status or EmployeeStatus.ACTIVE).value, now),
        )
        for row in new
    ]
    changed = [
        (
            change.employee.id,
            *(change.values[name] for name in FIELDS),
            *(EmployeeStatus(change.values["status"]).value, now),
        )
        for change in changes
    ]
    acts = [_act(work, "staff.create_employee", row[0]) for row in added]
    acts += [_act(work, "staff.update_employee", change.employee.id, fields=change.fields) for change in changes]
    writes = Writes()
    writes.insert("employees", _NEW + _WRITTEN, added)
    writes.update("employees", (("id", "uuid"), *_WRITTEN), changed, _CHANGE)
    audit.record_many(writes, acts)
    await writes.run(await raw(session))


def _act(work: Work, action: str, employee_id: UUID, **detail: Any) -> Act:
    return Act(work.actor, action, "employee", employee_id, clock.now(), {"job_id": str(work.id), **detail})


IMPORTER = Importer(
    kind=KIND, sheet=SHEET, keys=keys, apply=apply, file_name=Text("未导入的员工", "employees-not-imported")
)
