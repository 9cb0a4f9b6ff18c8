"""What stands between a workbook that somebody sent and the library that reads it.

The reader lays a sheet out as one block from its first cell to its last and copies a text for every cell that uses it:
two cells far apart, or a long text used often, would take gigabytes. So each part is unpacked once here, counted while
it is, looked through by a streaming parser, and copied; the reader gets the copy, which holds nothing else.
"""

import posixpath
import re
import zipfile
import zlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO
from xml.etree import ElementTree
from xml.parsers import expat

from distro_api.files.service.contents import BAD_ARCHIVE, MAX_PARTS, MAX_UNPACKED, parts_told
from distro_api.spreadsheets.errors import SpreadsheetTooLarge, UnreadableSpreadsheet

MAX_COLUMNS = 100
MAX_TEXT = 32 * 1024 * 1024
"""Characters in all cells together."""
SPARE_ROWS = 1000
"""Rows that may be empty, or titles, beside those with data."""
_CHUNK = 64 * 1024
_SPOOLED = 4 * 1024 * 1024
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_STRINGS = "xl/sharedstrings.xml"
Cells = Mapping[tuple[int, int], str]
"""(row, column) from 0 → the code of what is wrong there: `formula` or `cell_error`."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A workbook that is safe to read, and the cells of each sheet (by name) that must not be believed."""

    copy: IO[bytes]
    marked: Mapping[str, Cells]


@dataclass
class _Limits:
    rows: int
    unpacked: int = 0
    text: int = 0
    lengths: "array[int]" = field(default_factory=lambda: array("L"))
    """Of shared texts, by number."""

    def too_large(self) -> SpreadsheetTooLarge:
        return SpreadsheetTooLarge(rows=self.rows, columns=MAX_COLUMNS, bytes=MAX_UNPACKED)

    def unpack(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > MAX_UNPACKED:
            raise self.too_large()

    def write(self, size: int) -> None:
        self.text += size
        if self.text > MAX_TEXT:
            raise self.too_large()

    def reach(self, row: int, column: int) -> None:
        if row >= self.rows + SPARE_ROWS or column >= MAX_COLUMNS:
            raise self.too_large()


def check(source: IO[bytes], max_rows: int) -> Checked:
    """Look through a workbook; not for the event loop.

    Raises:
        UnreadableSpreadsheet, SpreadsheetTooLarge: said before anything is larger than it may be.
    """
    if not 0 < parts_told(source) <= MAX_PARTS:
        raise UnreadableSpreadsheet
    limits, marked = _Limits(max_rows), {}
    copy: IO[bytes] = SpooledTemporaryFile(max_size=_SPOOLED)  # noqa: SIM115 (the caller closes it)
    try:
        with (
            zipfile.ZipFile(source) as archive,
            zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out,
        ):
            for part in _parts(archive):
                scan = _Strings(limits) if part.filename.lower() == _STRINGS else _Cells(limits)
                with archive.open(part) as packed, out.open(part.filename, "w") as sink:
                    scan.feed(packed, sink)
                if isinstance(scan, _Cells) and scan.marked:
                    marked[part.filename] = scan.marked
        copy.seek(0)
        with zipfile.ZipFile(copy) as whole:
            sheets = dict(_sheets(whole))
    except (*BAD_ARCHIVE, zlib.error, expat.ExpatError, ElementTree.ParseError, UnicodeError, LookupError) as error:
        copy.close()
        raise UnreadableSpreadsheet from error
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return Checked(copy, {name: marked.get(part, {}) for name, part in sheets.items()})


def _parts(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """The parts that a reader may want, shared texts first."""
    parts = [part for part in archive.infolist() if part.filename.lower().endswith((".xml", ".rels"))]
    names = [part.filename.lower() for part in archive.infolist()]
    if len(set(names)) != len(names) or len(names) > MAX_PARTS:
        raise UnreadableSpreadsheet  # two readers might each take another one of two equal names
    return iter(sorted(parts, key=lambda part: part.filename.lower() != _STRINGS))


class _Scan:
    """A streaming look through one part."""

    def __init__(self, limits: _Limits) -> None:
        self.limits = limits
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse

    def feed(self, packed: IO[bytes], sink: IO[bytes]) -> None:
        while chunk := packed.read(_CHUNK):
            self.limits.unpack(len(chunk))
            self._parser.Parse(chunk, False)
            sink.write(chunk)
        self._parser.Parse(b"", True)

    def _refuse(self, *_: object) -> None:
        raise UnreadableSpreadsheet  # no workbook declares entities

    def _start(self, name: str, attributes: dict[str, str]) -> None: ...
    def _end(self, name: str) -> None: ...
    def _text(self, data: str) -> None: ...


class _Strings(_Scan):
    """How long each shared text is."""

    _length = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "si":
            self._length = 0

    def _end(self, name: str) -> None:
        if name.rpartition(":")[2] == "si":
            self.limits.lengths.append(self._length)

    def _text(self, data: str) -> None:
        self._length += len(data)


class _Cells(_Scan):
    """Where cells with content are, how much text they have, and which of them are formulas or errors."""

    def __init__(self, limits: _Limits) -> None:
        super().__init__(limits)
        self.marked: dict[tuple[int, int], str] = {}
        self._row = self._column = -1
        self._type = ""
        self._inside = False
        self._value: list[str] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._column += 1
                if reference := attributes.get("r"):
                    self._row, self._column = _position(reference)
                self._type = attributes.get("t", "")
            case "row":
                self._row, self._column = int(attributes.get("r", self._row + 2)) - 1, -1
            case "v" | "t":
                self._reach()
                self._inside, self._value = True, []
            case "f":
                self._reach()
                self._mark("formula")

    def _end(self, name: str) -> None:
        if self._inside and name.rpartition(":")[2] in ("v", "t"):
            self._inside = False
            if self._type == "s":
                self.limits.write(self.limits.lengths[int("".join(self._value))])
            elif self._type == "e":
                self._mark("cell_error")

    def _text(self, data: str) -> None:
        if self._inside:
            self.limits.write(len(data))
            if self._type == "s":
                self._value.append(data)

    def _reach(self) -> None:
        self.limits.reach(self._row, self._column)

    def _mark(self, code: str) -> None:
        self.marked.setdefault((self._row, self._column), code)


def _position(reference: str) -> tuple[int, int]:
    """`AB12` → (11, 27)."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise UnreadableSpreadsheet
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Name of each sheet and the part that holds it."""
    targets = {
        relation.get("Id", ""): relation.get("Target", "")
        for relation in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    for element in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if element.tag.rpartition("}")[2] == "sheet":
            relation = next((value for name, value in element.attrib.items() if name.endswith("}id")), "")
            target = targets.get(relation, "")
            yield element.get("name", ""), posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
