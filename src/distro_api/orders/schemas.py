"""What clients send about orders, and what they see."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from distro_api.core.money import Amount
from distro_api.core.schemas import Command, Day, Name, Out, Phone, Reason, ShortText

Quantity = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Slot = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]{1,32}$")]


class CustomerIn(Command):
    """Who the order is for."""

    name: Name
    phone: Phone
    organization: Annotated[ShortText | None, Field(description="Of a government or enterprise customer")] = None
    id_number: Annotated[ShortText | None, Field(description="Not supported yet")] = None


class ShippingAddress(Command):
    """Where goods are sent."""

    region_code: Annotated[str | None, StringConstraints(pattern=r"^[0-9]{6}$")] = None
    address: Annotated[ShortText, Field(min_length=1)]
    name: Name | None = None
    phone: Phone | None = None
    postcode: Annotated[str | None, StringConstraints(pattern=r"^[0-9]{6}$")] = None


class PlaceOrderLine(Command):
    """Units of one SKU, on a date where its stock is kept by date."""

    sku_id: UUID
    quantity: Quantity
    date: Day | None = None
    slot: Slot | None = None
    strategy_id: Annotated[UUID | None, Field(description="Left out: the best that applies")] = None
    travellers: Annotated[list[dict[str, Any]] | None, Field(max_length=200, description="Not supported yet")] = None


class PayWith(Command):
    """Pay from an account."""

    method: Literal["prepaid", "credit"]


class PlaceOrder(Command):
    """Place an order; with `pay` it is paid in the same call."""

    channel: Literal["individual", "enterprise"]
    supplier_id: Annotated[UUID | None, Field(description="Left out: that of the lines")] = None
    customer: CustomerIn
    lines: Annotated[list[PlaceOrderLine], Field(min_length=1, max_length=200)]
    shipping_address: ShippingAddress | None = None
    note: ShortText | None = None
    source: Source = "direct"
    outside_no: Annotated[str | None, StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$")] = None
    expected_total_amount: Annotated[
        Amount | None, Field(description="Refuse with `price_changed` if it costs otherwise")
    ] = None
    pay: PayWith | None = None


class PayOrder(Command):
    method: Literal["prepaid", "credit"]


class GiveReason(Command):
    reason: Reason


class RefundLineIn(Command):
    line_id: UUID
    quantity: Quantity


class RequestRefund(Command):
    """Pay units back; without `lines` all that can go back."""

    lines: Annotated[list[RefundLineIn] | None, Field(min_length=1, max_length=200)] = None
    amount: Annotated[Amount | None, Field(description="Not supported yet")] = None
    reason: Reason


class CustomerOut(Out):
    name: str
    phone: Annotated[str, Field(description="Masked in lists")]
    organization: str | None


class LineTicketOut(Out):
    id: UUID
    code: str
    quantity: int
    redeemed: int
    refunded: int
    status: str
    valid_from: date | None
    valid_to: date | None


class OrderLineOut(Out):
    """Amounts are of the whole line, prices per unit, in fen."""

    id: UUID
    line_no: int
    product_id: UUID
    product_name: str
    product_kind: str
    sku_id: UUID
    sku_name: str
    strategy_id: Annotated[UUID | None, Field(description="null: the built-in strategy of authorised products")]
    fulfilment: str
    confirmation: str
    quantity: int
    fulfilled: Annotated[int, Field(description="Follows redemptions within a second")]
    refunding: int
    refunded: int
    date: Day | None
    slot: str | None
    retail_price: int
    settlement_price: int
    retail_amount: int
    settlement_amount: int
    commission_amount: int
    refunded_amount: int
    fee_amount: int
    refund_rules: list[dict[str, Any]]
    tickets: list[LineTicketOut]


class TimelineStepOut(Out):
    action: str
    status: str
    actor_id: Annotated[UUID | None, Field(description="null: the platform")]
    actor_organization_id: UUID | None
    reason: str
    created_at: datetime


class OrderSummaryOut(Out):
    """An order in a list: without timeline, personal data masked."""

    id: UUID
    order_no: str
    supplier_id: UUID
    distributor_id: UUID
    channel: str
    business_mode: str
    payer: str
    status: str
    refund_status: str
    source: str
    outside_no: str | None
    customer: CustomerOut
    shipping_address: dict[str, Any] | None
    note: str | None
    currency: str
    retail_amount: int
    settlement_amount: int
    commission_amount: int
    total_amount: Annotated[int, Field(description="What the payer owes: settlement or retail, in fen")]
    paid_amount: int
    refunded_amount: int
    pay_by: list[str]
    pay_before: datetime | None
    paid_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    lines: list[OrderLineOut]


class OrderOut(OrderSummaryOut):
    timeline: list[TimelineStepOut]


class RefundLineOut(Out):
    line_id: UUID
    quantity: int
    amount: int
    fee_amount: int
    retail_amount: int
    settlement_amount: int
    commission_amount: int


class RefundOut(Out):
    """`amount` has reached the payer, `fee_amount` stayed with the supplier (fen)."""

    id: UUID
    order_id: UUID
    supplier_id: UUID
    distributor_id: UUID
    status: str
    reason: str
    amount: int
    fee_amount: int
    retail_amount: int
    settlement_amount: int
    commission_amount: int
    created_at: datetime
    version: int
    lines: list[RefundLineOut]
