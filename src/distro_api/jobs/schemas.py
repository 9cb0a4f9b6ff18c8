"""What jobs give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Out
from distro_api.jobs.models import JobStatus


class JobErrorOut(Out):
    code: Annotated[str, Field(description="As in docs/errors.md")]
    title: str
    detail: str | None


class JobOut(Out):
    id: UUID
    kind: Annotated[str, Field(examples=["staff.import_employees"])]
    status: JobStatus
    user_id: Annotated[UUID, Field(description="Who asked for it")]
    done: Annotated[int, Field(description="Rows dealt with so far")]
    total: Annotated[int | None, Field(description="Rows in all; null until they are counted")]
    row_errors: Annotated[int, Field(description="Rows refused: `GET /jobs/{id}/row-errors`, and the result file")]
    counts: Annotated[
        dict[str, int], Field(description="What came of it, when it is over", examples=[{"created": 120, "updated": 3}])
    ]
    cancel_asked: bool
    result_file_id: Annotated[UUID | None, Field(description="`GET /files/{id}` gives a link to it")]
    error: Annotated[JobErrorOut | None, Field(description="Why it failed")]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class CellErrorOut(Out):
    field: Annotated[str | None, Field(description="Null: the whole row")]
    column: Annotated[str | None, Field(description="Its title in the file", examples=["手机号"])]
    code: Annotated[str, Field(examples=["invalid_phone"])]
    message: Annotated[str, Field(description="In the file's language")]


class RowErrorOut(Out):
    row: Annotated[int, Field(description="As the spreadsheet program counts it: the header is usually 1")]
    errors: list[CellErrorOut]
