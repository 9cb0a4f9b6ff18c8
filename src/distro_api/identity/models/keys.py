"""API keys of partners' programs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core import clock
from distro_api.core.changes import TOLD
from distro_api.core.db import Base, Versioned


class ApiKey(Versioned):
    """A program's way in, acting for `user_id`. Revoked for good, never deleted: the audit trail names it."""

    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "user_id"], ["users.organization_id", "users.id"]),
        CheckConstraint("cardinality(scopes) BETWEEN 1 AND 500", name="has_scopes"),
        CheckConstraint("cardinality(networks) <= 100", name="networks_are_bounded"),
        Index("ix_api_keys_organization_id_id", "organization_id", "id"),
        Index("ix_api_keys_user_id", "user_id"),
    )

    organization_id: Mapped[UUID]
    user_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(info=TOLD)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), info=TOLD)
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text), info=TOLD)
    """Where it may be used from, as CIDR; none named: from anywhere."""
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_address: Mapped[str | None]


class ApiKeySecret(Base):
    """A key's secret, found by its first characters, known by its keyed hash. Rotation leaves the old one for a while."""

    __tablename__ = "api_key_secrets"
    __table_args__ = (Index("ix_api_key_secrets_key_id", "key_id"),)

    prefix: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[UUID] = mapped_column(ForeignKey("api_keys.id"))
    secret_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    valid_until: Mapped[datetime | None]
