"""Long work: how far it is, what came of it, the end of it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request

from distro_api.core.db import Read, Tx
from distro_api.core.errors import DomainError, NotFoundHere, StateConflict
from distro_api.core.http import API, capability, language_of, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity.principal import Principal, Require
from distro_api.jobs import queries, service
from distro_api.jobs.models import Job, JobRowError, JobStatus
from distro_api.jobs.schemas import JobOut, RowErrorOut

router = APIRouter(prefix=f"{API}/jobs", tags=["jobs"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Require("jobs:read")]


def job_out(job: Job, request: Request) -> dict[str, Any]:
    """The job as JSON, the reason of its failure in the caller's language."""
    error = None
    if job.error is not None:
        problem = DomainError.restored(job.error).problem(language_of(request.headers))
        error = {"code": problem["code"], "title": problem["title"], "detail": problem.get("detail")}
    return {name: getattr(job, name) for name in JobOut.model_fields} | {"error": error}


@router.get("", response_model=Page[JobOut], openapi_extra=capability("I10"))
async def list_jobs(
    request: Request,
    principal: Reader,
    session: Read,
    paging: Paging,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    status: JobStatus | None = None,
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> object:
    """My imports and other long work; with `jobs:manage` everybody's in my organization."""
    found = queries.jobs_where(principal, kind=kind, status=status)
    rows, cursor, total = await page(
        session, found, paging, sorts={"created_at": Job.created_at}, sort=sort, tie=Job.id
    )
    return {"items": [job_out(row, request) for row in rows], "next_cursor": cursor, "total": total}


@router.get("/{job_id}", response_model=JobOut, responses=problems(NotFoundHere), openapi_extra=capability("I10"))
async def get_job(job_id: UUID, request: Request, principal: Reader, session: Read) -> object:
    """How far it is. Ask again every second or so while it is `queued` or `running`."""
    return job_out(await queries.job(session, principal, job_id), request)


@router.get(
    "/{job_id}/row-errors",
    response_model=Page[RowErrorOut],
    responses=problems(NotFoundHere),
    openapi_extra=capability("I10"),
)
async def list_row_errors(
    job_id: UUID, principal: Reader, session: Read, paging: Paging, sort: Literal["row", "-row"] = "row"
) -> object:
    """Rows of the file that were refused, and why."""
    job = await queries.job(session, principal, job_id)
    rows, cursor, total = await page(
        session,
        queries.row_errors_of(job.id),
        paging,
        sorts={"row": JobRowError.row},
        sort=sort,
        tie=JobRowError.job_id,
    )
    return {"items": rows, "next_cursor": cursor, "total": total}


@router.post(
    "/{job_id}/cancel",
    response_model=JobOut,
    responses=problems(NotFoundHere, StateConflict),
    openapi_extra=capability("I10"),
)
async def cancel_job(job_id: UUID, request: Request, principal: Reader, session: Tx) -> object:
    """End it: at once while it waits, at its next step while it runs. What is done already stays done."""
    return job_out(await service.cancel(session, principal, job_id), request)
