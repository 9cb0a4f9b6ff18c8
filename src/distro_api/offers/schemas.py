"""Inputs and outputs of offers."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from distro_api.core.schemas import Command, Day, Out
from distro_api.strategies.models import Channel

MAX_LINES = 200
Slot = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), Field(examples=["09:30"])]


class QuoteLine(Command):
    sku_id: UUID
    quantity: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    date: Annotated[Day | None, Field(description="Needed for what is sold by date")] = None
    slot: Slot | None = None
    strategy_id: Annotated[UUID | None, Field(description="Default: the one that applies first")] = None


class RequestQuote(Command):
    channel: Channel
    lines: Annotated[list[QuoteLine], Field(min_length=1, max_length=MAX_LINES)]


class ExplanationOut(Out):
    rule: Annotated[str, Field(description="base, quantity, date, weekday, holiday, authorised, commission, retail, …")]
    effect: Annotated[str, Field(description="In the language of the request")]


class QuotedLineOut(Out):
    sku_id: UUID
    product_id: UUID
    product_name: str
    sku_name: str
    quantity: int
    date: Day | None
    slot: str | None
    strategy_id: Annotated[UUID | None, Field(description="Null: the built-in authorised strategy")]
    unit_price: Annotated[int, Field(description="Fen; what you pay for one unit")]
    amount: Annotated[int, Field(description="Fen; what you pay for the line")]
    retail_price: Annotated[int, Field(description="Fen")]
    settlement_price: Annotated[int, Field(description="Fen")]
    retail_amount: Annotated[int, Field(description="Fen")]
    settlement_amount: Annotated[int, Field(description="Fen")]
    commission_amount: Annotated[int, Field(description="Fen")]
    refund_rules: list[dict[str, Any]]
    valid_from: Day | None
    valid_to: Day | None
    explanation: list[ExplanationOut]


class QuoteOut(Out):
    supplier_id: UUID
    channel: Channel
    business_mode: str
    payer: str
    pay_by: list[str]
    order_approval: bool
    lines: list[QuotedLineOut]
    retail_amount: Annotated[int, Field(description="Fen")]
    settlement_amount: Annotated[int, Field(description="Fen")]
    commission_amount: Annotated[int, Field(description="Fen")]
    total_amount: Annotated[int, Field(description="Fen; what an order of these lines costs you")]
    currency: str


class OfferedSkuOut(Out):
    id: UUID
    name: str
    code: str | None
    list_price: Annotated[int, Field(description="Fen")]
    attributes: dict[str, str]


class OfferedProductOut(Out):
    id: UUID
    supplier_id: UUID
    supplier_name: str
    product_code: str
    kind: str
    name: str
    description: str | None
    attributes: dict[str, Any]
    fulfilment: str


class OfferedStrategyOut(Out):
    strategy_id: Annotated[UUID | None, Field(description="Null: the built-in authorised strategy")]
    name: str
    channel: Channel
    business_mode: str
    settlement_price: Annotated[int, Field(description="Fen per unit, for the least quantity, on the date asked for")]
    retail_price: Annotated[int, Field(description="Fen per unit")]
    price_by_date: Annotated[bool, Field(description="Whether another date may have another price")]
    bookable: Annotated[bool, Field(description="Whether the date asked for can be booked now")]
    pay_by: list[str]
    order_approval: bool
    refund_rules: list[dict[str, Any]]
    limits: dict[str, Any]
    valid_to: Annotated[Day | None, Field(description="Last day on which it can be ordered")]


class OfferOut(Out):
    sku: OfferedSkuOut
    product: OfferedProductOut
    date_required: bool
    strategies: Annotated[
        list[OfferedStrategyOut], Field(description="Of each channel the first one applies by itself")
    ]
    available: Annotated[
        int | None,
        Field(description="How many can be had; null: not counted, or counted by date and no date asked for"),
    ]
