"""What can be asked of a lane about orders. A command holds all that its decision needs besides the locked rows."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from distro_api.core.errors import DomainError
from distro_api.core.idempotency import Key
from distro_api.identity.service.audit import Actor
from distro_api.offers.service.quote import Quote
from distro_api.tickets.service.lane import Redeem, Reverse


@dataclass(frozen=True, slots=True)
class Customer:
    name: str
    phone: str
    organization: str | None


@dataclass(frozen=True, slots=True)
class Base:
    """Who asks, when (by the app's clock), on which platform day, under which key."""

    actor: Actor
    at: datetime
    today: date
    key: Key | None


@dataclass(frozen=True, slots=True)
class Place(Base):
    """Place the quoted order; `pay` takes the money with it (or freezes it until approval)."""

    order_id: UUID
    quote: Quote
    customer: Customer
    pay: str | None
    expected_total_amount: int | None
    pay_before: datetime
    source: str
    outside_no: str | None
    note: str | None
    shipping_address: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class OnOrder(Base):
    """A command on a stored order, by one of its two sides."""

    order_id: UUID
    party_id: UUID
    """The supplier or distributor that asks; another's order is not found."""


@dataclass(frozen=True, slots=True)
class Pay(OnOrder):
    method: str


@dataclass(frozen=True, slots=True)
class Approve(OnOrder):
    pay_before: datetime


@dataclass(frozen=True, slots=True)
class Reject(OnOrder):
    reason: str


@dataclass(frozen=True, slots=True)
class Cancel(OnOrder):
    reason: str


@dataclass(frozen=True, slots=True)
class RefundUnits(OnOrder):
    """Pay back `quantities` by line; None: all that can go back."""

    quantities: dict[UUID, int] | None
    reason: str


@dataclass(frozen=True, slots=True)
class Close(Base):
    """Close an unpaid order whose time is over by the database's clock; anything else is left alone."""

    order_id: UUID


@dataclass(frozen=True, slots=True)
class Refuse(Base):
    """A refusal from before the lane: its key keeps the answer it has, else remembers this one if it is a conflict."""

    refusal: DomainError


Command = Place | Pay | Approve | Reject | Cancel | RefundUnits | Close | Refuse | Redeem | Reverse
