"""Files by what they are for; the content is in the store under `File.key`."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.db import Entity
from distro_api.files.states import FileStatus as FileStatus


class Purpose(StrEnum):
    """What a file is for; decides what it may be, how large, and how long it is kept."""

    IMPORT = "import"
    RESULT = "result"


class File(Entity):
    """A file of an organization. `name` is for people; the content is found by ids alone."""

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("size >= 0", name="size_not_negative"),
        CheckConstraint("status <> 'stored' OR octet_length(sha256) = 32", name="stored_is_whole"),
        Index("ix_files_organization_id_id", "organization_id", "id"),
        Index("ix_files_unfinished", "created_at", postgresql_where=text("status <> 'stored'")),
        Index("ix_files_expires_at", "expires_at", postgresql_where=text("status = 'stored'")),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[Purpose]
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[bytes]
    status: Mapped[FileStatus]
    expires_at: Mapped[datetime]

    @property
    def key(self) -> str:
        """Where the content is in the store."""
        return key_of(self.organization_id, self.id)


def key_of(organization_id: UUID, file_id: UUID) -> str:
    return f"{organization_id}/{file_id}"
