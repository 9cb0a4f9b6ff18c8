"""Employees one by one: hired, changed, disabled, found, deleted, exported; and never seen by others."""

import asyncio
import io
from uuid import uuid4

import asyncpg
import pytest
from openpyxl import load_workbook

from make.spreadsheets import XLSX, rows_of
from make.staff import TITLES, Desk

pytestmark = pytest.mark.capability("I9")


async def test_an_employee_is_hired_changed_and_deleted(desk: Desk, owner_connection: asyncpg.Connection) -> None:
    answer = await desk.send(
        "POST",
        "/employees",
        json={"number": "Ａ００１", "name": " 王小明 ", "phone": "138 0013 8000", "email": "Wang@Example.com"},
    )
    made = answer.json()
    assert answer.status_code == 201 and answer.headers["location"] == f"/api/v1/employees/{made['id']}"
    assert (made["number"], made["name"], made["phone"], made["email"]) == (
        "A001",
        "王小明",
        "+8613800138000",
        "wang@example.com",
    )
    assert (made["status"], made["has_account"], made["account"], made["version"]) == ("active", False, None, 1)

    changed = await desk.ok("PATCH", f"/employees/{made['id']}", json={"department": "票务部", "email": None})
    assert (changed["department"], changed["email"], changed["phone"], changed["version"]) == (
        "票务部",
        None,
        "+8613800138000",
        2,
    )
    same = await desk.ok("PATCH", f"/employees/{made['id']}", json={"department": "票务部"})
    assert same["version"] == 2, "nothing changed"
    await desk.refused(
        412,
        "precondition_failed",
        "PATCH",
        f"/employees/{made['id']}",
        json={"name": "王大明"},
        headers={"If-Match": '"1"'},
    )
    await desk.refused(422, "validation_failed", "PATCH", f"/employees/{made['id']}", json={"name": None})
    await desk.refused(412, "precondition_failed", "DELETE", f"/employees/{made['id']}", headers={"If-Match": '"1"'})
    await desk.ok("DELETE", f"/employees/{made['id']}")
    await desk.refused(404, "not_found", "GET", f"/employees/{made['id']}")
    actions = await owner_connection.fetch("SELECT action FROM audit_log WHERE action LIKE 'staff.%' ORDER BY id")
    assert [row[0] for row in actions] == ["staff.create_employee", "staff.update_employee", "staff.delete_employee"]
    trail = await owner_connection.fetchval("SELECT string_agg(to_jsonb(a)::text, '') FROM audit_log a")
    assert "王小明" not in trail and "13800138000" not in trail and "wang@" not in trail.lower()


async def test_numbers_and_phones_are_unique_in_an_organization(desk: Desk, other_desk: Desk) -> None:
    made = await desk.hire("A001", phone="13800138000")
    other = await desk.hire("A002")
    await desk.refused(409, "employee_number_taken", "POST", "/employees", json={"number": "A001", "name": "李晓雨"})
    refused = await desk.refused(
        409, "employee_phone_taken", "PATCH", f"/employees/{other['id']}", json={"phone": "+86 13800138000"}
    )
    assert refused["number"] == "A001"
    await desk.refused(
        409, "employee_number_taken", "PATCH", f"/employees/{other['id']}", json={"number": made["number"]}
    )
    await desk.refused(422, "invalid_phone", "PATCH", f"/employees/{other['id']}", json={"phone": "12345"})
    await other_desk.hire("A001", phone="13800138000")
    body = {"number": "A003", "name": "赵强"}
    at_once = await asyncio.gather(*(desk.send("POST", "/employees", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in at_once) == [201, 409, 409, 409, 409]


async def test_disabled_and_enabled(desk: Desk) -> None:
    made = await desk.hire("A001")
    assert (await desk.ok("POST", f"/employees/{made['id']}/disable"))["status"] == "disabled"
    await desk.refused(409, "state_conflict", "POST", f"/employees/{made['id']}/disable")
    assert (await desk.ok("POST", f"/employees/{made['id']}/enable"))["status"] == "active"
    await desk.refused(409, "state_conflict", "POST", f"/employees/{made['id']}/enable")


@pytest.mark.capability("I10")
async def test_the_list_is_searched_filtered_sorted_and_paged(desk: Desk, other_desk: Desk) -> None:
    await other_desk.hire("A009", "别人的员工")
    for number, name, department, phone in (
        ("A003", "王小明", "票务部", "13800138003"),
        ("A001", "李晓雨", "客服部", "13800138001"),
        ("A002", "赵强", "票务部", "13900139002"),
    ):
        await desk.hire(number, name, department=department, phone=phone)
    disabled = (await desk.staff("&q=赵强"))[0]
    await desk.ok("POST", f"/employees/{disabled['id']}/disable")

    async def numbers(query: str) -> list[str]:
        return [row["number"] for row in await desk.staff(query)]

    assert await numbers("") == ["A001", "A002", "A003"]
    assert await numbers("&sort=-number") == ["A003", "A002", "A001"]
    assert await numbers("&sort=created_at") == ["A003", "A001", "A002"]
    assert await numbers("&department=票务部") == ["A002", "A003"]
    assert await numbers("&department=票务部&status=active") == ["A003"]
    assert await numbers("&q=晓雨") == ["A001"]
    assert await numbers("&q=a00") == ["A001", "A002", "A003"]
    assert await numbers("&q=13800138") == ["A001", "A003"]
    assert await numbers("&q=%25") == [], "a wildcard is a character"
    assert await numbers("&has_account=true") == []
    first = await desk.ok("GET", "/employees?limit=2&with_total=true")
    assert first["total"] == 3 and len(first["items"]) == 2
    rest = await desk.ok("GET", f"/employees?limit=2&cursor={first['next_cursor']}")
    assert [row["number"] for row in rest["items"]] == ["A003"] and rest["next_cursor"] is None
    assert "13800138" not in str(await desk.staff()), "phones are masked"


async def test_employees_of_others(desk: Desk, other_desk: Desk) -> None:
    made = await desk.hire("A001")
    for employee_id in (made["id"], str(uuid4())):
        await other_desk.refused(404, "not_found", "GET", f"/employees/{employee_id}")
        await other_desk.refused(404, "not_found", "PATCH", f"/employees/{employee_id}", json={"name": "李晓雨"})
        await other_desk.refused(404, "not_found", "POST", f"/employees/{employee_id}/disable")
        await other_desk.refused(404, "not_found", "DELETE", f"/employees/{employee_id}")
    assert await other_desk.staff() == []
    assert rows_of((await other_desk.send("GET", "/employees/export?format=csv")).content) == [list(TITLES)]


@pytest.mark.parametrize(
    "body",
    [
        {"number": "", "name": "王小明"},
        {"number": "A001"},
        {"number": "A" * 33, "name": "王小明"},
        {"number": "A001", "name": "王\0明"},
        {"number": "A001", "name": "王小明", "email": "not an address"},
        {"number": "A001", "name": "王小明", "status": "active"},
        {"number": "A001", "name": "王小明", "organization_id": "00000000-0000-7000-8000-000000000000"},
        {"number": 1, "name": "王小明"},
    ],
)
async def test_what_is_no_employee(desk: Desk, body: dict[str, object]) -> None:
    await desk.refused(422, "validation_failed", "POST", "/employees", json=body)


@pytest.mark.capability("I10")
@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize(
    "language, titles",
    [("zh", TITLES), ("en", ("Number", "Name", "Department", "Position", "Phone", "E-mail", "Status"))],
)
async def test_an_export_has_all_data_of_those_that_fit(
    desk: Desk, owner_connection: asyncpg.Connection, form: str, language: str, titles: tuple[str, ...]
) -> None:
    await desk.hire("A001", "王小明", department="票务部", phone="13800138000", email="wang@example.com")
    abroad = await desk.hire("A002", "Ann Lee", phone="+447911123456")
    await desk.ok("POST", f"/employees/{abroad['id']}/disable")
    answer = await desk.send("GET", f"/employees/export?format={form}&language={language}")
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["content-disposition"].endswith(f".{form}")
    status = ("在用", "停用") if language == "zh" else ("active", "disabled")
    plus = "'" if form == "csv" else ""
    assert rows_of(answer.content) == [
        list(titles),
        ["A001", "王小明", "票务部", "", "13800138000", "wang@example.com", status[0]],
        ["A002", "Ann Lee", "", "", f"{plus}+447911123456", "", status[1]],
    ]
    only = await desk.send("GET", f"/employees/export?format={form}&status=disabled&language={language}")
    assert [row[0] for row in rows_of(only.content)[1:]] == ["A002"]
    counts = await owner_connection.fetch(
        "SELECT detail->>'count' FROM audit_log WHERE action = 'staff.export_employees'"
    )
    assert sorted(row[0] for row in counts) == ["1", "2"]
    again = await desk.imported(answer.content, "all_or_nothing")
    assert again["counts"] == {"unchanged": 2}


@pytest.mark.capability("I10")
async def test_the_template_is_filled_in_and_imported(desk: Desk) -> None:
    await desk.hire("A001", department="票务部")
    answer = await desk.send("GET", "/employees/template")
    assert answer.headers["content-type"] == XLSX and rows_of(answer.content) == [list(TITLES)]
    english = await desk.send("GET", "/employees/template", headers={"Accept-Language": "en"})
    assert rows_of(english.content)[0][0] == "Number"
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["员工", "填写说明", "lists"] and book["lists"].sheet_state == "hidden"
    guide = {row[0].value: (row[1].value, row[3].value) for row in book["填写说明"].iter_rows(min_row=2)}
    assert guide["工号"] == ("是", "A0017") and guide["手机号"] == ("", "13800138000")
    rules = {str(rule.sqref): rule.formula1 for rule in book["员工"].data_validations.dataValidation}
    assert rules == {"G2:G20001": "lists!$G$1:$G$2", "C2:C20001": "lists!$C$1:$C$1"}
    assert [cell.value for cell in book["lists"]["G"]] == ["在用", "停用"] and book["lists"]["C1"].value == "票务部"
    page = book["员工"]
    for column, value in zip("ABCDEFG", ("0042", "李晓雨", "客服部", "", "+8613800138042", "", "在用"), strict=True):
        page[f"{column}2"] = value or None
    filled = io.BytesIO()
    book.save(filled)
    job = await desk.imported(filled.getvalue(), "all_or_nothing")
    assert (job["status"], job["counts"]) == ("succeeded", {"created": 1}), await desk.row_errors(job)
    assert [row["number"] for row in await desk.staff()] == ["0042", "A001"]
