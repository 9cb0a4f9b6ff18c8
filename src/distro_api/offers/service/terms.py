"""Terms: everything a quote needs to know of a SKU for a distributor, parsed once and kept per process.

Entries carry the supplier's catalogue version of the snapshot they were read in. Who can tell that it has changed (the
lane that places an order, `refresh` before a quote for display) forgets the supplier, and the next reader reads anew.
"""

from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.identity.models import OrganizationStatus
from distro_api.inventory.models import Mode
from distro_api.offers import queries
from distro_api.offers.service.choice import Reason, ranked
from distro_api.offers.service.quote import StockTake
from distro_api.products.models import Product, ProductStatus, Sku
from distro_api.relations.models import RelationStatus, Sells
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
TOGETHER = 50
"""SKUs of a supplier that are read with one that was not known: fifty cost little more than one."""
DATED = (Mode.DAILY, Mode.SLOT)
BUILT_IN_LADDER: tuple[dict[str, object], ...] = ({"until_hours_before": 0, "fee_percent": "0"},)
NARROWNESS = {AudienceKind.ALL: 0, AudienceKind.TIERS: 1, AudienceKind.DISTRIBUTORS: 2}


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class _Sku:
    """What one process knows of a SKU, for whichever distributor."""

    supplier_id: UUID
    catalogue_version: int
    supplier_active: bool
    sku: Sku
    facts: SkuFacts
    strategies: tuple[tuple[StrategyItem, Strategy, StrategyTerms], ...]
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class _Made:
    """What a SKU and a relation make together."""

    sku: _Sku
    relation: queries.RelationRow
    terms: SkuTerms


ValueT = TypeVar("ValueT", _Sku, queries.RelationRow, _Made)
KeyT = TypeVar("KeyT", bound=Hashable)


class _Kept(Generic[KeyT, ValueT]):
    """At most `capacity` values, the least used leave first; all of a supplier's can be dropped at once."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._values: OrderedDict[KeyT, tuple[UUID, ValueT]] = OrderedDict()
        self._of_supplier: dict[UUID, set[KeyT]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: KeyT) -> ValueT | None:
        if (found := self._values.get(key)) is None:
            return None
        self._values.move_to_end(key)
        return found[1]

    def put(self, key: KeyT, supplier_id: UUID, value: ValueT) -> None:
        self._values[key] = (supplier_id, value)
        self._values.move_to_end(key)
        self._of_supplier.setdefault(supplier_id, set()).add(key)
        if len(self._values) > self._capacity:
            oldest, (owner, _) = self._values.popitem(last=False)
            self._of_supplier[owner].discard(oldest)

    def drop(self, supplier_id: UUID) -> None:
        for key in self._of_supplier.pop(supplier_id, ()):
            self._values.pop(key, None)


class Terms:
    """The terms one process knows: at most `capacity` SKUs, relations and pairs of them, the least used leave first.

    A SKU is read once for all distributors, a relation once for all SKUs; what they make together is put together from
    what is known. So a market of a thousand SKUs and a thousand distributors is known after two thousand reads.
    """

    def __init__(self, sessions: async_sessionmaker[AsyncSession], capacity: int = CAPACITY) -> None:
        self._sessions = sessions
        self._skus: _Kept[UUID, _Sku] = _Kept(capacity)
        self._relations: _Kept[tuple[UUID, UUID], queries.RelationRow] = _Kept(capacity)
        self._made: _Kept[tuple[UUID, UUID], _Made] = _Kept(capacity)
        self._calendar = make_calendar(())
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._skus) + len(self._relations)

    async def get(self, distributor_id: UUID, sku_ids: Iterable[UUID]) -> Mapping[UUID, SkuTerms]:
        """Terms by SKU; a SKU that is unknown or not for this distributor's eyes is missing.

        A database session is opened only for what is not known yet, and closed before this returns.
        """
        wanted = list(dict.fromkeys(sku_ids))
        skus = await self._known_skus(wanted)
        relations = await self._known_relations(distributor_id, {sku.supplier_id for sku in skus.values()})
        if any(_differ(sku, relations.get(sku.supplier_id)) for sku in skus.values()):
            for supplier_id in relations:
                self.forget(supplier_id)
            skus = await self._known_skus(wanted)
            relations = await self._known_relations(distributor_id, {sku.supplier_id for sku in skus.values()})
        return {
            sku_id: self._together(distributor_id, sku, relation)
            for sku_id, sku in skus.items()
            if (relation := relations.get(sku.supplier_id)) is not None
        }

    async def refresh(self, distributor_id: UUID, sku_ids: Iterable[UUID]) -> bool:
        """Forget the suppliers of these SKUs whose catalogue has changed since it was read, or who may not sell now.

        Whether there were any.
        """
        known = {
            sku.supplier_id: sku.catalogue_version for sku_id in sku_ids if (sku := self._skus.get(sku_id)) is not None
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
        self._skus.drop(supplier_id)
        self._relations.drop(supplier_id)
        self._made.drop(supplier_id)

    def _together(self, distributor_id: UUID, sku: _Sku, relation: queries.RelationRow) -> SkuTerms:
        """What the SKU and the relation make together, made once while both are known."""
        known = self._made.get((distributor_id, sku.sku.id))
        if known is None or known.sku is not sku or known.relation is not relation:
            known = _Made(sku, relation, _terms(sku, relation))
            self._made.put((distributor_id, sku.sku.id), sku.supplier_id, known)
        return known.terms

    async def _known_skus(self, sku_ids: Sequence[UUID]) -> dict[UUID, _Sku]:
        found = {sku_id: sku for sku_id in sku_ids if (sku := self._skus.get(sku_id)) is not None}
        if len(found) == len(sku_ids):
            return found
        forgotten = self._forgotten
        missing = {sku_id for sku_id in sku_ids if sku_id not in found}
        async with self._sessions() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            together = missing.union(await queries.siblings(session, missing, TOGETHER))
            rows = await queries.read_skus(session, together)
        calendar = make_calendar(rows.holidays)
        if calendar != self._calendar:
            self._calendar = calendar
        for row in rows.skus:
            sku = self._sku(row, rows)
            if row.Sku.id in missing:
                found[row.Sku.id] = sku
            # who is not active is asked for again each time: activation does not change the catalogue version
            if forgotten == self._forgotten and sku.supplier_active:
                self._skus.put(row.Sku.id, sku.supplier_id, sku)
        return found

    async def _known_relations(
        self, distributor_id: UUID, supplier_ids: Collection[UUID]
    ) -> dict[UUID, queries.RelationRow]:
        found = {
            supplier_id: relation
            for supplier_id in supplier_ids
            if (relation := self._relations.get((distributor_id, supplier_id))) is not None
        }
        if len(found) == len(supplier_ids):
            return found
        forgotten = self._forgotten
        async with self._sessions() as session:
            missing = [supplier_id for supplier_id in supplier_ids if supplier_id not in found]
            read = await queries.read_relations(session, distributor_id, missing)
        for supplier_id, row in read.items():
            found[supplier_id] = row
            if forgotten == self._forgotten and row.distributor_active:
                self._relations.put((distributor_id, supplier_id), supplier_id, row)
        return found

    def _sku(self, row: queries.SkuRow, rows: queries.SkuRows) -> _Sku:
        sku: Sku = row.Sku
        strategies = [
            (item, strategy, _strategy_terms(item, strategy, sku, None))
            for item, strategy in rows.strategies.get(sku.id, ())
        ]
        return _Sku(
            sku.supplier_id,
            row.catalogue_version,
            row.supplier_status is OrganizationStatus.ACTIVE,
            sku,
            _facts(sku, row.Product, rows.stock.get(sku.id, ())),
            tuple(strategies),
            self._calendar,
        )


def _differ(sku: _Sku, relation: queries.RelationRow | None) -> bool:
    """Whether the two were read from different catalogues."""
    return relation is not None and relation.catalogue_version != sku.catalogue_version


def _terms(sku: _Sku, row: queries.RelationRow) -> SkuTerms:
    authorised = row.authorised.get(sku.sku.id)
    strategies = [
        terms if authorised is None else _strategy_terms(item, strategy, sku.sku, authorised)
        for item, strategy, terms in sku.strategies
        if _is_for(strategy, row)
    ]
    if authorised is not None:
        strategies.append(_built_in_terms(sku.sku, authorised))
    refusal = _refusal(sku, row, authorised)
    version = min(sku.catalogue_version, row.catalogue_version)  # the older of the two is what the lane must refuse
    return SkuTerms(sku.supplier_id, version, sku.facts, refusal, ranked(strategies), sku.calendar)


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


def _is_for(strategy: Strategy, relation: queries.RelationRow) -> bool:
    match strategy.audience_kind:
        case AudienceKind.ALL:
            return True
        case AudienceKind.TIERS:
            return relation.tier in strategy.tiers
        case AudienceKind.DISTRIBUTORS:
            return relation.distributor_id in strategy.distributor_ids


def _refusal(sku: _Sku, row: queries.RelationRow, authorised: int | None) -> Reason | None:
    if not (row.distributor_active and sku.supplier_active):
        return Reason.ORGANIZATION_NOT_ACTIVE
    if row.status is not RelationStatus.ACTIVE:
        return Reason.RELATION_STOPPED
    if not sku.facts.on_sale:
        return Reason.NOT_ON_SALE
    if row.sells is Sells.LISTED and authorised is None:
        return Reason.NOT_AUTHORISED
    return None


def versions_of(terms: Collection[SkuTerms]) -> set[int]:
    """The catalogue versions that these terms were read in: more than one means that some are stale."""
    return {entry.catalogue_version for entry in terms}
