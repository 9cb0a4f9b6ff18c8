"""Every table, for Alembic; and which of them nobody may change."""

from distro_api.core import idempotency, outbox
from distro_api.core.db import Base
from distro_api.identity import models as identity

APPEND_ONLY = ("events", "audit_log")
"""Neither distro_app nor distro_engine may UPDATE or DELETE here."""

PARTITIONED = ("events", "audit_log")
"""By month; `ensure_partitions` makes the leaves."""

ROOMS = (idempotency, outbox, identity)

__all__ = ["APPEND_ONLY", "PARTITIONED", "ROOMS", "Base"]
