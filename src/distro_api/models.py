"""Every table, for Alembic; and which of them nobody may change."""

from distro_api.accounts import models as accounts
from distro_api.core import idempotency, outbox
from distro_api.core.db import Base
from distro_api.feedback import models as feedback
from distro_api.files import models as files
from distro_api.identity import models as identity
from distro_api.incentives import models as incentives
from distro_api.inventory import models as inventory
from distro_api.jobs import models as jobs
from distro_api.orders import models as orders
from distro_api.products import models as products
from distro_api.relations import models as relations
from distro_api.staff import models as staff
from distro_api.strategies import models as strategies
from distro_api.tickets import models as tickets

APPEND_ONLY = (
    "events",
    "audit_log",
    "inventory_movements",
    "transfers",
    "entries",
    "incentive_movements",
    "parameter_changes",
    "supply_relation_changes",
    "feedback_steps",
    "order_transitions",
    "ticket_redemptions",
    "refund_lines",
)
"""Neither distro_app nor distro_engine may UPDATE or DELETE here."""

LANES_ONLY = (
    "orders",
    "order_lines",
    "order_transitions",
    "refunds",
    "refund_lines",
    "tickets",
    "ticket_redemptions",
    "limit_counters",
)
"""distro_app may only read here: requests write through a lane."""

NEVER_DELETED = (
    *APPEND_ONLY,
    "organizations",
    "users",
    "supply_relations",
    "accounts",
    "recharges",
    "inventory_items",
    "inventory_buckets",
    "orders",
    "order_lines",
    "refunds",
    "tickets",
    "bonus_redemptions",
)
"""Neither login may DELETE here. What may be deleted has an index on every foreign key that points to it."""

ROOMS = (
    idempotency,
    outbox,
    identity,
    jobs,
    files,
    staff,
    inventory,
    products,
    relations,
    strategies,
    accounts,
    tickets,
    orders,
    incentives,
    feedback,
)

__all__ = ["APPEND_ONLY", "LANES_ONLY", "NEVER_DELETED", "ROOMS", "Base"]
