"""Write spreadsheets: exports, templates, results. No cell that is written ever becomes a formula."""

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import xlsxwriter

from distro_api.core.errors import Text
from distro_api.files.service import CSV
from distro_api.spreadsheets.service.sheet import Column, Sheet

FORMULA_SIGNS = "=+-@\t\r\n＝＋－＠"
"""What a program takes for the beginning of a formula, full-width forms included."""
MAX_CELL = 32_767
_SPOOLED = 1024 * 1024
_TEXT_ROWS = 20_000
"""Rows of a template in which phone and number columns are text, so that zeros and `+` stay."""
Value = str | int | None
_GUIDE = {
    "name": Text("填写说明", "Guide"),
    "column": Text("列", "Column"),
    "required": Text("必填", "Required"),
    "note": Text("说明", "What to write"),
    "example": Text("示例", "Example"),
    "choices": Text("可选值", "Choices"),
    "yes": Text("是", "yes"),
}


class Writer:
    """Writes a table row by row, most of it on disk; `finish` gives the file. Not for the event loop."""

    def __init__(self, content_type: str, name: str, titles: Sequence[str], widths: Sequence[int] = ()) -> None:
        self.file: IO[bytes] = SpooledTemporaryFile(max_size=_SPOOLED)  # noqa: SIM115 (given away, or closed)
        self._target = _CsvTarget(self.file) if content_type == CSV else _WorkbookTarget(self.file, name, widths)
        self._target.header(titles)

    def add(self, rows: Iterable[Sequence[Value]]) -> None:
        for row in rows:
            self._target.row(row)

    def finish(self) -> IO[bytes]:
        """The whole file, from its beginning; the caller closes it."""
        self._target.close()
        self.file.seek(0)
        return self.file

    def close(self) -> None:
        """Leave nothing behind, finished or not."""
        self._target.close()
        self.file.close()


class _CsvTarget:
    """UTF-8 with a mark at the beginning, without which spreadsheet programs in China read something else."""

    def __init__(self, file: IO[bytes]) -> None:
        file.write(codecs.BOM_UTF8)
        self._csv = csv.writer(_Utf8(file))

    def header(self, titles: Sequence[str]) -> None:
        self._csv.writerow(titles)

    def row(self, values: Sequence[Value]) -> None:
        self._csv.writerow([neutral(value) if isinstance(value, str) else value for value in values])

    def close(self) -> None:
        """Every row is written by itself."""


@dataclass(frozen=True, slots=True)
class _Utf8:
    """What `csv` writes to."""

    file: IO[bytes]

    def write(self, line: str) -> int:
        return self.file.write(line.encode())


class _WorkbookTarget:
    def __init__(self, file: IO[bytes], name: str, widths: Sequence[int]) -> None:
        self._book = _book(file)
        self._sheet = self._book.add_worksheet(name)
        for index, width in enumerate(widths):
            self._sheet.set_column(index, index, width)
        self._bold = self._book.add_format({"bold": True, "num_format": "@"})
        self._text = self._book.add_format({"num_format": "@", "quote_prefix": True})
        self._sheet.freeze_panes(1, 0)
        self._next = 0

    def header(self, titles: Sequence[str]) -> None:
        for index, title in enumerate(titles):
            self._sheet.write_string(0, index, title, self._bold)
        self._next = 1

    def row(self, values: Sequence[Value]) -> None:
        for index, value in enumerate(values):
            if isinstance(value, str) and value:
                self._sheet.write_string(self._next, index, value[:MAX_CELL], self._text)
            elif isinstance(value, int):
                self._sheet.write_number(self._next, index, value)
        self._next += 1

    def close(self) -> None:
        if not self._book.fileclosed:
            self._book.close()


def neutral(value: str) -> str:
    """Text that no program takes for a formula; reading takes the apostrophe away again."""
    return "'" + value if value[:1] in FORMULA_SIGNS and value else value


def template(sheet: Sheet[Any], language: str, lists: Mapping[str, Sequence[str]]) -> bytes:
    """A workbook to fill in: titles, lists to choose from, and a second sheet that says what to write, with an example.

    Args:
        lists: by field, what is suggested beside the fixed choices of a column; other values are taken too.
    """
    made = io.BytesIO()
    book = _book(made)
    text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "num_format": "@"})
    needed = book.add_format({"bold": True, "num_format": "@", "font_color": "#C00000"})
    page = book.add_worksheet(sheet.name.of(language))
    page.freeze_panes(1, 0)
    for index, column in enumerate(sheet.columns):
        page.set_column(index, index, column.width, text)
        page.write_string(0, index, column.title.of(language), needed if column.required else bold)
    _write_guide(book, sheet, language)
    _add_lists(book, page, sheet, language, lists)
    book.close()
    return made.getvalue()


def _write_guide(book: xlsxwriter.Workbook, sheet: Sheet[Any], language: str) -> None:
    bold = book.add_format({"bold": True})
    text = book.add_format({"num_format": "@", "quote_prefix": True, "text_wrap": True, "valign": "top"})
    guide = book.add_worksheet(_GUIDE["name"].of(language))
    for index, (title, width) in enumerate(
        (("column", 16), ("required", 10), ("note", 60), ("example", 24), ("choices", 24))
    ):
        guide.set_column(index, index, width)
        guide.write_string(0, index, _GUIDE[title].of(language), bold)
    for number, column in enumerate(sheet.columns, 1):
        cells = (
            column.title.of(language),
            _GUIDE["yes"].of(language) if column.required else "",
            column.note.of(language),
            column.example.of(language),
            _joined(column, language),
        )
        for index, cell in enumerate(cells):
            guide.write_string(number, index, cell, text)


def _add_lists(
    book: xlsxwriter.Workbook, page: Any, sheet: Sheet[Any], language: str, lists: Mapping[str, Sequence[str]]
) -> None:
    """Lists to choose from, on a hidden sheet: what stands in the rule itself may only have 255 characters."""
    hidden = book.add_worksheet("lists")
    hidden.hide()
    for index, column in enumerate(sheet.columns):
        choices = [told.of(language) for told in column.choices.values()] or list(lists.get(column.field, ()))
        if not choices:
            continue
        for number, choice in enumerate(choices):
            hidden.write_string(number, index, choice)
        letter = xlsxwriter.utility.xl_col_to_name(index, col_abs=True)
        rule = {
            "validate": "list",
            "source": f"=lists!{letter}$1:{letter}${len(choices)}",
            "error_type": "stop" if column.choices else "information",
        }
        page.data_validation(1, index, _TEXT_ROWS, index, rule)


def _joined(column: Column, language: str) -> str:
    return " / ".join(told.of(language) for told in column.choices.values())


def _book(file: IO[bytes]) -> xlsxwriter.Workbook:
    """A workbook that keeps one row in memory and takes text for nothing but text."""
    options = {
        "constant_memory": not isinstance(file, io.BytesIO),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    return xlsxwriter.Workbook(file, options)
