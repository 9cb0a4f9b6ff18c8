"""What a batch has locked and what is decided about it: the working copies that every decision changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic_core import to_json

from distro_api.accounts.service.ledger import Ledger
from distro_api.core.errors import DomainError, NotFoundHere
from distro_api.core.lanes import Answer, InUse
from distro_api.core.outbox import Event
from distro_api.identity.service.audit import Act
from distro_api.inventory.service.lane import Stock
from distro_api.orders import events
from distro_api.orders.queries.working import Step, WorkingOrder, render
from distro_api.orders.service.commands import (
    Command,
    OnOrder,
)
from distro_api.orders.service.refund import RefundRows
from distro_api.strategies.service.lane import Counters
from distro_api.tickets.service.lane import LockedTicket, Tickets


class StaleQuote(Exception):
    """The supplier's catalogue has changed since the quote: quote once more."""


class Source(Protocol):
    """Where new ids and codes come from."""

    def new_id(self) -> UUID: ...
    def order_no(self, at: datetime) -> str: ...
    def ticket_code(self) -> str: ...


@dataclass(slots=True)
class World:
    """All that was locked for a batch, and all that is decided about it."""

    source: Source
    time_zone: str
    database_now: datetime
    catalogue_versions: Mapping[UUID, int]
    orders: dict[UUID, WorkingOrder]
    outside_nos: dict[tuple[UUID, str, str], UUID]
    stock: Stock
    counters: Counters
    ledger: Ledger
    tickets: Tickets
    placed: list[WorkingOrder] = field(default_factory=list)
    changed: dict[UUID, WorkingOrder] = field(default_factory=dict)
    steps: list[tuple[WorkingOrder, Step]] = field(default_factory=list)
    refunds: list[RefundRows] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    events: list[tuple[Event, datetime]] = field(default_factory=list)


Outcome = Answer | DomainError | StaleQuote | InUse


class MixedTenants(Exception):
    """A stored order names an account or a place of other organizations than its own: our mistake, nothing is written."""


def order_of(command: OnOrder, world: World) -> WorkingOrder:
    """The locked order, if the caller is one of its two sides."""
    order = world.orders.get(command.order_id)
    if order is None or command.party_id not in (order.supplier_id, order.distributor_id):
        raise NotFoundHere
    keep_apart(order, world)
    return order


def keep_apart(order: WorkingOrder, world: World) -> None:
    """Lanes see every tenant's rows and write many tenants' in one statement, so each decision looks whose they are.

    Raises:
        MixedTenants
    """
    if order.account_id is not None:
        account = world.ledger.accounts[order.account_id]
        if (account.supplier_id, account.owner_id) != (order.supplier_id, order.distributor_id):
            raise MixedTenants(f"account {account.id} of order {order.id}")
    for line in order.lines:
        for take in line.takes(1):
            bucket = world.stock.buckets.get(take.bucket_id)
            if bucket is not None and bucket.supplier_id != order.supplier_id:
                raise MixedTenants(f"bucket {bucket.id} of order {order.id}")


def event_of(order: WorkingOrder, event: type[events.OrderEvent]) -> events.OrderEvent:
    """The fact about the order as it is now."""
    return event(
        supplier_id=order.supplier_id,
        distributor_id=order.distributor_id,
        order_id=order.id,
        order_no=order.order_no,
        status=order.status,
        total_amount=order.total_amount,
    )


def tell(order: WorkingOrder, event: type[events.OrderEvent], at: datetime, world: World) -> None:
    world.events.append((event_of(order, event), at))


def record(order: WorkingOrder, command: Command, action: str, world: World) -> None:
    world.changed[order.id] = order
    detail: dict[str, Any] = {"status": order.status.value, "supplier_id": str(order.supplier_id)}
    was = next((step.status for step in reversed(order.steps) if step.created_at != command.at), None)
    if was is not None:
        detail["before"] = was
    world.acts.append(Act(command.actor, action, "order", order.id, command.at, detail))


def answer(
    status: int, order: WorkingOrder, command: Command, action: str, world: World, location: str | None = None
) -> Answer:
    record(order, command, action, world)
    by_line: dict[UUID, list[LockedTicket]] = {}
    for ticket in world.tickets.of_order(order.id):
        by_line.setdefault(ticket.line_id, []).append(ticket)
    return Answer(status, to_json(render(order, by_line)), location, version=order.version)
