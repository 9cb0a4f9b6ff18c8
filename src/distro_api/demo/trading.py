"""Orders placed and followed through the lanes, shift by shift, with the clock set to the moment of each act."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from uuid import UUID

from distro_api.core import clock
from distro_api.core.errors import DomainError
from distro_api.core.lanes import Answer, Lanes
from distro_api.demo.fates import REASONS, REJECTIONS, SUPPLIERS_REASONS, Act, Event, Fates, Sale
from distro_api.demo.plans import SupplierPlan
from distro_api.demo.shopping import SUPPLIER_PLANS, Basket, Shopping
from distro_api.demo.stage import Market, Stage
from distro_api.identity.principal import Principal
from distro_api.identity.service.audit import Actor
from distro_api.offers.service import Terms, quote
from distro_api.orders.service.commands import Approve, Cancel, Close, Command, Pay, Place, RefundUnits, Reject
from distro_api.orders.service.world import Outcome, StaleQuote
from distro_api.tickets.service.lane import Redeem, Reverse

OrderLanes = Lanes[Command, Outcome]
LED_ON_BY = (Act.APPROVE, Act.PAY)
"""After these an order has another fate."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Some hours of a day, and how many orders have been placed since the first day when they are over."""

    start: datetime
    end: datetime
    placed_by_end: int


@dataclass(slots=True)
class Trading:
    """All that is to come of the orders placed so far, and what places new ones.

    `open_until` is when an order must be paid that somebody will pay later: the database compares it with its own
    clock, so it lies after the real present.
    """

    stage: Stage
    market: Market
    terms: Terms
    rng: Random
    window: timedelta
    open_until: datetime
    shopping: Shopping = field(init=False)
    fates: Fates = field(init=False)
    agenda: list[Event] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    _suppliers: Mapping[UUID, tuple[SupplierPlan, Principal]] = field(init=False)

    def __post_init__(self) -> None:
        self.shopping = Shopping(self.stage, self.market, self.rng)
        self.fates = Fates(self.rng, self.stage.time_zone)
        self._suppliers = {
            self.market.people[name].organization_id: (plan, self.market.people[name])
            for name, plan in SUPPLIER_PLANS.items()
        }

    def expect(self, sale: Sale, after: datetime) -> None:
        """Draw what becomes of the order."""
        for event in self.fates.of(sale, after):
            heappush(self.agenda, event)

    async def work(self, lanes: OrderLanes, shift: Shift, wanted: int) -> int:
        """What is due, and up to `wanted` new orders, in order of time; how many were placed."""
        acts: list[Event | Basket] = []
        while self.agenda and self.agenda[0].at < shift.end:
            acts.append(heappop(self.agenda))
        acts += self._baskets(shift, wanted)
        acts.sort(key=lambda act: act.at)
        return await self.carry_out(lanes, acts)

    async def carry_out(self, lanes: OrderLanes, acts: Sequence[Event | Basket]) -> int:
        """Submit all of them in their order; how many orders were placed."""
        outcomes = await asyncio.gather(*(self._carry_out(lanes, act) for act in acts))
        placed = 0
        for act, outcome in zip(acts, outcomes, strict=True):
            if not isinstance(outcome, Answer):
                self.refusals[getattr(outcome, "code", type(outcome).__name__)] += 1
                continue
            if isinstance(act, Basket):
                placed += 1
                self.expect(Sale.of(json.loads(outcome.body), frozen=act.pay is not None), act.at)
            elif act.act in LED_ON_BY:
                self.expect(Sale.of(json.loads(outcome.body), frozen=False), act.at)
        return placed

    def _baskets(self, shift: Shift, wanted: int) -> list[Basket]:
        """Most at any time; those that are paid some minutes later just before the shift ends."""
        rng, length = self.rng, (shift.end - shift.start).total_seconds()
        made = []
        for _ in range(wanted):
            late = rng.random() < 0.06 and length > 3600
            seconds = length - rng.uniform(120, 560) if late else rng.uniform(0, length)
            made.append(self.shopping.basket(shift.start + timedelta(seconds=int(seconds)), near_boundary=late))
        return made

    async def _carry_out(self, lanes: OrderLanes, act: Event | Basket) -> Outcome:
        with clock.at(act.at):
            try:
                if isinstance(act, Basket):
                    return await self._place(lanes, act)
                return await lanes.submit(act.sale.supplier_id, self._command(act))
            except DomainError as refusal:
                return refusal

    async def _place(self, lanes: OrderLanes, basket: Basket) -> Outcome:
        at, time_zone = clock.now(), self.stage.time_zone
        quoted = await quote(
            self.terms,
            distributor_id=basket.buyer.organization_id,
            channel=basket.channel,
            lines=basket.lines,
            at=at,
            time_zone=time_zone,
        )
        pay = basket.pay if basket.pay is None or basket.pay in quoted.pay_by else quoted.pay_by[0]
        place = Place(
            actor=basket.buyer.actor,
            at=at,
            today=clock.local_date(at, time_zone),
            key=None,
            order_id=clock.new_id(),
            quote=quoted,
            customer=basket.customer,
            pay=pay,
            expected_total_amount=None,
            pay_before=self.open_until if basket.pays_later else at + self.window,
            source=basket.source,
            outside_no=basket.outside_no,
            note=basket.note,
            shipping_address=basket.shipping_address,
        )
        outcome = await lanes.submit(quoted.supplier_id, place)
        if isinstance(outcome, StaleQuote):
            self.terms.forget(quoted.supplier_id)
        return outcome

    def _command(self, event: Event) -> Command:
        """What the act says to the lane, and who says it."""
        sale, rng, at = event.sale, self.rng, clock.now()
        plan, supplier = self._suppliers[sale.supplier_id]
        buyer = Actor(sale.distributor_id, self._user_of(sale.distributor_id))
        theirs = (at, clock.local_date(at, self.stage.time_zone), None, sale.order_id)
        match event.act:
            case Act.APPROVE:
                return Approve(supplier.actor, *theirs, supplier.organization_id, self.open_until)
            case Act.REJECT:
                return Reject(supplier.actor, *theirs, supplier.organization_id, rng.choice(REJECTIONS))
            case Act.CALL_OFF:
                return Cancel(supplier.actor, *theirs, supplier.organization_id, rng.choice(SUPPLIERS_REASONS))
            case Act.CANCEL:
                return Cancel(buyer, *theirs, sale.distributor_id, rng.choice(REASONS))
            case Act.REFUND:
                quantities = {sale.line_id: event.quantity or 1}
                return RefundUnits(buyer, *theirs, sale.distributor_id, quantities, rng.choice(REASONS))
            case Act.PAY:
                return Pay(buyer, *theirs, sale.distributor_id, self._purse(sale))
            case Act.CLOSE:
                return Close(Actor(), *theirs)
            case Act.REDEEM | Act.REVERSE:
                return self._at_the_gate(event, plan, supplier, at)

    def _at_the_gate(self, event: Event, plan: SupplierPlan, supplier: Principal, at: datetime) -> Redeem | Reverse:
        code = event.code
        assert code is not None
        if event.act is Act.REVERSE:
            return Reverse(
                supplier.organization_id, code.id, None, "核销有误，已重新入园登记", supplier.actor, at, None
            )
        return Redeem(
            supplier_id=supplier.organization_id,
            code=code.code,
            quantity=event.quantity,
            device=self.rng.choice(plan.gates),
            serial=f"{code.code}-{at:%d%H%M%S}",
            today=clock.local_date(at, self.stage.time_zone),
            actor=supplier.actor,
            at=at,
            key=None,
        )

    def _user_of(self, organization_id: UUID) -> UUID:
        return next(one.user_id for one in self.market.people.values() if one.organization_id == organization_id)

    def _purse(self, sale: Sale) -> str:
        """The account that a distributor pays from afterwards."""
        names = {one.organization_id: name for name, one in self.market.people.items()}
        return self.shopping.purse(names[sale.distributor_id], names[sale.supplier_id])
