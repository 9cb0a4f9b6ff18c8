"""An order in memory: as it was locked or is being placed, with its lines, and how it is answered."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from distro_api.core.personal import mask_name, mask_phone
from distro_api.inventory.models import Mode, bucket_id
from distro_api.inventory.service.lane import Take
from distro_api.offers.service.quote import StockTake
from distro_api.orders.states import Action, OrderStatus, after
from distro_api.strategies.models import BUILT_IN
from distro_api.strategies.service.lane import CounterKey
from distro_api.tickets.service.lane import LockedTicket


def takes_of(stock: Iterable[StockTake], service_date: date | None, slot: str | None, quantity: int) -> list[Take]:
    """The buckets that `quantity` units of a SKU take there and then; unlimited items have none."""
    made = []
    for part in stock:
        if part.mode is not Mode.UNLIMITED:
            day = service_date if part.mode is Mode.DAILY else None
            bucket = bucket_id(part.item_id, day, slot)
            made.append(Take(bucket, part.item_id, day, slot, part.units * quantity))
    return made


@dataclass(slots=True)
class Line:
    """A row of order_lines; the order of fields is that of LINE_COLUMNS."""

    id: UUID
    order_id: UUID
    supplier_id: UUID
    distributor_id: UUID
    line_no: int
    product_id: UUID
    sku_id: UUID
    strategy_id: UUID | None
    product_name: str
    sku_name: str
    product_kind: str
    fulfilment: str
    confirmation: str
    quantity: int
    fulfilled: int
    refunding: int
    refunded: int
    service_date: date | None
    slot: str | None
    anchor: datetime | None
    valid_from: date | None
    valid_to: date | None
    retail_price: int
    settlement_price: int
    retail_amount: int
    settlement_amount: int
    commission_amount: int
    refunded_amount: int
    fee_amount: int
    per_day_limit: int | None
    refund_rules: list[dict[str, Any]]
    stock: tuple[StockTake, ...]
    explanation: list[dict[str, Any]]
    stored: tuple[int, ...] | None = None
    """`progress` as it was read; None: a new line."""

    @property
    def progress(self) -> tuple[int, ...]:
        """What changes of a line."""
        return self.fulfilled, self.refunded, self.refunded_amount, self.fee_amount

    def takes(self, quantity: int) -> list[Take]:
        """The buckets that `quantity` units take; unlimited items have none."""
        return takes_of(self.stock, self.service_date, self.slot, quantity)

    def counter(self, day: date) -> CounterKey | None:
        """What counts this line's purchase against a limit per day."""
        if self.per_day_limit is None:
            return None
        return CounterKey(self.distributor_id, self.sku_id, self.strategy_id or BUILT_IN, day, self.supplier_id)

    @property
    def open(self) -> int:
        """Units neither fulfilled nor going back."""
        return self.quantity - self.fulfilled - self.refunding - self.refunded


@dataclass(frozen=True, slots=True)
class Step:
    """A row of order_transitions."""

    seq: int
    action: str
    status: str
    actor_id: UUID | None
    actor_organization_id: UUID | None
    reason: str
    created_at: datetime


@dataclass(slots=True)
class WorkingOrder:
    """A row of orders; the order of fields up to `version` is that of ORDER_COLUMNS."""

    id: UUID
    order_no: str
    supplier_id: UUID
    distributor_id: UUID
    placed_by: UUID | None
    channel: str
    business_mode: str
    payer: str
    status: OrderStatus
    refund_status: str
    source: str
    outside_no: str | None
    customer_name: str
    customer_phone: str
    customer_organization: str | None
    shipping_address: dict[str, Any] | None
    note: str | None
    currency: str
    retail_amount: int
    settlement_amount: int
    commission_amount: int
    total_amount: int
    paid_amount: int
    refunded_amount: int
    pay_by: list[str]
    pay_before: datetime | None
    account_id: UUID | None
    hold_id: UUID | None
    paid_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    lines: list[Line] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def last_day(self) -> date | None:
        """The last day on which all of it can be used; None: for ever."""
        return min((line.valid_to for line in self.lines if line.valid_to is not None), default=None)

    def takes(self) -> list[Take]:
        """All that the order's open units take."""
        return [take for line in self.lines for take in line.takes(line.open)]

    def act(
        self, action: Action, actor_id: UUID | None, organization_id: UUID | None, at: datetime, reason: str = ""
    ) -> Step:
        """Go where `action` leads: the only writer of `status`.

        Raises:
            StateConflict
        """
        self.status = after(self.status, action)
        if self.status is not OrderStatus.PENDING_PAYMENT:
            self.pay_before = None
        return self.note_step(action.value, actor_id, organization_id, at, reason)

    def note_step(
        self, action: str, actor_id: UUID | None, organization_id: UUID | None, at: datetime, reason: str = ""
    ) -> Step:
        """Add to the timeline."""
        self.touch(at)
        step = Step(len(self.steps) + 1, action, self.status.value, actor_id, organization_id, reason, at)
        self.steps.append(step)
        return step

    def touch(self, at: datetime) -> None:
        self.version += 1
        self.updated_at = at


def _columns(*groups: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """(name, SQL type) pairs from "type: names" groups."""
    return tuple((name, kind) for kind, names in groups for name in names.split())


ORDER_COLUMNS = _columns(
    ("uuid", "id"),
    ("text", "order_no"),
    ("uuid", "supplier_id distributor_id placed_by"),
    ("text", "channel business_mode payer status refund_status source outside_no customer_name customer_phone"),
    ("text", "customer_organization"),
    ("jsonb", "shipping_address"),
    ("text", "note currency"),
    ("bigint", "retail_amount settlement_amount commission_amount total_amount paid_amount refunded_amount"),
    ("jsonb", "pay_by"),
    ("timestamptz", "pay_before"),
    ("uuid", "account_id hold_id"),
    ("timestamptz", "paid_at created_at updated_at"),
    ("bigint", "version"),
)
LINE_COLUMNS = _columns(
    ("uuid", "id order_id supplier_id distributor_id"),
    ("smallint", "line_no"),
    ("uuid", "product_id sku_id strategy_id"),
    ("text", "product_name sku_name product_kind fulfilment confirmation"),
    ("bigint", "quantity fulfilled refunding refunded"),
    ("date", "service_date"),
    ("text", "slot"),
    ("timestamptz", "anchor"),
    ("date", "valid_from valid_to"),
    ("bigint", "retail_price settlement_price retail_amount settlement_amount commission_amount"),
    ("bigint", "refunded_amount fee_amount per_day_limit"),
    ("jsonb", "refund_rules stock explanation"),
)
STEP_COLUMNS = _columns(
    ("uuid", "order_id"),
    ("smallint", "seq"),
    ("uuid", "supplier_id distributor_id"),
    ("text", "action status"),
    ("uuid", "actor_id actor_organization_id"),
    ("text", "reason"),
    ("timestamptz", "created_at"),
)
_ORDER_NAMES = [name for name, _ in ORDER_COLUMNS]
_LINE_NAMES = [name for name, _ in LINE_COLUMNS]
_ORDER_VALUES = attrgetter(*_ORDER_NAMES)
_LINE_VALUES = attrgetter(*_LINE_NAMES)
_ORDER_JSON = [i for i, (_, kind) in enumerate(ORDER_COLUMNS) if kind == "jsonb"]
_LINE_JSON = [i for i, (_, kind) in enumerate(LINE_COLUMNS) if kind == "jsonb"]


def order_row(order: WorkingOrder) -> tuple[Any, ...]:
    """The values of ORDER_COLUMNS, JSON as text."""
    return _with_json(_ORDER_VALUES(order), _ORDER_JSON)


def line_row(line: Line) -> tuple[Any, ...]:
    """The values of LINE_COLUMNS, JSON as text."""
    return _with_json(_LINE_VALUES(line), _LINE_JSON)


def _with_json(values: tuple[Any, ...], positions: list[int]) -> tuple[Any, ...]:
    row = list(values)
    for i in positions:
        if row[i] is not None:
            row[i] = to_json(row[i]).decode()
    return tuple(row)


def order_from(row: Sequence[Any]) -> WorkingOrder:
    """From a row of ORDER_COLUMNS (JSON as text)."""
    values = dict(zip(_ORDER_NAMES, row, strict=False))
    values["status"] = OrderStatus(values["status"])
    for name in ("shipping_address", "pay_by"):
        values[name] = None if values[name] is None else json.loads(values[name])
    return WorkingOrder(**values)


def line_from(row: Sequence[Any]) -> Line:
    """From a row of LINE_COLUMNS (JSON as text)."""
    values = dict(zip(_LINE_NAMES, row, strict=False))
    for name in ("refund_rules", "explanation"):
        values[name] = json.loads(values[name])
    values["stock"] = tuple(
        StockTake(UUID(part["item_id"]), Mode(part["mode"]), part["units"]) for part in json.loads(values["stock"])
    )
    line = Line(**values)
    line.stored = line.progress
    return line


def render(
    order: WorkingOrder, tickets: Mapping[UUID, Iterable[LockedTicket]], *, masked: bool = False
) -> dict[str, Any]:
    """The order as clients see it (`schemas.OrderOut`): one form for answers of lanes, reads and lists.

    Args:
        tickets: by line.
        masked: as in lists: the customer's personal data hidden, no timeline.
    """
    seen: dict[str, Any] = {
        "id": order.id,
        "order_no": order.order_no,
        "supplier_id": order.supplier_id,
        "distributor_id": order.distributor_id,
        "channel": order.channel,
        "business_mode": order.business_mode,
        "payer": order.payer,
        "status": order.status,
        "refund_status": order.refund_status,
        "source": order.source,
        "outside_no": order.outside_no,
        "customer": {
            "name": mask_name(order.customer_name) if masked else order.customer_name,
            "phone": mask_phone(order.customer_phone) if masked else order.customer_phone,
            "organization": order.customer_organization,
        },
        "shipping_address": None if masked else order.shipping_address,
        "note": None if masked else order.note,
        "currency": order.currency,
        "retail_amount": order.retail_amount,
        "settlement_amount": order.settlement_amount,
        "commission_amount": order.commission_amount,
        "total_amount": order.total_amount,
        "paid_amount": order.paid_amount,
        "refunded_amount": order.refunded_amount,
        "pay_by": order.pay_by,
        "pay_before": order.pay_before,
        "paid_at": order.paid_at,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "version": order.version,
        "lines": [_render_line(line, tickets.get(line.id, ())) for line in order.lines],
    }
    if not masked:
        seen["timeline"] = [
            {
                "action": step.action,
                "status": step.status,
                "actor_id": step.actor_id,
                "actor_organization_id": step.actor_organization_id,
                "reason": step.reason,
                "created_at": step.created_at,
            }
            for step in order.steps
        ]
    return seen


def _render_line(line: Line, tickets: Iterable[LockedTicket]) -> dict[str, Any]:
    return {
        "id": line.id,
        "line_no": line.line_no,
        "product_id": line.product_id,
        "product_name": line.product_name,
        "product_kind": line.product_kind,
        "sku_id": line.sku_id,
        "sku_name": line.sku_name,
        "strategy_id": line.strategy_id,
        "fulfilment": line.fulfilment,
        "confirmation": line.confirmation,
        "quantity": line.quantity,
        "fulfilled": line.fulfilled,
        "refunding": line.refunding,
        "refunded": line.refunded,
        "date": line.service_date,
        "slot": line.slot,
        "retail_price": line.retail_price,
        "settlement_price": line.settlement_price,
        "retail_amount": line.retail_amount,
        "settlement_amount": line.settlement_amount,
        "commission_amount": line.commission_amount,
        "refunded_amount": line.refunded_amount,
        "fee_amount": line.fee_amount,
        "refund_rules": line.refund_rules,
        "tickets": [
            {
                "id": ticket.id,
                "code": ticket.code,
                "quantity": ticket.quantity,
                "redeemed": ticket.redeemed,
                "refunded": ticket.refunded,
                "status": ticket.status,
                "valid_from": ticket.valid_from,
                "valid_to": ticket.valid_to,
            }
            for ticket in tickets
        ],
    }
