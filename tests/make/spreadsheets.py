"""Spreadsheets as people make them, and as nobody should."""

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import xlsxwriter
from python_calamine import CalamineWorkbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET = "xl/worksheets/sheet1.xml"


def workbook(*rows: Sequence[Any], draw: Callable[[Any, Any], None] | None = None) -> bytes:
    """An .xlsx of these rows; `draw(book, sheet)` adds what is unusual."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"strings_to_formulas": False, "strings_to_numbers": False})
    sheet = book.add_worksheet("员工")
    for number, row in enumerate(rows):
        for index, value in enumerate(row):
            if value is not None:
                sheet.write(number, index, value)
    if draw is not None:
        draw(book, sheet)
    book.close()
    return made.getvalue()


def text_file(*rows: Sequence[str], encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    """A .csv of these rows."""
    made = io.StringIO()
    csv.writer(made, delimiter=delimiter).writerows(rows)
    return made.getvalue().encode(encoding)


def parts(workbook: bytes, **changed: bytes | None) -> bytes:
    """The workbook with parts of it replaced, added, or (None) left out; `sheet` is its first sheet."""
    names = {name.replace("/", "__"): name for name in ("[Content_Types].xml", "xl/workbook.xml", SHEET)}
    given = {names.get(name, SHEET if name == "sheet" else name): content for name, content in changed.items()}
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = given.pop(name, old.read(name)) if name in given else old.read(name)
            if content is not None:
                new.writestr(name, content)
        for name, content in given.items():
            if content is not None:
                new.writestr(name, content)
    return made.getvalue()


def sheet_xml(cells: str) -> bytes:
    """A sheet's part around its rows."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'.encode()


def rows_of(content: bytes) -> list[list[str]]:
    """What a person sees in a file that we made: .xlsx or .csv."""
    if content.startswith(b"PK"):
        read = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        return [[_shown(cell) for cell in row] for row in read.iter_rows()]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def formulas_in(content: bytes) -> int:
    """How many cells of a workbook are formulas."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sum(
            archive.read(name).count(b"<f>") + archive.read(name).count(b"<f ")
            for name in archive.namelist()
            if name.startswith("xl/worksheets/")
        )


def _shown(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
