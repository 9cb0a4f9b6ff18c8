"""Platform parameters: every change that was made."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.db import Entity


class ParameterChange(Entity):
    """A value given to a parameter; the newest of a name holds. Append-only. `value` null: back to the default."""

    __tablename__ = "parameter_changes"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("version >= 1", name="versions_start_at_one"),
    )

    name: Mapped[str]
    version: Mapped[int]
    value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str | None]
