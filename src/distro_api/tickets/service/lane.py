"""Tickets inside a lane: redeem, reverse, and what orders do to their tickets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from distro_api.core.db import Connection
from distro_api.core.errors import NotFoundHere
from distro_api.core.idempotency import Key
from distro_api.core.outbox import Event
from distro_api.core.writes import Writes
from distro_api.identity.service.audit import Act, Actor
from distro_api.tickets.errors import NothingToReverse, SerialReused, TicketNotRedeemable
from distro_api.tickets.events import TicketRedeemed, TicketReversed
from distro_api.tickets.models import RedemptionKind, TicketStatus


@dataclass(frozen=True, slots=True)
class Redeem:
    """Use `quantity` units of a code (None: all that are left). (device, serial) makes a replay harmless for ever."""

    supplier_id: UUID
    code: str
    quantity: int | None
    device: str | None
    serial: str | None
    today: date
    actor: Actor
    at: datetime
    key: Key | None


@dataclass(frozen=True, slots=True)
class Reverse:
    """Undo a redemption: the named one, else the newest that stands."""

    supplier_id: UUID
    ticket_id: UUID
    redemption_id: UUID | None
    reason: str
    actor: Actor
    at: datetime
    key: Key | None


@dataclass(slots=True)
class LockedTicket:
    """A ticket's row as it was locked, changed by each decision of the batch."""

    id: UUID
    code: str
    supplier_id: UUID
    distributor_id: UUID
    order_id: UUID
    line_id: UUID
    product_id: UUID
    sku_id: UUID
    quantity: int
    redeemed: int
    refunded: int
    status: str
    valid_from: date | None
    valid_to: date | None
    created_at: datetime

    @property
    def remaining(self) -> int:
        return self.quantity - self.redeemed - self.refunded

    def settle(self) -> None:
        """The status that the counts imply; an expired or frozen ticket with units left stays so."""
        if self.remaining == 0:
            self.status = TicketStatus.REDEEMED if self.redeemed else TicketStatus.REFUNDED
        elif self.status in (TicketStatus.REDEEMED, TicketStatus.REFUNDED):
            self.status = TicketStatus.VALID


@dataclass(frozen=True, slots=True)
class PastRedemption:
    """A redemption of a locked ticket, or the earlier use of a device's serial."""

    id: UUID
    ticket_id: UUID
    quantity: int
    device: str | None
    serial: str | None
    reversed: bool


@dataclass(slots=True)
class Tickets:
    """The locked tickets of a batch and what has been decided about them."""

    tickets: dict[UUID, LockedTicket]
    past: list[PastRedemption] = field(default_factory=list)
    issued: list[LockedTicket] = field(default_factory=list)
    changed: dict[UUID, LockedTicket] = field(default_factory=dict)
    redemptions: list[tuple[Any, ...]] = field(default_factory=list)
    _by_code: dict[str, LockedTicket] = field(init=False)
    _by_order: dict[UUID, list[LockedTicket]] = field(init=False)
    _by_serial: dict[tuple[UUID, str, str], PastRedemption] = field(init=False)

    def __post_init__(self) -> None:
        self._by_code = {ticket.code: ticket for ticket in self.tickets.values()}
        self._by_order = {}
        for ticket in self.tickets.values():
            self._by_order.setdefault(ticket.order_id, []).append(ticket)
        self._by_serial = {}

    def remember_serials(self, supplier_of: Mapping[UUID, UUID]) -> None:
        """Index the earlier uses of serials; `supplier_of` names each redemption's supplier."""
        for past in self.past:
            if past.device is not None and past.serial is not None and past.id in supplier_of:
                self._by_serial[supplier_of[past.id], past.device, past.serial] = past

    def of_order(self, order_id: UUID) -> list[LockedTicket]:
        return self._by_order.get(order_id, [])

    def issue(self, ticket: LockedTicket) -> None:
        self.issued.append(ticket)
        self.tickets[ticket.id] = ticket
        self._by_code[ticket.code] = ticket
        self._by_order.setdefault(ticket.order_id, []).append(ticket)

    def refund(self, order_id: UUID, line_id: UUID, quantity: int) -> None:
        """Void units of a line that were paid back, code by code in order of their ids; a line may have no codes."""
        own = sorted((t for t in self.of_order(order_id) if t.line_id == line_id), key=lambda ticket: ticket.id)
        assert not own or 0 < quantity <= sum(ticket.remaining for ticket in own)
        for ticket in own:
            if units := min(quantity, ticket.remaining):
                ticket.refunded += units
                ticket.settle()
                self.changed[ticket.id] = ticket
                quantity -= units

    def redeem(self, command: Redeem, redemption_id: UUID) -> tuple[LockedTicket, bool]:
        """(the ticket, whether this very redemption had been made before).

        Raises:
            NotFoundHere, SerialReused, TicketNotRedeemable
        """
        ticket = self._by_code.get(command.code)
        if command.device is not None and command.serial is not None:
            past = self._by_serial.get((command.supplier_id, command.device, command.serial))
            if past is not None:
                if ticket is None or past.ticket_id != ticket.id:
                    raise SerialReused(device=command.device, serial=command.serial, reason="another_code")
                if command.quantity not in (None, past.quantity):
                    raise SerialReused(device=command.device, serial=command.serial, reason="another_quantity")
                if past.reversed:
                    raise SerialReused(device=command.device, serial=command.serial, reason="reversed")
                return ticket, True
        if ticket is None or ticket.supplier_id != command.supplier_id:
            raise NotFoundHere
        quantity = ticket.remaining if command.quantity is None else command.quantity
        if (reason := _why_not(ticket, quantity, command.today)) is not None:
            raise TicketNotRedeemable(reason=reason, remaining=ticket.remaining, ticket_status=ticket.status)
        ticket.redeemed += quantity
        ticket.settle()
        self.changed[ticket.id] = ticket
        made = PastRedemption(redemption_id, ticket.id, quantity, command.device, command.serial, False)
        self._record(made, RedemptionKind.REDEEM, ticket, None, "", command.actor, command.at)
        return ticket, False

    def reverse(self, command: Reverse, redemption_id: UUID) -> tuple[LockedTicket, int]:
        """(the ticket, how many units are back).

        Raises:
            NotFoundHere, NothingToReverse
        """
        ticket = self.tickets.get(command.ticket_id)
        if ticket is None or ticket.supplier_id != command.supplier_id:
            raise NotFoundHere
        standing = [past for past in self.past if past.ticket_id == ticket.id and not past.reversed]
        if command.redemption_id is not None:
            standing = [past for past in standing if past.id == command.redemption_id]
        if not standing:
            raise NothingToReverse
        newest = max(standing, key=lambda past: past.id)
        self.past[self.past.index(newest)] = undone = replace(newest, reversed=True)
        if newest.device is not None and newest.serial is not None:
            self._by_serial[ticket.supplier_id, newest.device, newest.serial] = undone
        ticket.redeemed -= newest.quantity
        ticket.settle()
        self.changed[ticket.id] = ticket
        made = PastRedemption(redemption_id, ticket.id, newest.quantity, None, None, True)
        self._record(made, RedemptionKind.REVERSE, ticket, newest.id, command.reason, command.actor, command.at)
        return ticket, newest.quantity

    def _record(
        self,
        made: PastRedemption,
        kind: RedemptionKind,
        ticket: LockedTicket,
        reverses_id: UUID | None,
        reason: str,
        actor: Actor,
        at: datetime,
    ) -> None:
        if kind is RedemptionKind.REDEEM:
            self.past.append(made)
            if made.device is not None and made.serial is not None:
                self._by_serial[ticket.supplier_id, made.device, made.serial] = made
        self.redemptions.append(
            (
                made.id,
                ticket.supplier_id,
                ticket.id,
                kind.value,
                made.quantity,
                made.device,
                made.serial,
                reverses_id,
                actor.user_id,
                reason,
                at,
            )
        )


def render(ticket: LockedTicket) -> dict[str, Any]:
    """The ticket as clients see it (`schemas.TicketOut`)."""
    return {
        "id": ticket.id,
        "code": ticket.code,
        "supplier_id": ticket.supplier_id,
        "distributor_id": ticket.distributor_id,
        "order_id": ticket.order_id,
        "line_id": ticket.line_id,
        "product_id": ticket.product_id,
        "sku_id": ticket.sku_id,
        "quantity": ticket.quantity,
        "redeemed": ticket.redeemed,
        "refunded": ticket.refunded,
        "status": ticket.status,
        "valid_from": ticket.valid_from,
        "valid_to": ticket.valid_to,
        "created_at": ticket.created_at,
    }


def _why_not(ticket: LockedTicket, quantity: int, today: date) -> str | None:
    if ticket.remaining == 0 or ticket.status not in (TicketStatus.VALID, TicketStatus.REDEEMED):
        return ticket.status
    if quantity > ticket.remaining:
        return "not_enough_left"
    if ticket.valid_from is not None and today < ticket.valid_from:
        return "not_yet_valid"
    if ticket.valid_to is not None and today > ticket.valid_to:
        return "expired"
    return None


def redeemed_event(ticket: LockedTicket, quantity: int) -> Event:
    return TicketRedeemed(**_event_fields(ticket, quantity))


def reversed_event(ticket: LockedTicket, quantity: int) -> Event:
    return TicketReversed(**_event_fields(ticket, quantity))


def _event_fields(ticket: LockedTicket, quantity: int) -> dict[str, Any]:
    return {
        "supplier_id": ticket.supplier_id,
        "distributor_id": ticket.distributor_id,
        "ticket_id": ticket.id,
        "order_id": ticket.order_id,
        "line_id": ticket.line_id,
        "quantity": quantity,
    }


def act(command: Redeem | Reverse, action: str, ticket: LockedTicket, quantity: int) -> Act:
    return Act(command.actor, action, "ticket", ticket.id, command.at, {"quantity": quantity})


_FIELDS = (
    "id, code, supplier_id, distributor_id, order_id, line_id, product_id, sku_id, quantity, redeemed, refunded, status, "
    "valid_from, valid_to, created_at"
)
_LOCK = f"""
SELECT {_FIELDS} FROM tickets WHERE id = ANY($1::uuid[]
    || ARRAY(SELECT id FROM tickets WHERE code = ANY($2::text[]))
    || ARRAY(SELECT id FROM tickets WHERE order_id = ANY($3::uuid[])))
ORDER BY id FOR UPDATE
"""
_PAST = """
SELECT r.id, r.ticket_id, r.quantity, r.device, r.serial,
    EXISTS (SELECT FROM ticket_redemptions v WHERE v.reverses_id = r.id), r.supplier_id
FROM ticket_redemptions r WHERE r.kind = 'redeem' AND r.id = ANY(
    ARRAY(SELECT id FROM ticket_redemptions WHERE ticket_id = ANY($1::uuid[]))
    || ARRAY(SELECT d.id FROM unnest($2::uuid[], $3::text[], $4::text[]) AS w(supplier_id, device, serial)
             JOIN ticket_redemptions d USING (supplier_id, device, serial)))
"""


async def lock_many(
    connection: Connection, redeems: Iterable[Redeem], reverses: Iterable[Reverse], order_ids: Iterable[UUID]
) -> Tickets:
    """Lock, in id order, the tickets that the commands name and all tickets of the orders."""
    uses, undos, orders = list(redeems), list(reverses), list(set(order_ids))
    if not uses and not undos and not orders:
        return Tickets({})
    rows = await connection.fetch(_LOCK, [undo.ticket_id for undo in undos], [use.code for use in uses], orders)
    tickets = Tickets({row[0]: LockedTicket(*row) for row in rows})
    serials = [(use.supplier_id, use.device, use.serial) for use in uses if use.device is not None]
    if undos or serials:
        columns = [list(part) for part in zip(*serials, strict=True)] if serials else [[], [], []]
        past = await connection.fetch(_PAST, [undo.ticket_id for undo in undos], *columns)
        tickets.past = [PastRedemption(*row[:6]) for row in map(tuple, past)]
        tickets.remember_serials({row[0]: row[6] for row in past})
    return tickets


_TICKET_COLUMNS = (
    ("id", "uuid"),
    ("code", "text"),
    ("supplier_id", "uuid"),
    ("distributor_id", "uuid"),
    ("order_id", "uuid"),
    ("line_id", "uuid"),
    ("product_id", "uuid"),
    ("sku_id", "uuid"),
    ("quantity", "bigint"),
    ("redeemed", "bigint"),
    ("refunded", "bigint"),
    ("status", "text"),
    ("valid_from", "date"),
    ("valid_to", "date"),
    ("created_at", "timestamptz"),
)
_REDEMPTION_COLUMNS = (
    ("id", "uuid"),
    ("supplier_id", "uuid"),
    ("ticket_id", "uuid"),
    ("kind", "text"),
    ("quantity", "bigint"),
    ("device", "text"),
    ("serial", "text"),
    ("reverses_id", "uuid"),
    ("actor_id", "uuid"),
    ("reason", "text"),
    ("created_at", "timestamptz"),
)
_CHANGE_COLUMNS = (("id", "uuid"), ("redeemed", "bigint"), ("refunded", "bigint"), ("status", "text"))
_CHANGE = "redeemed = w.redeemed, refunded = w.refunded, status = w.status"
_ONCE = "ON CONFLICT (supplier_id, device, serial) WHERE device IS NOT NULL DO NOTHING"


def apply_many(writes: Writes, tickets: Tickets) -> None:
    """Write what was changed and what is new; a serial that another process has just used is not written."""
    fresh = [
        tuple(str(getattr(ticket, name)) if name == "status" else getattr(ticket, name) for name, _ in _TICKET_COLUMNS)
        for ticket in tickets.issued
    ]
    writes.insert("tickets", _TICKET_COLUMNS, fresh)
    writes.insert("ticket_redemptions", _REDEMPTION_COLUMNS, tickets.redemptions, _ONCE)
    issued = {ticket.id for ticket in tickets.issued}
    changed = [
        (ticket.id, ticket.redeemed, ticket.refunded, str(ticket.status))
        for ticket in tickets.changed.values()
        if ticket.id not in issued
    ]
    writes.update("tickets", _CHANGE_COLUMNS, changed, _CHANGE)
