"""What processes are told when somebody may do more or less than before."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.db import Base


class Subject(StrEnum):
    """What changed."""

    USER = "user"
    ROLE = "role"
    ORGANIZATION = "organization"
    KEY = "key"


class AccessChange(Base):
    """Something that decides who may do what has changed: read by every process each second, which then looks again."""

    __tablename__ = "access_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    subject: Mapped[Subject]
    subject_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
