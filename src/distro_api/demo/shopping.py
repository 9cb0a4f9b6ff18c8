"""What distributors want to buy: drawn at random, by how much each of them buys and how often each thing is bought."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from distro_api.core import clock
from distro_api.demo import people
from distro_api.demo.plans import DistributorPlan, ProductPlan, RelationPlan, SupplierPlan
from distro_api.demo.stage import SUPPLIERS, Market, Stage, Ware, relations
from distro_api.identity.principal import Principal
from distro_api.orders.service.commands import Customer

AHEAD = ((0, 2, 45), (3, 7, 27), (8, 20, 18), (21, 60, 10))
"""(from, to days ahead, how often) that a day of use is booked."""
CUT_OFF_HOUR = 15
"""Nobody books for the same day after this hour: the strategies' cut-off is an hour later."""
NOTED = 0.05
"""How many orders have a note."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a quote is asked for."""

    sku_id: UUID
    quantity: int
    date: date | None
    slot: str | None = None
    strategy_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """An order that somebody wants to place at that moment. `pay` is None where the money comes later or never."""

    at: datetime
    buyer: Principal
    supplier_id: UUID
    channel: str
    lines: tuple[Line, ...]
    customer: Customer
    pay: str | None
    pays_later: bool
    source: str
    outside_no: str | None
    note: str | None
    shipping_address: dict[str, Any] | None


@dataclass(slots=True)
class Shopping:
    """Draws baskets."""

    stage: Stage
    market: Market
    rng: Random
    _first: bool = True
    """The first order is never paid, so that even few orders show one that was closed by time."""

    def basket(self, at: datetime, *, near_boundary: bool) -> Basket:
        """What somebody wants at that moment; only `near_boundary` may it be paid some minutes later."""
        rng = self.rng
        every = relations()
        distributor, relation = rng.choices(every, [one.weight for _, one in every])[0]
        enterprise = rng.random() < relation.enterprise_share
        product = self._product(relation, enterprise)
        wares = self.market.wares_of(product)
        day = self._day(product, at) if product.dated else None
        return self.of(
            at,
            distributor,
            relation,
            self._lines(wares, relation, day, enterprise),
            "enterprise" if enterprise else "individual",
            pay=self._pay(relation, product),
            intent=self._intent(enterprise, near_boundary),
        )

    def of(
        self,
        at: datetime,
        distributor: DistributorPlan,
        relation: RelationPlan,
        lines: tuple[Line, ...],
        channel: str,
        *,
        pay: str,
        intent: str,
    ) -> Basket:
        """A basket of these lines with everything else that an order has. Its intent: now, later or never to pay."""
        rng = self.rng
        name, phone = people.name(rng), people.phone(rng)
        shipped = any(ware.product.shipped for line in lines if (ware := self._ware(line.sku_id)))
        outside_no = None
        if distributor.number_prefix is not None:
            outside_no = f"{distributor.number_prefix}{at:%y%m%d}{rng.randrange(10**8):08d}"
        return Basket(
            at=at,
            buyer=self.market.people[distributor.username],
            supplier_id=self.market.people[relation.supplier].organization_id,
            channel=channel,
            lines=lines,
            customer=Customer(name, phone, rng.choice(people.EMPLOYERS) if channel == "enterprise" else None),
            pay=pay if intent == "now" else None,
            pays_later=intent == "later",
            source=distributor.source,
            outside_no=outside_no,
            note=rng.choice(people.NOTES) if rng.random() < NOTED else None,
            shipping_address=people.address(rng, name, phone).model_dump(mode="json") if shipped else None,
        )

    def _ware(self, sku_id: UUID) -> Ware:
        return next(ware for ware in self.market.wares.values() if ware.id == sku_id)

    def _product(self, relation: RelationPlan, enterprise: bool) -> ProductPlan:
        plan = SUPPLIER_PLANS[relation.supplier]
        if relation.listed:
            codes = {code for code, _ in relation.authorised}
            sold = [product for product in plan.products if any(sku.code in codes for sku in product.skus)]
        else:
            sold = [product for product in plan.products if not product.authorised_only]
        there = [product for product in sold if self.market.wares_of(product)]
        if enterprise:
            there = [product for product in there if not product.dated or min(product.capacity) >= 60] or there
        return self.rng.choices(there, [product.weight for product in there])[0]

    def _day(self, product: ProductPlan, at: datetime) -> date:
        """A day of use; weekends are wanted more, closing days are not."""
        rng, local = self.rng, at.astimezone(clock.zone(self.stage.time_zone))
        while True:
            first, last, _ = rng.choices(AHEAD, [often for *_, often in AHEAD])[0]
            day = local.date() + timedelta(days=max(rng.randint(first, last), int(local.hour >= CUT_OFF_HOUR)))
            open_ = day.isoweekday() not in product.closed_on
            if open_ and day <= self.stage.last_day and (day.isoweekday() >= 6 or rng.random() < 0.6):
                return day

    def _lines(self, wares: list[Ware], relation: RelationPlan, day: date | None, enterprise: bool) -> tuple[Line, ...]:
        rng = self.rng
        if relation.listed:
            codes = {code for code, _ in relation.authorised}
            wares = [ware for ware in wares if ware.sku.code in codes]
        leads = [ware for ware in wares if not ware.sku.accompanies] or wares
        lead = rng.choices(leads, [ware.sku.weight for ware in leads])[0]
        quantity = rng.randint(*lead.sku.usual)
        if enterprise:
            quantity = rng.randint(6, 24) if lead.product.dated else rng.randint(20, 160)
            quantity = max(1, quantity // lead.sku.units)
        lines = [Line(lead.id, quantity, day)]
        beside = [ware for ware in wares if ware.sku.accompanies and ware is not lead]
        if beside and lead.sku.units == 1 and not enterprise and rng.random() < 0.35:
            with_it = rng.choice(beside)
            lines.append(Line(with_it.id, rng.randint(*with_it.sku.usual), day))
        return tuple(lines)

    def _pay(self, relation: RelationPlan, product: ProductPlan) -> str:
        if not relation.prepaid:
            return "credit"
        credit = relation.credit and not product.authorised_only and self.rng.random() < 0.3
        return "credit" if credit else "prepaid"

    def purse(self, distributor: str, supplier: str) -> str:
        """The account that a distributor pays from afterwards."""
        plans = {(one.username, relation.supplier): relation for one, relation in relations()}
        return "prepaid" if plans[distributor, supplier].prepaid else "credit"

    def _intent(self, enterprise: bool, near_boundary: bool) -> str:
        roll = self.rng.random()
        if enterprise:
            return "later" if roll < 0.12 else "now"
        if near_boundary:
            return "later" if roll < 0.8 else "now"
        if self._first:
            self._first = False
            return "never"
        return "never" if roll < 0.05 else "now"


SUPPLIER_PLANS: Mapping[str, SupplierPlan] = {plan.username: plan for plan in SUPPLIERS}
