"""Every table, for Alembic; and which of them nobody may change."""

from distro_api.accounts import models as accounts
from distro_api.core import idempotency, outbox
from distro_api.core.db import Base
from distro_api.identity import models as identity
from distro_api.inventory import models as inventory

APPEND_ONLY = ("events", "audit_log", "inventory_movements", "transfers", "entries")
"""Neither distro_app nor distro_engine may UPDATE or DELETE here."""

ROOMS = (idempotency, outbox, identity, inventory, accounts)

__all__ = ["APPEND_ONLY", "ROOMS", "Base"]
