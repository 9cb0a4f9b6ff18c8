"""Terms: everything a quote needs to know of a SKU for a distributor, parsed once and kept per process.

Entries carry the supplier's catalogue version of the snapshot they were read in. Who can tell that it has changed (the
lane that places an order, `refresh` before a quote for display) forgets the supplier, and the next reader reads anew.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.identity.models import OrganizationStatus
from distro_api.inventory.models import Mode
from distro_api.offers import queries
from distro_api.offers.service.choice import Reason, ranked
from distro_api.offers.service.quote import StockTake
from distro_api.products.models import Product, ProductStatus, Sku
from distro_api.relations.models import RelationStatus, Sells, SupplyRelation
from distro_api.strategies.models import AudienceKind, BusinessMode, Channel, PayBy, Strategy, StrategyItem
from distro_api.strategies.service import (
    Calendar,
    Limits,
    Prices,
    built_in_prices,
    compile_prices,
    make_calendar,
    parse_limits,
)

CAPACITY = 50_000
DATED = (Mode.DAILY, Mode.SLOT)
BUILT_IN_LADDER: tuple[dict[str, object], ...] = ({"until_hours_before": 0, "fee_percent": "0"},)
NARROWNESS = {AudienceKind.ALL: 0, AudienceKind.TIERS: 1, AudienceKind.DISTRIBUTORS: 2}


@dataclass(frozen=True, slots=True, weakref_slot=True)
class SkuFacts:
    """What is the same for every distributor. `validity_days` counts from the order."""

    sku_id: UUID
    product_id: UUID
    product_name: str
    sku_name: str
    product_kind: str
    fulfilment: str
    list_price: int
    stock: tuple[StockTake, ...]
    on_sale: bool
    needs_date: bool
    valid_on_date: bool
    validity_days: int | None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class StrategyTerms:
    """One strategy as it prices one SKU; `id` None: the built-in authorised one."""

    id: UUID | None
    name: str
    channel: str
    business_mode: str
    priority: int
    narrowness: int
    valid_from: date
    valid_to: date
    pay_by: tuple[str, ...]
    order_approval: bool
    refund_rules: tuple[dict[str, object], ...]
    prices: Prices
    limits: Limits
    limits_given: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SkuTerms:
    """A SKU for one distributor: the shared facts, its strategies best first, or why it is not for sale."""

    supplier_id: UUID
    catalogue_version: int
    facts: SkuFacts
    refusal: Reason | None
    strategies: tuple[StrategyTerms, ...]
    calendar: Calendar


SharedT = TypeVar("SharedT", SkuFacts, StrategyTerms)


class Terms:
    """The terms one process knows: at most `capacity` (distributor, SKU) pairs, the least used leave first.

    What several distributors share is held once, as long as an entry needs it.
    """

    def __init__(self, sessions: async_sessionmaker[AsyncSession], capacity: int = CAPACITY) -> None:
        self._sessions = sessions
        self._capacity = capacity
        self._entries: OrderedDict[tuple[UUID, UUID], SkuTerms] = OrderedDict()
        self._of_supplier: dict[UUID, set[tuple[UUID, UUID]]] = {}
        self._facts: WeakValueDictionary[tuple[Any, ...], SkuFacts] = WeakValueDictionary()
        self._strategies: WeakValueDictionary[tuple[Any, ...], StrategyTerms] = WeakValueDictionary()
        self._calendar = make_calendar(())
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, distributor_id: UUID, sku_ids: Iterable[UUID]) -> Mapping[UUID, SkuTerms]:
        """Terms by SKU; a SKU that is unknown or not for this distributor's eyes is missing.

        A database session is opened only for what is not known yet, and closed before this returns.
        """
        entries = self._entries
        found: dict[UUID, SkuTerms] = {}
        missing: list[UUID] = []
        for sku_id in sku_ids:
            key = (distributor_id, sku_id)
            entry = entries.get(key)
            if entry is None:
                missing.append(sku_id)
            else:
                entries.move_to_end(key)
                found[sku_id] = entry
        if missing:
            found.update(await self._load(distributor_id, missing))
        return found

    async def refresh(self, distributor_id: UUID, sku_ids: Iterable[UUID]) -> bool:
        """Forget the suppliers of these SKUs whose catalogue has changed since it was read, or who may not sell now.

        Whether there were any.
        """
        known = {
            entry.supplier_id: entry.catalogue_version
            for sku_id in sku_ids
            if (entry := self._entries.get((distributor_id, sku_id))) is not None
        }
        if not known:
            return False
        async with self._sessions() as session:
            versions = await queries.catalogue_versions(session, known)
        stale = [supplier_id for supplier_id, version in known.items() if versions.get(supplier_id) != version]
        for supplier_id in stale:
            self.forget(supplier_id)
        return bool(stale)

    def forget(self, supplier_id: UUID) -> None:
        """Drop what is known of a supplier; what is being read at this moment will not be kept either."""
        self._forgotten += 1
        for key in self._of_supplier.pop(supplier_id, ()):
            del self._entries[key]

    async def _load(self, distributor_id: UUID, sku_ids: Sequence[UUID]) -> dict[UUID, SkuTerms]:
        forgotten = self._forgotten
        async with self._sessions() as session:
            rows = await queries.read_terms(session, distributor_id, sku_ids)
        calendar = make_calendar(rows.holidays)
        if calendar != self._calendar:
            self._calendar = calendar
        made = {row.Sku.id: self._terms(row, rows, distributor_id) for row in rows.skus}
        # what is not active is asked for again each time: activation does not change the catalogue version
        if forgotten == self._forgotten and rows.distributor_active:
            for sku_id, entry in made.items():
                if entry.refusal is not Reason.ORGANIZATION_NOT_ACTIVE:
                    self._keep((distributor_id, sku_id), entry)
        return made

    def _keep(self, key: tuple[UUID, UUID], entry: SkuTerms) -> None:
        if (before := self._entries.pop(key, None)) is not None:
            self._of_supplier[before.supplier_id].discard(key)
        self._entries[key] = entry
        self._of_supplier.setdefault(entry.supplier_id, set()).add(key)
        if len(self._entries) > self._capacity:
            oldest, gone = self._entries.popitem(last=False)
            of_supplier = self._of_supplier[gone.supplier_id]
            of_supplier.discard(oldest)
            if not of_supplier:
                del self._of_supplier[gone.supplier_id]

    def _terms(self, row: queries.TermsRow, rows: queries.TermsRows, distributor_id: UUID) -> SkuTerms:
        sku: Sku = row.Sku
        version: int = row.catalogue_version
        facts_key = (sku.id, version)
        facts = self._facts.get(facts_key)
        if facts is None:
            facts = self._facts[facts_key] = _facts(sku, row.Product, rows.stock.get(sku.id, ()))
        strategies = [
            self._strategy(item, strategy, sku, version, row.authorised)
            for item, strategy in rows.strategies.get(sku.id, ())
            if _is_for(strategy, row.SupplyRelation, distributor_id)
        ]
        if row.authorised is not None:
            strategies.append(self._built_in(sku, version, row.authorised))
        refusal = _refusal(row, facts, rows.distributor_active)
        return SkuTerms(sku.supplier_id, version, facts, refusal, ranked(strategies), self._calendar)

    def _strategy(
        self, item: StrategyItem, strategy: Strategy, sku: Sku, version: int, authorised: int | None
    ) -> StrategyTerms:
        key = (strategy.id, sku.id, version, authorised)
        found = self._strategies.get(key)
        if found is None:
            found = self._strategies[key] = _strategy_terms(item, strategy, sku, authorised)
        return found

    def _built_in(self, sku: Sku, version: int, authorised: int) -> StrategyTerms:
        key = (None, sku.id, version, authorised)
        found = self._strategies.get(key)
        if found is None:
            found = self._strategies[key] = _built_in_terms(sku, authorised)
        return found


def _facts(sku: Sku, product: Product, stock: Sequence[tuple[UUID, Mode, int]]) -> SkuFacts:
    takes = tuple(StockTake(item_id, mode, units) for item_id, mode, units in stock)
    validity = product.attributes.get("validity") or {}
    dated = any(take.mode in DATED for take in takes)
    on_date = validity.get("by") == "date"
    return SkuFacts(
        sku_id=sku.id,
        product_id=product.id,
        product_name=product.name,
        sku_name=sku.name,
        product_kind=product.kind.value,
        fulfilment=product.fulfilment.value,
        list_price=sku.list_price,
        stock=takes,
        on_sale=product.status is ProductStatus.ON_SALE and not sku.retired,
        needs_date=dated or on_date,
        valid_on_date=on_date,
        validity_days=validity.get("days"),
    )


def _strategy_terms(item: StrategyItem, strategy: Strategy, sku: Sku, authorised: int | None) -> StrategyTerms:
    return StrategyTerms(
        id=strategy.id,
        name=strategy.name,
        channel=strategy.channel.value,
        business_mode=strategy.business_mode.value,
        priority=strategy.priority,
        narrowness=NARROWNESS[strategy.audience_kind],
        valid_from=strategy.valid_from,
        valid_to=strategy.valid_to or date.max,
        pay_by=tuple(strategy.pay_by),
        order_approval=strategy.order_approval,
        refund_rules=tuple(strategy.refund_rules),
        prices=compile_prices(
            mode=strategy.business_mode,
            settlement_price=item.settlement_price,
            retail_price=item.retail_price,
            commission_percent=item.commission_percent,
            commission_amount=item.commission_amount,
            date_prices=item.date_prices,
            quantity_prices=item.quantity_prices,
            list_price=sku.list_price,
            authorised=authorised,
        ),
        limits=parse_limits(item.limits),
        limits_given=item.limits,
    )


def _built_in_terms(sku: Sku, authorised: int) -> StrategyTerms:
    """The built-in authorised strategy: individual customers, wholesale, prepaid, free refunds until the anchor."""
    return StrategyTerms(
        id=None,
        name="",
        channel=Channel.INDIVIDUAL.value,
        business_mode=BusinessMode.WHOLESALE.value,
        priority=0,
        narrowness=0,
        valid_from=date.min,
        valid_to=date.max,
        pay_by=(PayBy.PREPAID.value,),
        order_approval=False,
        refund_rules=BUILT_IN_LADDER,
        prices=built_in_prices(list_price=sku.list_price, authorised=authorised),
        limits=Limits(),
        limits_given={},
    )


def _is_for(strategy: Strategy, relation: SupplyRelation, distributor_id: UUID) -> bool:
    match strategy.audience_kind:
        case AudienceKind.ALL:
            return True
        case AudienceKind.TIERS:
            return relation.tier in strategy.tiers
        case AudienceKind.DISTRIBUTORS:
            return distributor_id in strategy.distributor_ids


def _refusal(row: queries.TermsRow, facts: SkuFacts, distributor_active: bool) -> Reason | None:
    relation: SupplyRelation = row.SupplyRelation
    if not distributor_active or row.supplier_status is not OrganizationStatus.ACTIVE:
        return Reason.ORGANIZATION_NOT_ACTIVE
    if relation.status is not RelationStatus.ACTIVE:
        return Reason.RELATION_STOPPED
    if not facts.on_sale:
        return Reason.NOT_ON_SALE
    if relation.sells is Sells.LISTED and row.authorised is None:
        return Reason.NOT_AUTHORISED
    return None


def versions_of(terms: Collection[SkuTerms]) -> set[int]:
    """The catalogue versions that these terms were read in: more than one means that some are stale."""
    return {entry.catalogue_version for entry in terms}
