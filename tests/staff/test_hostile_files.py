"""Spreadsheets that are broken, enormous, or meant to do harm: the job fails with a reason, in little memory and time."""

import io
import resource
import time
import zipfile
from typing import Any

import pytest

from make.spreadsheets import formulas_in, parts, rows_of, sheet_xml, text_file, workbook
from make.staff import TITLES, Desk

pytestmark = pytest.mark.capability("I10")
HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>工号</t></is></c><c r="B1" t="inlineStr"><is><t>姓名</t></is></c></row>'
)
GOOD = '<row r="2"><c r="A2" t="inlineStr"><is><t>A001</t></is></c><c r="B2" t="inlineStr"><is><t>王小明</t></is></c></row>'
FORMULAS = (
    "=1+1",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    '=HYPERLINK("http://x","y")',
)


def with_cells(cells: str, strings: str | None = None) -> bytes:
    """A workbook whose sheet has these rows."""
    more = {"xl/sharedStrings.xml": strings.encode()} if strings else {}
    return parts(workbook(TITLES), sheet=sheet_xml(cells), **more)


def understated(content: bytes, name: str, size: int) -> bytes:
    """The archive with a part that says in both of its tables that it is only so large."""
    raw = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        local = archive.getinfo(name).header_offset
    central = raw.rfind(b"PK\x01\x02", 0, raw.rfind(name.encode()))
    raw[local + 22 : local + 26] = raw[central + 24 : central + 28] = size.to_bytes(4, "little")
    return bytes(raw)


SHARED = (
    '<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
    + "x" * 30_000
    + "</t></si></sst>"
)
HOSTILE: dict[str, tuple[bytes, str]] = {
    "two cells a million columns apart": (
        with_cells(HEADER + '<row r="2"><c r="XFD2"><v>1</v></c></row>'),
        "spreadsheet_too_large",
    ),
    "two cells a million rows apart": (
        with_cells(HEADER + '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
        "spreadsheet_too_large",
    ),
    "a column that is none": (
        with_cells(HEADER + '<row r="2"><c r="AAAAAAAA2"><v>1</v></c></row>'),
        "unreadable_spreadsheet",
    ),
    "a long text used a hundred thousand times": (
        with_cells(
            HEADER + "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 5000)), SHARED
        ),
        "spreadsheet_too_large",
    ),
    "a text that is not there": (
        with_cells(HEADER + '<row r="2"><c r="A2" t="s"><v>7</v></c></row>'),
        "unreadable_spreadsheet",
    ),
    "entities": (
        parts(
            workbook(TITLES),
            sheet=b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        ),
        "unreadable_spreadsheet",
    ),
    "a file of the server": (
        parts(
            workbook(TITLES),
            sheet=b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        ),
        "unreadable_spreadsheet",
    ),
    "a part that is larger than it says": (
        understated(parts(workbook(TITLES), sheet=sheet_xml(" " * 120_000_000)), "xl/worksheets/sheet1.xml", 1000),
        "unreadable_spreadsheet",
    ),
    "broken xml": (parts(workbook(TITLES), sheet=b"<worksheet><sheetData>"), "unreadable_spreadsheet"),
    "no sheet": (parts(workbook(TITLES), sheet=None), "unreadable_spreadsheet"),
    "a broken archive": (
        workbook(TITLES, ("A001", "王小明"))[:-200] + workbook(TITLES)[-200:],
        "unreadable_spreadsheet",
    ),
    "a title only": (workbook(TITLES), "spreadsheet_empty"),
    "nothing": (workbook(), "columns_missing"),
    "no header": (workbook(("A001", "王小明")), "columns_missing"),
    "a column too many": (workbook((*TITLES, "工资"), ("A001", "王小明")), "columns_unknown"),
    "a column twice": (workbook(("工号", "姓名", "姓名"), ("A001", "王小明", "李晓雨")), "columns_unknown"),
    "ten thousand and one rows": (
        text_file(("工号", "姓名"), *((f"A{n}", "王小明") for n in range(10_001))),
        "spreadsheet_too_large",
    ),
    "a million columns": (text_file(("工号", "姓名"), ["x"] * 1_000_000), "spreadsheet_too_large"),
    "a quote that never ends": (
        b'\xe5\xb7\xa5\xe5\x8f\xb7,\xe5\xa7\x93\xe5\x90\x8d\nA001,"' + b"x" * 1_000_000,
        "unreadable_spreadsheet",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("mode", ["valid_only", "all_or_nothing"])
async def test_it_fails_with_a_reason_in_little_memory_and_time(desk: Desk, name: str, mode: str) -> None:
    content, code = HOSTILE[name]
    uploaded = await desk.upload(content)
    if uploaded.status_code == 422:
        assert uploaded.json()["code"] == "unsupported_file" and name == "a broken archive"
        return
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    job = await desk.imported(content, mode)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    assert (job["status"], job["error"] and job["error"]["code"]) == ("failed", code), job
    assert time.monotonic() - started < 10 and grown < 150, f"{grown} MB"
    assert await desk.staff() == []


async def test_cells_that_are_not_what_they_seem(desk: Desk) -> None:
    def draw(book: Any, sheet: Any) -> None:
        sheet.write_formula(1, 1, '="王"&"小明"', "", "王小明")
        sheet.write_formula(2, 0, "=1/0", "", "#DIV/0!")
        sheet.write(2, 1, "李晓雨")
        for row, number in ((3, "A003"), (4, "A004")):
            sheet.write(row, 0, number)
            sheet.write(row, 1, "赵强")
        sheet.merge_range(3, 2, 4, 2, "票务部")

    file = workbook(TITLES, ("A001",), (), (), (), ("A005", "钱多多"), draw=draw)
    job = await desk.imported(file)
    assert await desk.row_errors(job) == {
        2: [("name", "formula")],
        3: [("number", "formula"), ("number", "formula")][:1],
        4: [("department", "merged_cell")],
        5: [("department", "merged_cell")],
    }
    assert [row["number"] for row in await desk.staff()] == ["A005"]


async def test_huge_cells_and_control_characters(desk: Desk) -> None:
    def draw(book: Any, sheet: Any) -> None:
        sheet.write_string(3, 1, "王\x01明")

    job = await desk.imported(workbook(TITLES, ("A001", "x" * 32_000), ("A" * 33, "李晓雨"), ("A003",), draw=draw))
    errors = await desk.row_errors(job)
    assert errors[2] == [("name", "string_too_long")] and errors[3] == [("number", "string_too_long")]
    assert await desk.staff() == [] and job["row_errors"] == 3
    assert rows_of((await desk.download(job["result_file_id"])).content)[1][0] == "2"


@pytest.mark.parametrize("form", ["xlsx", "csv"])
async def test_no_export_brings_a_formula(desk: Desk, form: str) -> None:
    """Names that are formulas for a spreadsheet program are text in what we write, and come back as they were."""
    kept = [text for text in FORMULAS if text.strip() == text and "\r" not in text]
    for number, text in enumerate(kept):
        await desk.hire(f"A{number}", text, department=text, phone=f"+8613800138{number:03d}")
    await desk.hire("+1", "-")
    answer = await desk.send("GET", f"/employees/export?format={form}")
    rows = rows_of(answer.content)
    if form == "xlsx":
        assert formulas_in(answer.content) == 0
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert b"quotePrefix" in archive.read("xl/styles.xml"), "editing the cell does not wake it up"
            assert b"hyperlink" not in archive.read("xl/worksheets/sheet1.xml")
    else:
        cells = [cell for row in rows for cell in row]
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r＝＋－＠") and cell]
    before = await desk.staff()
    again = await desk.imported(answer.content, "all_or_nothing")
    assert (again["status"], again["counts"]) == ("succeeded", {"unchanged": len(kept) + 1}), await desk.row_errors(
        again
    )
    assert await desk.staff() == before


async def test_text_files_are_not_trusted_to_be_harmless(desk: Desk) -> None:
    file = text_file(
        ("工号", "姓名", "手机号"),
        ('="007"', "王小明", "+86 138 0013 8000"),
        ("A002", "=1+1", ""),
        ("A003", "+cmd|' /C calc'!A0", ""),
        ("A004", "'=1+1", "'+8613800138004"),
        ("A005", "@SUM(A1)", ""),
        ("-6", "李晓雨", "\t13800138006"),
    )
    job = await desk.imported(file)
    assert await desk.row_errors(job) == {row: [("name", "formula")] for row in (3, 4, 6)}
    found = {row["number"]: row["name"] for row in await desk.staff()}
    assert found == {"007": "王小明", "A004": "=1+1", "-6": "李晓雨"}
    result = (await desk.download(job["result_file_id"])).content
    assert [row[3] for row in rows_of(result)[1:]] == ["'=1+1", "'+cmd|' /C calc'!A0", "'@SUM(A1)"]
