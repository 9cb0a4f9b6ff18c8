"""Read a spreadsheet row by row: find its header, map it to fields, validate each row.

Cells come as text, whatever the file: dates in ISO form, numbers as people write them. What looks like a formula in a
text file is one for the program that opens it, and is refused as in a workbook.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import IO, Any, Generic

from pydantic import ValidationError
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from distro_api.core.http import error_items
from distro_api.files.service.contents import CSV, MAX_UNPACKED, encoding_of
from distro_api.spreadsheets.errors import (
    ColumnsMissing,
    ColumnsUnknown,
    SpreadsheetTooLarge,
    UnreadableSpreadsheet,
)
from distro_api.spreadsheets.service.guard import MAX_COLUMNS, Cells, check
from distro_api.spreadsheets.service.sheet import Column, Row, RowT, Sheet, cell_error, plain

HEADER_WITHIN = 10
"""Rows in which the header may be: people put titles above it."""
MAX_CELL = 32_767
"""Characters, as spreadsheet programs allow."""
DELIMITERS = ",;\t"
_PROTECTED = re.compile(r"'(?=[=+\-@\t\r\n＝＋－＠])")
_QUOTED = re.compile(r'="((?:[^"]|"")*)"')
_NUMBER = re.compile(r"[+-][0-9][0-9 .,()/-]*%?")


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it stands: its number as people count, texts by column, and what is wrong with single cells."""

    number: int
    cells: Sequence[str]
    marked: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that can't be taken, and why."""

    number: int
    errors: Sequence[Mapping[str, str | None]]


class Table(Generic[RowT]):
    """An open spreadsheet whose header is understood. Not for the event loop; close it."""

    def __init__(self, sheet: Sheet[RowT], source: "_Source", header: RawRow, preferred: str) -> None:
        self.sheet, self._source, self.header = sheet, source, header
        self.language = _language(sheet, header, preferred)
        self._columns = _columns(sheet, header, self.language)

    def raw_rows(self) -> Iterator[RawRow]:
        """Every row below the header that is not empty, from the beginning at each call.

        Raises:
            SpreadsheetTooLarge, UnreadableSpreadsheet
        """
        seen = 0
        for row in self._source.rows():
            if row.number <= self.header.number or not (any(row.cells) or row.marked):
                continue
            seen += 1
            if seen > self.sheet.max_rows:
                raise _too_large(self.sheet)
            yield row

    def validated(self, raw: RawRow) -> Row[RowT] | Refused:
        """The row as its model, or all that is wrong with it."""
        values: dict[str, str] = {}
        wrong: list[Mapping[str, str | None]] = []
        for index, column in self._columns.items():
            written = raw.cells[index] if index < len(raw.cells) else ""
            if code := raw.marked.get(index):
                wrong.append(cell_error(self.sheet, self.language, column.field, code))
            elif written and column.choices:
                if (choice := column.choice(written)) is None:
                    wrong.append(self._unknown_choice(column))
                else:
                    values[column.field] = choice
            elif written:
                values[column.field] = written
        try:
            value = self.sheet.model.model_validate(values)
        except ValidationError as error:
            known = {entry["field"] for entry in wrong}
            wrong += [found for found in self._told(error) if found["field"] not in known]
        if wrong:
            return Refused(raw.number, wrong)
        return Row(raw.number, value, frozenset(column.field for column in self._columns.values()))

    def _told(self, error: ValidationError) -> Iterator[Mapping[str, str | None]]:
        for item in error_items(error.errors(include_url=False, include_input=False), self.language):
            name = str(item["loc"][0]) if item["loc"] else None
            told = None if item["code"] == "missing" else _one_language(item["message"], self.language)
            yield cell_error(self.sheet, self.language, name, item["code"], told)

    def _unknown_choice(self, column: Column) -> Mapping[str, str | None]:
        choices = " / ".join(told.of(self.language) for told in column.choices.values())
        return cell_error(self.sheet, self.language, column.field, "unknown_choice", choices=choices)

    def close(self) -> None:
        self._source.close()


def open_table(source: IO[bytes], content_type: str, sheet: Sheet[RowT], preferred_language: str) -> Table[RowT]:
    """Open an uploaded spreadsheet; not for the event loop.

    Args:
        preferred_language: of its errors, when its header is in both languages.

    Raises:
        UnreadableSpreadsheet, SpreadsheetTooLarge, ColumnsMissing, ColumnsUnknown
    """
    opened: _Source = _Csv(source, sheet) if content_type == CSV else _Workbook(source, sheet)
    try:
        return Table(sheet, opened, _header(sheet, opened, preferred_language), preferred_language)
    except BaseException:
        opened.close()
        raise


class _Source:
    """Rows of a file, readable again and again."""

    def rows(self) -> Iterator[RawRow]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class _Workbook(_Source):
    """The first visible sheet of an .xlsx."""

    def __init__(self, source: IO[bytes], sheet: Sheet[Any]) -> None:
        checked = check(source, sheet.max_rows)
        try:
            with CalamineWorkbook.from_filelike(checked.copy) as book:
                visible = [found.name for found in book.sheets_metadata if found.visible is SheetVisibleEnum.Visible]
                self._sheet = book.get_sheet_by_name(visible[0])
        except (CalamineError, IndexError) as error:
            raise UnreadableSpreadsheet from error
        finally:
            checked.copy.close()
        self._marked = _by_row(checked.marked.get(self._sheet.name, {}), self._sheet.merged_cell_ranges or ())
        self._first_column = self._sheet.start[1] if self._sheet.start else 0

    def rows(self) -> Iterator[RawRow]:
        padding = [""] * self._first_column
        number = 0
        for number, values in enumerate(self._sheet.iter_rows(), 1):
            marked = self._marked.get(number - 1, {})
            yield RawRow(number, padding + [_text(value) for value in values], marked)

    def close(self) -> None:
        """Nothing is open any more."""


def _by_row(
    marked: Cells, merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]
) -> Mapping[int, Mapping[int, str]]:
    """Row → column → what is wrong; of merged cells each is, for it is not known what they were meant to say."""
    found: dict[int, dict[int, str]] = {}
    for (row, column), code in marked.items():
        found.setdefault(row, {})[column] = code
    budget = 100_000
    for (top, left), (bottom, right) in merged:
        for row in range(top, bottom + 1):
            for column in range(left, min(right, MAX_COLUMNS) + 1):
                if (budget := budget - 1) < 0:
                    raise UnreadableSpreadsheet
                found.setdefault(row, {}).setdefault(column, "merged_cell")
    return found


class _Csv(_Source):
    """Text with commas, semicolons or tabs, in any of the known encodings."""

    def __init__(self, source: IO[bytes], sheet: Sheet[Any]) -> None:
        self._file, self._sheet = source, sheet
        if (encoding := encoding_of(source)) is None:
            raise UnreadableSpreadsheet
        self._encoding = encoding
        source.seek(0)
        head = source.read(4096).decode(encoding, "ignore").lstrip()
        line = head.splitlines()[0] if head else ""
        self._delimiter = max(DELIMITERS, key=line.count)

    def rows(self) -> Iterator[RawRow]:
        self._file.seek(0)
        text = io.TextIOWrapper(self._file, self._encoding, newline="")
        try:
            for number, cells in enumerate(csv.reader(text, delimiter=self._delimiter, strict=True), 1):
                if len(cells) > MAX_COLUMNS or number > self._sheet.max_rows * 2 + HEADER_WITHIN:
                    raise _too_large(self._sheet)
                read = [_of_text_file(cell) for cell in cells]
                marked = {index: code for index, (_, code) in enumerate(read) if code}
                yield RawRow(number, [cell for cell, _ in read], marked)
        except (csv.Error, UnicodeDecodeError) as error:
            raise UnreadableSpreadsheet from error
        finally:
            if not self._file.closed:  # a generator that was left alone ends later than the job
                text.detach()

    def close(self) -> None:
        """The file is the caller's."""


def _of_text_file(cell: str) -> tuple[str, str | None]:
    """A cell of a text file, and what is wrong with it.

    Programs write `="007"` to keep zeros and `'+86…` against formulas: both are the text inside. A number with its sign
    is no formula.
    """
    cell = cell.strip()
    if quoted := _QUOTED.fullmatch(cell):
        return quoted[1].replace('""', '"').strip(), None
    if _PROTECTED.match(cell):
        return cell[1:].strip(), None
    if cell[:1] in ("=", "@") or (cell[:1] in ("+", "-") and len(cell) > 1 and not _NUMBER.fullmatch(cell)):
        return cell, "formula"
    return cell, None


def _text(value: object) -> str:
    """A workbook's cell as people would have written it."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
        case datetime() if value.time() == time(0):
            return value.date().isoformat()
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return str(value).strip()


def _header(sheet: Sheet[Any], source: _Source, language: str) -> RawRow:
    """The first row that has every column that is needed.

    Raises:
        ColumnsMissing: with what the best of the first rows lacks.
    """
    needed = {column.field for column in sheet.columns if column.required}
    lacking = needed
    for row in source.rows():
        if row.number > HEADER_WITHIN:
            break
        found = {known[0].field for cell in row.cells if (known := sheet.titles.get(plain(cell))) and known[0]}
        if needed <= found:
            return row
        lacking = min(lacking, needed - found, key=len)
    missing = [column.title.of(language) for column in sheet.columns if column.field in lacking]
    raise ColumnsMissing(missing="、".join(missing) if language == "zh" else ", ".join(missing))


def _language(sheet: Sheet[Any], header: RawRow, preferred: str) -> str:
    """In which language most titles are; the preferred one when that is even."""
    votes = [language for cell in header.cells if (known := sheet.titles.get(plain(cell))) for language in known[1]]
    zh, en = votes.count("zh"), votes.count("en")
    return preferred if zh == en else ("zh" if zh > en else "en")


def _columns(sheet: Sheet[Any], header: RawRow, language: str) -> Mapping[int, Column]:
    """Where each field stands.

    Raises:
        ColumnsUnknown
    """
    found: dict[int, Column] = {}
    unknown = []
    for index, cell in enumerate(header.cells):
        if not plain(cell):
            continue
        known = sheet.titles.get(plain(cell))
        if known is None or known[0] in found.values():
            unknown.append(cell[:50])
        elif known[0] is not None:
            found[index] = known[0]
    if unknown:
        raise ColumnsUnknown(unknown="、".join(unknown[:20]) if language == "zh" else ", ".join(unknown[:20]))
    return found


def _one_language(message: str, language: str) -> str:
    """Messages of validators say everything twice: 中文 / English."""
    zh, both, en = message.partition(" / ")
    return message if not both else (zh if language == "zh" else en)


def _too_large(sheet: Sheet[Any]) -> SpreadsheetTooLarge:
    return SpreadsheetTooLarge(rows=sheet.max_rows, columns=MAX_COLUMNS, bytes=MAX_UNPACKED)
