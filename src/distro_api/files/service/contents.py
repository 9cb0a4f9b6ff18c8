"""What a file is, by looking into it, and the name it gets."""

import codecs
import re
import struct
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from distro_api.files.errors import UnsupportedFile

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
SUFFIX = {XLSX: ".xlsx", CSV: ".csv"}
ENCODINGS = ("utf-8-sig", "gb18030")
"""In which text may be; the first that fits is the one."""
MAX_NAME = 120
MAX_PARTS = 1000
MAX_TABLE_ROW = 512
"""Bytes that a part may take in the table of contents."""
MAX_UNPACKED = 100 * 1024 * 1024
"""Of an archive, as its own table says: what says so, is refused before anything is unpacked."""
_CHUNK = 64 * 1024
_WORKBOOK = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_NOT_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f-\x9f"*/:<>?\\|\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')


@dataclass(frozen=True, slots=True)
class Content:
    """A content type, and for text its encoding."""

    content_type: str
    encoding: str | None = None


def recognise(source: IO[bytes], allowed: Collection[str]) -> Content:
    """What `source` is; it must be one of `allowed` content types. Reads all of it: not for the event loop.

    Raises:
        UnsupportedFile
    """
    source.seek(0)
    content: Content | None
    if source.read(4) == b"PK\x03\x04":
        content = Content(XLSX) if _is_workbook(source) else None
    else:
        encoding = encoding_of(source)
        content = Content(CSV, encoding) if encoding else None
    if content is None or content.content_type not in allowed:
        raise UnsupportedFile(allowed=" ".join(sorted(SUFFIX[kind] for kind in allowed)))
    return content


def encoding_of(source: IO[bytes]) -> str | None:
    """The encoding in which all of it is text; None when it is no text, or empty."""
    return next((name for name in ENCODINGS if _is_text(source, name)), None)


def _is_text(source: IO[bytes], encoding: str) -> bool:
    source.seek(0)
    decoder, some = codecs.getincrementaldecoder(encoding)(), False
    try:
        while chunk := source.read(_CHUNK):
            if _NOT_IN_TEXT.search(decoder.decode(chunk)):
                return False
            some = True
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return some


def _is_workbook(source: IO[bytes]) -> bool:
    """An .xlsx without macros whose table of contents promises no more than we would unpack."""
    if not 0 < parts_told(source) <= MAX_PARTS:
        return False
    try:
        with zipfile.ZipFile(source) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
                return False
            if "xl/workbook.xml" not in archive.namelist() or archive.getinfo("[Content_Types].xml").file_size > _CHUNK:
                return False
            with archive.open("[Content_Types].xml") as types:
                return _WORKBOOK in types.read(_CHUNK)
    except BAD_ARCHIVE:
        return False


BAD_ARCHIVE = (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, EOFError, ValueError, OSError)
"""What zipfile raises for archives that are broken, encrypted or packed in ways of their own."""


def parts_told(source: IO[bytes]) -> int:
    """How many parts an archive has, by its end and without reading its table; 0 when the end is none of a plain archive.

    The table is not read where its size says that it holds more than that, nor where a ZIP64 end would overrule it.
    """
    source.seek(0, 2)
    size = source.tell()
    source.seek(max(0, size - 65_557))
    tail = source.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22 or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        return 0
    parts, table_size = struct.unpack_from("<HL", tail, at + 10)
    return int(parts) if table_size <= parts * MAX_TABLE_ROW else 0


def plain_name(given: str, content_type: str) -> str:
    """The file's own name as given, without folders or what misleads people, with the suffix of what it is."""
    name = _NOT_IN_NAMES.sub("", PurePosixPath(given.replace("\\", "/")).name).strip(". ")
    suffix = SUFFIX[content_type]
    stem = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return (stem[:MAX_NAME].strip() or "file") + suffix
