"""A quote: everything that is copied into an order, so that nothing is read again later."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from distro_api.inventory.models import Mode
from distro_api.strategies.service import Step as Step


@dataclass(frozen=True, slots=True)
class StockTake:
    """What one unit of the SKU takes of an item; of an `unlimited` one no bucket is taken."""

    item_id: UUID
    mode: Mode
    units: int


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line's price and terms. Prices are per unit, amounts of the whole line.

    `strategy_id` None is the built-in authorised strategy. `anchor` is the instant cut-offs and refunds count from:
    slot start, else service date 00:00 platform time, None without a date. `valid_from` and `valid_to` are the ticket's.
    """

    sku_id: UUID
    product_id: UUID
    product_name: str
    sku_name: str
    product_kind: str
    fulfilment: str
    quantity: int
    service_date: date | None
    slot: str | None
    strategy_id: UUID | None
    retail_price: int
    settlement_price: int
    retail_amount: int
    settlement_amount: int
    commission_amount: int
    stock: tuple[StockTake, ...]
    refund_rules: tuple[dict[str, object], ...]
    anchor: datetime | None
    valid_from: date | None
    valid_to: date | None
    per_day_limit: int | None
    explanation: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What the lines cost this distributor now, and how the order may be paid."""

    supplier_id: UUID
    distributor_id: UUID
    channel: str
    business_mode: str
    payer: str
    pay_by: tuple[str, ...]
    order_approval: bool
    currency: str
    lines: tuple[QuotedLine, ...]
    catalogue_version: int

    @property
    def retail_amount(self) -> int:
        return sum(line.retail_amount for line in self.lines)

    @property
    def settlement_amount(self) -> int:
        return sum(line.settlement_amount for line in self.lines)

    @property
    def commission_amount(self) -> int:
        return sum(line.commission_amount for line in self.lines)

    @property
    def total_amount(self) -> int:
        """What is paid: the settlement when the distributor pays, the retail amount when the customer does."""
        return self.settlement_amount if self.payer == "distributor" else self.retail_amount
