"""The shapes in which the demo market is written down: what each supplier sells, who buys it, on which terms."""

from dataclasses import dataclass
from typing import Any

from distro_api.inventory.models import Mode
from distro_api.products.models import Fulfilment, ProductKind

YUAN = 100
"""Fen. Every amount below is in fen, as everywhere."""
INVENTED = "演示数据：价格、库存与说明均为虚构，与实际经营者及其公布的票价、售价无关。"
"""Closes every product's description."""


@dataclass(frozen=True, slots=True)
class SkuPlan:
    """What is bought, how often compared with its sisters, and in which quantities."""

    code: str
    name: str
    list_price: int
    units: int = 1
    weight: int = 4
    usual: tuple[int, int] = (1, 3)
    accompanies: bool = False
    """Bought beside another SKU of its product, seldom alone (children's tickets)."""
    least: int | None = None
    """The smallest quantity sold."""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ProductPlan:
    """A product; `capacity` is that of a working day and a weekend day, or twice the total."""

    name: str
    about: str
    category: str
    skus: tuple[SkuPlan, ...]
    kind: ProductKind = ProductKind.TICKET
    mode: Mode = Mode.DAILY
    fulfilment: Fulfilment = Fulfilment.CODE
    capacity: tuple[int, int] = (0, 0)
    weight: int = 4
    place: str | None = None
    """A real scenic area, as `data/scenic-areas.csv` names it."""
    shares: str | None = None
    """Another product whose places are taken too."""
    closed_on: tuple[int, ...] = ()
    """Weekdays, 1 is Monday."""
    attributes: tuple[tuple[str, Any], ...] = ()
    authorised_only: bool = False
    """In no strategy: only those may buy it to whom it is authorised."""

    @property
    def dated(self) -> bool:
        return self.mode is Mode.DAILY

    @property
    def shipped(self) -> bool:
        return self.fulfilment is Fulfilment.SHIPMENT


@dataclass(frozen=True, slots=True)
class SupplierPlan:
    """A supplier. `waiting`, `refused` and `withdrawn` are products that are not on sale."""

    username: str
    name: str
    contact: str
    brand: str
    products: tuple[ProductPlan, ...]
    waiting: tuple[ProductPlan, ...]
    drafts: tuple[ProductPlan, ...]
    refused: tuple[tuple[ProductPlan, str], ...]
    """With the platform's reason."""
    withdrawn: tuple[ProductPlan, ...]
    agency_name: str
    agency_percent: str
    gates: tuple[str, ...]
    """Where codes are redeemed."""


@dataclass(frozen=True, slots=True)
class RelationPlan:
    """How a distributor works with a supplier. Amounts: what prepaid is topped up to, and the credit limit."""

    supplier: str
    tier: str | None
    weight: int
    prepaid: int = 0
    credit: int = 0
    enterprise_share: float = 0
    authorised: tuple[tuple[str, int], ...] = ()
    """(SKU code, settlement price); the relation then sells the listed SKUs only."""
    stopped: bool = False

    @property
    def listed(self) -> bool:
        return bool(self.authorised)


@dataclass(frozen=True, slots=True)
class DistributorPlan:
    """A distributor; `source` marks the orders of one that sells through a system of its own."""

    username: str
    name: str
    contact: str
    relations: tuple[RelationPlan, ...]
    source: str = "direct"
    number_prefix: str | None = None
    """Its own order numbers begin so."""


def barcode(number: int) -> str:
    """A 13-digit article number with its check digit, of the range that is never given to a company (prefix 20)."""
    body = f"20{number:010d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)
