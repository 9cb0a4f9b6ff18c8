"""Reads of files."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.files.errors import UnknownFile
from distro_api.files.models import File, FileStatus, Purpose
from distro_api.identity.principal import Principal

MANAGE = "files:manage"


def visible_files(principal: Principal) -> Select[File]:
    """My own; with `files:manage` all of my organization. Nobody sees another organization's, the platform neither."""
    found = select(File).where(File.organization_id == principal.organization_id, File.status == FileStatus.STORED)
    return found if MANAGE in principal.permissions else found.where(File.user_id == principal.user_id)


def files_where(principal: Principal, purpose: Purpose | None) -> Select[File]:
    found = visible_files(principal)
    return found if purpose is None else found.where(File.purpose == purpose)


async def file(session: AsyncSession, principal: Principal, file_id: UUID, *, for_update: bool = False) -> File:
    """One file that the caller may see.

    Raises:
        NotFoundHere
    """
    found = visible_files(principal).where(File.id == file_id)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFoundHere
    return row


async def file_for(session: AsyncSession, principal: Principal, file_id: UUID, purpose: Purpose) -> File:
    """A file that a body names, kept there until commit.

    Raises:
        UnknownFile
    """
    found = visible_files(principal).where(File.id == file_id, File.purpose == purpose)
    row = await session.scalar(found.with_for_update(read=True))
    if row is None:
        raise UnknownFile
    return row


async def stored(session: AsyncSession, organization_id: UUID, file_id: UUID) -> File | None:
    """A file whose content is whole, for who has been told of it (a link, a job)."""
    found = select(File).where(
        File.organization_id == organization_id, File.id == file_id, File.status == FileStatus.STORED
    )
    return await session.scalar(found)
