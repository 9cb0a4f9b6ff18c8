"""Writing and removing files: the row first, then the content, then the row again; removal the other way round."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO
from uuid import UUID

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.files import queries
from distro_api.files.models import File, FileStatus, Purpose, key_of
from distro_api.files.service.storage import Storage, Written
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Actor

Sessions = async_sessionmaker[AsyncSession]
KEPT = {Purpose.IMPORT: timedelta(days=30), Purpose.RESULT: timedelta(days=30)}
"""Imports and their results hold people's data: they are not kept longer than somebody may ask about them."""
WRITTEN_WITHIN = timedelta(hours=6)
"""A file that is still being written after this was left by somebody who died."""
SWEPT_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """A file whose content is in the store; it counts once `keep` has committed."""

    id: UUID
    written: Written


async def write(
    sessions: Sessions,
    storage: Storage,
    *,
    organization_id: UUID,
    user_id: UUID,
    purpose: Purpose,
    name: str,
    content_type: str,
    source: IO[bytes],
) -> Draft:
    """Store a content under a new row, in a short transaction of its own. No row is locked while it is stored."""
    now = clock.now()
    made = File(
        id=clock.new_id(),
        organization_id=organization_id,
        user_id=user_id,
        purpose=purpose,
        name=name,
        content_type=content_type,
        size=0,
        sha256=b"",
        status=FileStatus.WRITING,
        expires_at=now + KEPT[purpose],
    )
    async with sessions.begin() as session:
        session.add(made)
    return Draft(made.id, await storage.put(made.key, source))


async def keep(session: AsyncSession, actor: Actor, draft: Draft) -> File:
    """Let the file count, with the session's transaction."""
    found = (await session.scalars(select(File).where(File.id == draft.id).with_for_update())).one()
    found.size, found.sha256, found.status = draft.written.size, draft.written.sha256, FileStatus.STORED
    audit.record(session, actor, "files.store", "file", found.id, purpose=found.purpose, size=found.size)
    await session.flush()
    return found


async def remove(session: AsyncSession, principal: Principal, file_id: UUID) -> None:
    """Nobody finds the file any more; the next sweep removes its content.

    Raises:
        NotFoundHere
    """
    found = await queries.file(session, principal, file_id, for_update=True)
    found.status = FileStatus.DOOMED
    audit.record(session, principal.actor, "files.delete", "file", found.id)
    await session.flush()


async def sweep(sessions: Sessions, storage: Storage) -> int:
    """Remove what is deleted, expired, or was never finished; how many. A job of every ten minutes."""
    removed = 0
    while doomed := await _doom(sessions):
        for organization_id, file_id in doomed:
            await storage.delete(key_of(organization_id, file_id))
        async with sessions.begin() as session:
            await session.execute(delete(File).where(File.id.in_([file_id for _, file_id in doomed])))
        removed += len(doomed)
    return removed


async def _doom(sessions: Sessions) -> Sequence[tuple[UUID, UUID]]:
    """Mark some files to be removed, so that nobody is given what is about to vanish."""
    now = clock.now()
    over = or_(
        File.status == FileStatus.DOOMED,
        and_(File.status == FileStatus.STORED, File.expires_at < now),
        and_(File.status == FileStatus.WRITING, File.created_at < now - WRITTEN_WITHIN),
    )
    some = select(File.id).where(over).order_by(File.id).limit(SWEPT_AT_ONCE).with_for_update(skip_locked=True)
    async with sessions.begin() as session:
        ids: Collection[UUID] = (await session.scalars(some)).all()
        marked = update(File).where(File.id.in_(ids)).values(status=FileStatus.DOOMED)
        rows = await session.execute(marked.returning(File.organization_id, File.id))
        return [(organization_id, file_id) for organization_id, file_id in rows]
