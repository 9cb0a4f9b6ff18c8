"""Employees come in bulk: a template is filled in, the file is uploaded, a job imports it and tells row by row."""

from dataclasses import replace

import asyncpg
import pytest

from make.spreadsheets import rows_of, text_file, workbook
from make.staff import TITLES, Desk

pytestmark = pytest.mark.capability("I10")


async def test_a_filled_template_becomes_employees(desk: Desk) -> None:
    job = await desk.imported(
        workbook(
            TITLES,
            ("A001", "王小明", "票务部", "售票员", "13800138000", "Wang@Example.com", "在用"),
            ("A002", "李晓雨", None, None, None, None, "停用"),
        ),
        "all_or_nothing",
    )
    assert (job["status"], job["done"], job["total"], job["row_errors"]) == ("succeeded", 2, 2, 0), job
    assert job["counts"] == {"created": 2} and job["result_file_id"] is None
    first, second = await desk.staff()
    assert (first["number"], first["name"], first["department"], first["status"]) == (
        "A001",
        "王小明",
        "票务部",
        "active",
    )
    assert (first["phone"], first["email"]) == ("+86****8000", "w***@example.com")
    assert (second["status"], second["has_account"]) == ("disabled", False)
    shown = await desk.ok("GET", f"/employees/{first['id']}")
    assert (shown["phone"], shown["email"]) == ("+8613800138000", "wang@example.com")


async def test_valid_rows_only_and_a_file_of_the_others(desk: Desk) -> None:
    file = workbook(
        TITLES,
        ("A001", "王小明", None, None, "13800138000"),
        ("A002", None),
        ("A003", "赵强", None, None, "12345"),
        ("A001", "又一个王小明"),
        ("A004", "钱多多", None, None, None, "not an address", "在休假"),
    )
    job = await desk.imported(file)
    assert (job["status"], job["counts"], job["row_errors"], job["done"]) == ("succeeded", {"created": 1}, 4, 5), job
    assert await desk.row_errors(job) == {
        3: [("name", "missing")],
        4: [("phone", "invalid_phone")],
        5: [("number", "duplicate_row")],
        6: [("status", "unknown_choice"), ("email", "string_pattern_mismatch")],
    }
    result = await desk.download(job["result_file_id"])
    rows = rows_of(result.content)
    assert rows[0] == ["原行号", "错误原因", *TITLES]
    assert [row[0] for row in rows[1:]] == ["3", "4", "5", "6"]
    assert rows[2][1] == "手机号：手机号无效" and rows[2][6] == "12345"
    assert "第 2 行" in rows[3][1]

    # the result is mended in place and imported again
    mended = workbook(rows[0], [*rows[2][:6], "13800138003", *rows[2][7:]])
    again = await desk.imported(mended, "all_or_nothing")
    assert (again["status"], again["counts"]) == ("succeeded", {"created": 1}), again
    assert [row["number"] for row in await desk.staff()] == ["A001", "A003"]


async def test_all_or_nothing_imports_nothing(desk: Desk) -> None:
    job = await desk.imported(workbook(TITLES, ("A001", "王小明"), ("A002", None)), "all_or_nothing")
    assert (job["status"], job["error"]["code"], job["row_errors"]) == ("failed", "rows_refused", 1)
    assert job["error"]["detail"] == "有误的行数：1"
    assert await desk.staff() == []
    assert [row[0] for row in rows_of((await desk.download(job["result_file_id"])).content)] == ["原行号", "3"]


async def test_known_numbers_are_brought_up_to_date(desk: Desk) -> None:
    await desk.hire("A001", "王小明", department="票务部", phone="13800138000", email="wang@example.com")
    file = workbook(("姓名", "工号", "部门"), ("王大明", "A001", None), ("李晓雨", "A002", "客服部"))
    job = await desk.imported(file)
    assert job["counts"] == {"created": 1, "updated": 1}
    [known, _] = await desk.staff()
    shown = await desk.ok("GET", f"/employees/{known['id']}")
    assert (shown["name"], shown["department"], shown["phone"]) == ("王大明", None, "+8613800138000"), (
        "no column, no change"
    )
    assert shown["version"] == 2

    again = await desk.imported(file)
    assert again["counts"] == {"unchanged": 2}, "the same file twice"
    refused = await desk.imported(file, existing="refuse")
    assert (refused["counts"], refused["row_errors"]) == ({}, 2)
    assert await desk.row_errors(refused) == {row: [("number", "employee_number_taken")] for row in (2, 3)}


async def test_a_phone_of_another_employee_is_refused(desk: Desk) -> None:
    await desk.hire("A001", phone="13800138000")
    job = await desk.imported(workbook(TITLES, ("A002", "李晓雨", None, None, "+8613800138000"), ("A003", "赵强")))
    assert await desk.row_errors(job) == {2: [("phone", "employee_phone_taken")]}
    message = (await desk.ok("GET", f"/jobs/{job['id']}/row-errors"))["items"][0]["errors"][0]["message"]
    assert message == "工号 A001 的员工已使用该手机号"
    whole = await desk.imported(
        workbook(TITLES, ("A004", "钱多多"), ("A002", "李晓雨", None, None, "13800138000")), "all_or_nothing"
    )
    assert (whole["status"], whole["row_errors"]) == ("failed", 1)
    assert [row["number"] for row in await desk.staff()] == ["A001", "A003"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_text_files(desk: Desk, encoding: str, delimiter: str) -> None:
    file = text_file(
        TITLES, ("A001", "王小明", "票务部", "", "13800138000", "", ""), encoding=encoding, delimiter=delimiter
    )
    job = await desk.imported(file)
    assert (job["status"], job["counts"]) == ("succeeded", {"created": 1}), job
    assert [(row["name"], row["department"]) for row in await desk.staff()] == [("王小明", "票务部")]


async def test_words_follow_the_language_of_the_header(desk: Desk) -> None:
    file = text_file(("Number", "Name", "Phone", "Status"), ("A001", "", "12", "away"))
    job = await desk.imported(file)
    errors = (await desk.ok("GET", f"/jobs/{job['id']}/row-errors"))["items"][0]["errors"]
    assert [(error["column"], error["message"]) for error in errors] == [
        ("Status", "One of: active / disabled"),
        ("Name", "This is needed"),
        ("Phone", "This is not a valid phone number"),
    ]
    assert rows_of((await desk.download(job["result_file_id"])).content)[0] == [
        "Row",
        "What is wrong",
        "Number",
        "Name",
        "Phone",
        "Status",
    ]


async def test_a_title_above_the_header_and_empty_rows(desk: Desk) -> None:
    file = workbook(("黄山景区员工表",), (), ("姓名（必填）", " 工号 *"), (), ("王小明", "A001"), (), ("李晓雨", 1002))
    job = await desk.imported(file)
    assert (job["counts"], job["total"]) == ({"created": 2}, 2), job
    assert [row["number"] for row in await desk.staff()] == ["1002", "A001"]


async def test_a_program_imports_with_a_key_that_the_trail_names(
    desk: Desk, owner_connection: asyncpg.Connection
) -> None:
    scopes = ["staff:read", "staff:manage", "files:use", "jobs:read"]
    key = await desk.ok("POST", "/api-keys", json={"name": "人事系统", "scopes": scopes})
    program = replace(desk, who=replace(desk.who, access_token=key["secret"]))
    job = await program.imported(text_file(("工号", "姓名"), ("A001", "王小明")), "all_or_nothing")
    assert (job["status"], job["counts"]) == ("succeeded", {"created": 1})
    rows = await owner_connection.fetch(
        "SELECT api_key_id, user_id FROM audit_log WHERE action = 'staff.create_employee'"
    )
    assert [(str(row["api_key_id"]), row["user_id"]) for row in rows] == [(key["id"], desk.who.user_id)]
    await program.refused(403, "permission_denied", "GET", "/employees/export")
