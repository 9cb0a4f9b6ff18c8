"""Import a spreadsheet as a job: look at every row first, then write, then tell row by row what was refused.

All or nothing is one transaction, which ends the job too. Valid rows only are written chunk by chunk, each chunk
committing how far the job is: a worker that dies leaves nothing half done, and the next one begins where it stopped.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import DomainError, Text
from distro_api.files import service as files
from distro_api.files.errors import FileGone
from distro_api.files.models import File, Purpose
from distro_api.files.queries import stored
from distro_api.files.service import Draft, Storage
from distro_api.jobs.service import JobKind, Work
from distro_api.jobs.service.long_work import RowError
from distro_api.spreadsheets.errors import RowsRefused, SpreadsheetEmpty
from distro_api.spreadsheets.schemas import Existing, ImportPayload, Mode
from distro_api.spreadsheets.service.reading import RawRow, Refused, Table, open_table
from distro_api.spreadsheets.service.sheet import (
    REASON_TITLE,
    ROW_TITLE,
    Row,
    RowT,
    Sheet,
    cell_error,
)
from distro_api.spreadsheets.service.writing import Value, Writer

CHUNK = 500
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a chunk: how many were created, updated, unchanged; and rows that the tables refuse."""

    counts: Mapping[str, int] = field(default_factory=dict)
    refused: Sequence[Refused] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer(Generic[RowT]):
    """How a room imports a sheet.

    `keys` gives what may stand in one row of a file only, by field. `apply` writes rows in the session's transaction; a
    row that the tables do not take is answered as refused, never raised, and leaves no trace. It sees every tenant and must
    keep to `work.organization_id`.
    """

    kind: str
    sheet: Sheet[RowT]
    keys: Callable[[RowT], Mapping[str, Hashable | None]]
    apply: Callable[[AsyncSession, Work, "Wording", Sequence[Row[RowT]], Existing], Awaitable[Applied]]
    file_name: Text

    def job(self, storage: Storage) -> JobKind[ImportPayload]:
        """The kind of job that does it."""

        async def run(work: Work, payload: ImportPayload) -> None:
            await _Run(self, work, payload, storage).do()

        return JobKind(self.kind, ImportPayload, run)


@dataclass(frozen=True, slots=True)
class Wording:
    """Puts what is wrong with a row into the words of its file."""

    sheet: Sheet[Any]
    language: str

    def refused(self, row: Row[Any], name: str | None, error: DomainError) -> Refused:
        """A row that a rule of the room refuses, because of one field."""
        problem = error.problem(self.language)
        told = problem.get("detail") or problem["title"]
        return Refused(row.number, [cell_error(self.sheet, self.language, name, error.code, told)])


class _Run(Generic[RowT]):
    """One attempt at an import."""

    def __init__(self, importer: Importer[RowT], work: Work, payload: ImportPayload, storage: Storage) -> None:
        self._importer, self._work, self._payload, self._storage = importer, work, payload, storage
        self._content_type = ""

    async def do(self) -> None:
        source = await self._fetch()
        try:
            table = await asyncio.to_thread(
                open_table, source, self._content_type, self._importer.sheet, self._work.language
            )
            try:
                await self._import(table)
            finally:
                table.close()
        finally:
            source.close()

    async def _fetch(self) -> IO[bytes]:
        async with self._work.sessions() as session:
            file: File | None = await stored(session, self._work.organization_id, self._payload.file_id)
        if file is None:
            raise FileGone
        self._content_type = file.content_type
        return await self._storage.fetch(file.key)

    async def _import(self, table: Table[RowT]) -> None:
        refused = await self._check(table)
        if self._payload.mode is Mode.VALID_ONLY:
            await self._write_valid(table, refused)
        elif refused or not await self._write_all(table):
            await self._refuse(table)

    async def _check(self, table: Table[RowT]) -> frozenset[int]:
        """Look at every row and keep what is wrong; the numbers of the rows that are refused."""
        checking = _Checking(self._importer, table)
        refused: set[int] = set()
        async for chunk in _Chunks(table.raw_rows()):
            wrong = await asyncio.to_thread(checking.wrong_in, chunk)
            refused.update(row.number for row in wrong)
            async with self._work.sessions.begin() as session:
                await self._work.report(session, [RowError(row.number, row.errors) for row in wrong])
            await self._work.advance()
        if not checking.rows:
            raise SpreadsheetEmpty
        await self._work.advance(total=checking.rows)
        return frozenset(refused)

    async def _write_valid(self, table: Table[RowT], refused: frozenset[int]) -> None:
        counts = Counter(self._work.counts)
        done = 0
        async for chunk in _Chunks(table.raw_rows()):
            done += len(chunk)
            if chunk[-1].number <= self._work.position:
                continue  # committed by an earlier attempt, which made the same chunks
            rows = await asyncio.to_thread(_valid, table, chunk, refused)
            async with self._work.sessions.begin() as session:
                applied = await self._apply(session, table, rows)
                counts.update(applied.counts)
                await self._work.report(session, [RowError(row.number, row.errors) for row in applied.refused])
                await self._work.checkpoint(session, done=done, position=chunk[-1].number, counts=counts)
        draft = await self._write_result(table)
        async with self._work.sessions.begin() as session:
            await self._work.finish(session, counts=counts, result_file_id=await self._kept(session, draft))

    async def _write_all(self, table: Table[RowT]) -> bool:
        """Write every row and end the job in one transaction; False when the tables refuse some: nothing is written."""
        counts: Counter[str] = Counter()
        refused: list[Refused] = []
        done = 0
        async with self._work.sessions() as session, session.begin() as transaction:
            async for chunk in _Chunks(table.raw_rows()):
                rows = await asyncio.to_thread(_valid, table, chunk, frozenset[int]())
                applied = await self._apply(session, table, rows)
                counts.update(applied.counts)
                refused += applied.refused
                done += len(chunk)
                await self._work.advance(done=done)
            if not refused:
                await self._work.finish(session, counts=counts)
                return True
            await transaction.rollback()
        async with self._work.sessions.begin() as session:
            await self._work.report(session, [RowError(row.number, row.errors) for row in refused])
        return False

    async def _refuse(self, table: Table[RowT]) -> None:
        draft = await self._write_result(table)
        assert draft is not None
        async with self._work.sessions.begin() as session:
            kept = await self._kept(session, draft)
            error = RowsRefused(rows=await self._work.refused(session))
            await self._work.finish(session, counts={}, result_file_id=kept, error=error)

    async def _apply(self, session: AsyncSession, table: Table[RowT], rows: Sequence[Row[RowT]]) -> Applied:
        if not rows:
            return Applied()
        wording = Wording(self._importer.sheet, table.language)
        return await self._importer.apply(session, self._work, wording, rows, self._payload.existing)

    async def _write_result(self, table: Table[RowT]) -> Draft | None:
        """A file of the refused rows as they were, with number and reasons; None when there are none."""
        titles = [title.of(table.language) for title in (ROW_TITLE, REASON_TITLE)]
        header = [(index, cell) for index, cell in enumerate(table.header.cells) if cell and cell not in titles]
        name = self._importer.file_name.of(table.language)
        columns = [cell for _, cell in header]
        writer = await asyncio.to_thread(
            Writer, self._content_type, name, [*titles, *columns], (8, 40, *[16] * len(columns))
        )
        written = 0
        try:
            async for chunk in _Chunks(table.raw_rows()):
                async with self._work.sessions() as session:
                    reasons = await self._work.row_errors(session, chunk[0].number, chunk[-1].number)
                rows: list[Sequence[Value]] = [
                    (row.number, _reason(reasons[row.number]), *(_cell(row, index) for index, _ in header))
                    for row in chunk
                    if row.number in reasons
                ]
                await asyncio.to_thread(writer.add, rows)
                written += len(rows)
            if not written:
                return None
            source = await asyncio.to_thread(writer.finish)
            return await files.write(
                self._work.sessions,
                self._storage,
                organization_id=self._work.organization_id,
                user_id=self._work.user_id,
                purpose=Purpose.RESULT,
                name=name + files.SUFFIX[self._content_type],
                content_type=self._content_type,
                source=source,
            )
        finally:
            writer.close()

    async def _kept(self, session: AsyncSession, draft: Draft | None) -> Any:
        return None if draft is None else (await files.keep(session, self._work.actor, draft)).id


class _Checking(Generic[RowT]):
    """Validates rows and remembers what may stand in one of them only."""

    def __init__(self, importer: Importer[RowT], table: Table[RowT]) -> None:
        self._importer, self._table = importer, table
        self._seen: dict[tuple[str, Hashable], int] = {}
        self.rows = 0

    def wrong_in(self, chunk: Sequence[RawRow]) -> list[Refused]:
        self.rows += len(chunk)
        return [wrong for raw in chunk if (wrong := self._wrong(raw)) is not None]

    def _wrong(self, raw: RawRow) -> Refused | None:
        row = self._table.validated(raw)
        if isinstance(row, Refused):
            return row
        keys = {name: key for name, key in self._importer.keys(row.value).items() if key is not None}
        errors = [
            cell_error(self._importer.sheet, self._table.language, name, "duplicate_row", row=self._seen[name, key])
            for name, key in keys.items()
            if (name, key) in self._seen
        ]
        if errors:
            return Refused(raw.number, errors)
        self._seen.update(dict.fromkeys(keys.items(), raw.number))
        return None


def _valid(table: Table[RowT], chunk: Sequence[RawRow], refused: frozenset[int]) -> list[Row[RowT]]:
    read = [table.validated(raw) for raw in chunk if raw.number not in refused]
    return [row for row in read if isinstance(row, Row)]


class _Chunks(Generic[ItemT]):
    """Rows by the `CHUNK`, each read in a thread: `async for chunk in _Chunks(rows)`."""

    def __init__(self, rows: Iterator[ItemT]) -> None:
        self._rows = rows

    def __aiter__(self) -> "_Chunks[ItemT]":
        return self

    async def __anext__(self) -> list[ItemT]:
        if chunk := await asyncio.to_thread(lambda: list(islice(self._rows, CHUNK))):
            return chunk
        raise StopAsyncIteration


def _reason(errors: Sequence[Mapping[str, str | None]]) -> str:
    return "；".join(
        f"{error['column']}：{error['message']}" if error["column"] else str(error["message"]) for error in errors
    )


def _cell(row: RawRow, index: int) -> str:
    return row.cells[index] if index < len(row.cells) else ""
