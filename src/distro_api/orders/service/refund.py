"""How much goes back: units by what is open, money by the ladder that was copied into the line. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from distro_api.core.errors import NotFoundHere
from distro_api.core.money import share
from distro_api.identity.service.audit import Actor
from distro_api.orders.errors import NothingToRefund, NotRefundable
from distro_api.orders.queries.working import Line, WorkingOrder
from distro_api.strategies.service.refunds import refund_fee


@dataclass(frozen=True, slots=True)
class LineShare:
    """What falls on the units of one line that go back."""

    line: Line
    quantity: int
    amount: int
    fee_amount: int
    retail_amount: int
    settlement_amount: int
    commission_amount: int


@dataclass(frozen=True, slots=True)
class RefundRows:
    """A refund to be stored, with its lines."""

    id: UUID
    order: WorkingOrder
    reason: str
    actor: Actor
    at: datetime
    shares: tuple[LineShare, ...]

    @property
    def amount(self) -> int:
        return sum(part.amount for part in self.shares)

    @property
    def fee_amount(self) -> int:
        return sum(part.fee_amount for part in self.shares)

    @property
    def retail_amount(self) -> int:
        return sum(part.retail_amount for part in self.shares)

    @property
    def settlement_amount(self) -> int:
        return sum(part.settlement_amount for part in self.shares)

    @property
    def commission_amount(self) -> int:
        return sum(part.commission_amount for part in self.shares)

    def render(self) -> dict[str, Any]:
        """The refund as clients see it (`schemas.RefundOut`)."""
        return {
            "id": self.id,
            "order_id": self.order.id,
            "supplier_id": self.order.supplier_id,
            "distributor_id": self.order.distributor_id,
            "status": "succeeded",
            "reason": self.reason,
            "amount": self.amount,
            "fee_amount": self.fee_amount,
            "retail_amount": self.retail_amount,
            "settlement_amount": self.settlement_amount,
            "commission_amount": self.commission_amount,
            "created_at": self.at,
            "version": 1,
            "lines": [
                {
                    "line_id": part.line.id,
                    "quantity": part.quantity,
                    "amount": part.amount,
                    "fee_amount": part.fee_amount,
                    "retail_amount": part.retail_amount,
                    "settlement_amount": part.settlement_amount,
                    "commission_amount": part.commission_amount,
                }
                for part in self.shares
            ],
        }


def refund_units(
    order: WorkingOrder,
    quantities: Mapping[UUID, int] | None,
    *,
    at: datetime,
    today: date,
    free_of_charge: bool,
    reason: str,
    actor: Actor,
    new_id: Callable[[], UUID],
) -> RefundRows:
    """Decide a refund and book it on the lines, which know what was used; tickets, stock and money are the caller's.

    Args:
        quantities: units by line, None for everything that can go back.

    Raises:
        NotFoundHere: a line is not the order's.
        NothingToRefund: nothing is open.
        NotRefundable: more than is open was asked for, or the ladder gives nothing back any more.
    """
    lines = {line.id: line for line in order.lines}
    if quantities is not None and not quantities.keys() <= lines.keys():
        raise NotFoundHere
    open_units = {line.id: line.open for line in order.lines}
    wanted = open_units if quantities is None else dict(quantities)
    wanted = {line_id: quantity for line_id, quantity in wanted.items() if quantity > 0}
    if not wanted:
        raise NothingToRefund
    refusals, shares = [], []
    for line_id, quantity in wanted.items():
        part = _share(lines[line_id], quantity, at, today, free_of_charge) if quantity <= open_units[line_id] else None
        if part is None:
            reason_code = "too_late" if quantity <= open_units[line_id] else "not_open"
            refusals.append({"line_id": str(line_id), "refundable": open_units[line_id], "reason": reason_code})
        else:
            shares.append(part)
    if refusals:
        raise NotRefundable(lines=refusals)
    for part in shares:
        part.line.refunded += part.quantity
        part.line.refunded_amount += part.amount
        part.line.fee_amount += part.fee_amount
    return RefundRows(new_id(), order, reason, actor, at, tuple(shares))


def _share(line: Line, quantity: int, at: datetime, today: date, free_of_charge: bool) -> LineShare | None:
    """The next units' part of each amount; what division leaves falls on the last unit. None: too late.

    The fee is what the ladder asks for all units given back so far, less the same without these: giving them back
    one by one costs what it costs together.
    """
    done = line.refunded + quantity

    def part_of(amount: int) -> int:
        return share(amount, done, line.quantity) - share(amount, line.refunded, line.quantity)

    def fee_of(units: int) -> int | None:
        amount = share(line.settlement_amount, units, line.quantity)
        return refund_fee(line.refund_rules, line.anchor, at, amount, units)

    settlement = part_of(line.settlement_amount)
    if line.anchor is None and line.valid_to is not None and today > line.valid_to and not free_of_charge:
        return None  # without a service date it is free until the validity ends
    after, before = (0, 0) if free_of_charge else (fee_of(done), fee_of(line.refunded))
    if after is None or before is None:
        return None
    fee = min(after - before, settlement)
    return LineShare(
        line,
        quantity,
        settlement - fee,
        fee,
        part_of(line.retail_amount),
        settlement,
        part_of(line.commission_amount),
    )
