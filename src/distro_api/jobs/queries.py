"""Reads of jobs."""

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.principal import Principal
from distro_api.jobs.models import Job, JobRowError, JobStatus

MANAGE = "jobs:manage"


def visible_jobs(principal: Principal) -> Select[Job]:
    """My own; with `jobs:manage` all of my organization. Nobody sees another organization's, the platform neither."""
    found = select(Job).where(Job.organization_id == principal.organization_id)
    return found if MANAGE in principal.permissions else found.where(Job.user_id == principal.user_id)


def jobs_where(principal: Principal, *, kind: str | None, status: JobStatus | None) -> Select[Job]:
    found = visible_jobs(principal)
    if kind is not None:
        found = found.where(Job.kind == kind)
    if status is not None:
        found = found.where(Job.status == status)
    return found


async def job(session: AsyncSession, principal: Principal, job_id: UUID, *, for_update: bool = False) -> Job:
    """One job that the caller may see.

    Raises:
        NotFoundHere
    """
    found = visible_jobs(principal).where(Job.id == job_id)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFoundHere
    return row


async def unfinished(session: AsyncSession, organization_id: UUID, kind: str) -> int:
    """How many jobs of a kind wait or run in an organization."""
    found = select(func.count()).where(
        Job.organization_id == organization_id, Job.kind == kind, Job.finished_at.is_(None)
    )
    return await session.scalar(found) or 0


def row_errors_of(job_id: UUID) -> Select[JobRowError]:
    """Of a job that the caller has been found to see."""
    return select(JobRowError).where(JobRowError.job_id == job_id)
