"""The data of the benchmarks, made at once: who sells what to whom, with stock and money that never run out.

*hot*: one supplier, one product, one distributor. *spread*: 20 suppliers with 50 products each, every one bought on one
date, and 1,000 distributors, 50 to a supplier: orders meet 1,000 stock rows and 1,000 accounts. Ids follow from
numbers, so that nothing has to be kept beside the database.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.accounts.models import Account, AccountKind
from distro_api.accounts.service import ledger
from distro_api.accounts.service.ledger import Why
from distro_api.core import clock
from distro_api.core.db import raw
from distro_api.identity.models import Kind, Organization, OrganizationStatus, User, UserStatus
from distro_api.identity.service.partnering import new_code
from distro_api.identity.service.tokens import Claims, Tokens
from distro_api.inventory.models import Item, Mode, MovementKind, bucket_id
from distro_api.products.models import (
    CatalogueVersion,
    Fulfilment,
    Product,
    ProductKind,
    ProductStatus,
    RealName,
    Sku,
    SkuStock,
)
from distro_api.relations.models import RelationStatus, Sells, SupplyRelation
from distro_api.strategies.models import AudienceKind, BusinessMode, Channel, Strategy, StrategyItem, StrategyStatus

SUPPLIERS, PRODUCTS, DISTRIBUTORS = 20, 1000, 1000
HOT = 0
"""Number of the hot supplier, product and distributor; those of the spread market begin at 1."""
DATES = 30
"""Service dates ahead over which the spread market's orders go."""
CALENDAR_DAYS = 75
CAPACITY = 1_000_000_000
MONEY = 10**14
SETTLEMENT_PRICE, RETAIL_PRICE = 8_000, 10_000
TIME_ZONE = "Asia/Shanghai"
TOKEN_LIFE_S = 86_400


def name(what: str, *numbers: object) -> UUID:
    """The id of the thing with these numbers."""
    return uuid5(NAMESPACE_URL, "/".join(("bench", what, *map(str, numbers))))


def supplier_of(number: int) -> int:
    """The supplier of a product or a distributor."""
    return HOT if number == HOT else 1 + (number - 1) % SUPPLIERS


def products_of(supplier: int) -> list[int]:
    return [n for n in range(PRODUCTS + 1) if supplier_of(n) == supplier]


def today() -> date:
    """The platform's day."""
    return clock.local_date(clock.now(), TIME_ZONE)


def service_date(product: int) -> date:
    """The one date on which a product is bought."""
    return today() + timedelta(days=1 + product % DATES)


async def build(session: AsyncSession) -> None:
    """Fill an empty, migrated database."""
    await _people(session)
    await _catalogue(session)
    await _strategies(session)
    connection = await raw(session)
    await open_buckets(connection, range(PRODUCTS + 1), _days())
    for supplier in range(SUPPLIERS + 1):
        await ledger.open_contra_accounts(connection, name("supplier", supplier))
    await _fund(session, connection)


async def _people(session: AsyncSession) -> None:
    organizations = [(name("admin"), Kind.ADMIN, "平台"), *_suppliers(), *_distributors()]
    await session.execute(
        insert(Organization),
        [
            {
                "id": i,
                "kind": kind,
                "name": n,
                "status": OrganizationStatus.ACTIVE,
                "partner_code": None if kind is Kind.ADMIN else new_code(),
            }
            for i, kind, n in organizations
        ],
    )
    users = [
        {
            "id": user_of(i),
            "organization_id": i,
            "username": f"bench-{i.hex}",
            "name": n,
            "status": UserStatus.ACTIVE,
            "password_hash": "!",
            "password_change_required": False,
        }
        for i, _, n in organizations
    ]
    await session.execute(insert(User), users)
    relations = [
        {
            "id": name("relation", n),
            "supplier_id": name("supplier", supplier_of(n)),
            "distributor_id": name("distributor", n),
            "sells": Sells.ALL,
            "status": RelationStatus.ACTIVE,
        }
        for n in range(DISTRIBUTORS + 1)
    ]
    await session.execute(insert(SupplyRelation), relations)


def _suppliers() -> Iterator[tuple[UUID, Kind, str]]:
    for n in range(SUPPLIERS + 1):
        yield name("supplier", n), Kind.SUPPLIER, f"景区 {n}"


def _distributors() -> Iterator[tuple[UUID, Kind, str]]:
    for n in range(DISTRIBUTORS + 1):
        yield name("distributor", n), Kind.DISTRIBUTOR, f"旅行社 {n}"


def user_of(organization_id: UUID) -> UUID:
    """Its owner."""
    return name("user", organization_id)


async def _catalogue(session: AsyncSession) -> None:
    numbers = [(n, name("supplier", supplier_of(n))) for n in range(PRODUCTS + 1)]
    items = [{"id": name("item", n), "supplier_id": s, "name": f"门票 {n}", "mode": Mode.DAILY} for n, s in numbers]
    await session.execute(insert(Item), items)
    products = [
        {
            "id": name("product", n),
            "supplier_id": supplier_id,
            "product_code": f"P{n:09d}",
            "kind": ProductKind.TICKET,
            "name": f"云海山风景区 {n} 号门",
            "attributes": {},
            "stock_mode": Mode.DAILY,
            "item_id": name("item", n),
            "fulfilment": Fulfilment.CODE,
            "real_name": RealName.NONE,
            "status": ProductStatus.ON_SALE,
        }
        for n, supplier_id in numbers
    ]
    await session.execute(insert(Product), products)
    skus = [
        {
            "id": name("sku", n),
            "product_id": name("product", n),
            "supplier_id": supplier_id,
            "name": "成人票",
            "list_price": RETAIL_PRICE,
            "units": 1,
            "attributes": {},
            "position": 0,
        }
        for n, supplier_id in numbers
    ]
    await session.execute(insert(Sku), skus)
    takes = [
        {"sku_id": name("sku", n), "item_id": name("item", n), "supplier_id": supplier_id, "units": 1, "position": 0}
        for n, supplier_id in numbers
    ]
    await session.execute(insert(SkuStock), takes)
    versions = [{"supplier_id": name("supplier", n), "version": 1} for n in range(SUPPLIERS + 1)]
    await session.execute(insert(CatalogueVersion), versions)


REFUND_RULES = [{"until_hours_before": 0, "fee_percent": "0"}, {"until_hours_before": -72, "fee_percent": "10"}]
"""Up to three days after the date: the mix cancels orders of today."""


async def _strategies(session: AsyncSession) -> None:
    since = today() - timedelta(days=400)
    strategies = [
        {
            "id": name("strategy", n),
            "supplier_id": name("supplier", n),
            "name": "散客策略",
            "channel": Channel.INDIVIDUAL,
            "business_mode": BusinessMode.WHOLESALE,
            "audience_kind": AudienceKind.ALL,
            "distributor_ids": [],
            "valid_from": since,
            "priority": 0,
            "pay_by": ["prepaid"],
            "order_approval": False,
            "refund_approval": False,
            "refund_rules": REFUND_RULES,
            "status": StrategyStatus.ACTIVE,
        }
        for n in range(SUPPLIERS + 1)
    ]
    await session.execute(insert(Strategy), strategies)
    weekend = {
        "date_from": since.isoformat(),
        "date_to": (since + timedelta(days=2000)).isoformat(),
        "weekdays": [6, 7],
        "settlement_price": SETTLEMENT_PRICE + 1_000,
        "retail_price": RETAIL_PRICE + 1_000,
    }
    items = [
        {
            "strategy_id": name("strategy", supplier_of(n)),
            "sku_id": name("sku", n),
            "supplier_id": name("supplier", supplier_of(n)),
            "settlement_price": SETTLEMENT_PRICE,
            "retail_price": RETAIL_PRICE,
            "date_prices": [weekend],
            "quantity_prices": [{"min_quantity": 10, "settlement_price": SETTLEMENT_PRICE - 500}],
            "limits": {"max_quantity": 100},
        }
        for n in range(PRODUCTS + 1)
    ]
    await session.execute(insert(StrategyItem), items)


def _days() -> list[date]:
    first = today().replace(day=1) - timedelta(days=1)  # a prepared database serves for the month
    return [first + timedelta(days=n) for n in range(CALENDAR_DAYS)]


async def open_buckets(connection: asyncpg.Connection, products: Sequence[int], days: Sequence[date]) -> None:
    """Capacity of the products on the days, with the movements that prove it."""
    wanted = [(name("item", n), name("supplier", supplier_of(n)), day) for n in products for day in days]
    await open_buckets_of(connection, wanted)


async def open_buckets_of(connection: asyncpg.Connection, wanted: Sequence[tuple[UUID, UUID, date]]) -> None:
    """The same for (item, supplier, date) triples."""
    at = clock.now()
    buckets = [(bucket_id(item, day, None), item, supplier, day) for item, supplier, day in wanted]
    await connection.copy_records_to_table(
        "inventory_buckets",
        columns=["id", "item_id", "supplier_id", "service_date", "capacity", "held", "sold", "issued", "closed"],
        records=[(*bucket, CAPACITY, 0, 0, 0, False) for bucket in buckets],
    )
    names = "id created_at supplier_id item_id bucket_id service_date kind capacity_delta held_delta sold_delta"
    await connection.copy_records_to_table(
        "inventory_movements",
        columns=[*names.split(), "issued_delta", "reason"],
        records=[
            (clock.new_id(), at, supplier, item, bucket, day, MovementKind.CAPACITY.value, CAPACITY, 0, 0, 0, "")
            for bucket, item, supplier, day in buckets
        ],
    )


async def _fund(session: AsyncSession, connection: asyncpg.Connection) -> None:
    """A prepaid account for each distributor, filled through the ledger."""
    accounts = [
        {
            "id": name("account", n),
            "supplier_id": name("supplier", supplier_of(n)),
            "owner_id": name("distributor", n),
            "kind": AccountKind.PREPAID,
            "unit": "CNY",
            "status": "active",
            "limit_floor": 0,
        }
        for n in range(DISTRIBUTORS + 1)
    ]
    await session.execute(insert(Account), accounts)
    books = await ledger.lock_many(connection, [name("account", n) for n in range(DISTRIBUTORS + 1)])
    for account in books.accounts.values():
        why = Why("recharge", clock.new_id(), clock.now())
        books.credit(account, MONEY, AccountKind.CASH, why, clock.new_id())
    await ledger.book(connection, books)


@dataclass(frozen=True, slots=True)
class Signer:
    """Mints access tokens under the product's own key."""

    tokens: Tokens

    def token(self, organization_id: UUID, kind: Kind) -> str:
        """A day's token of the organization's owner."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "user_id": user_of(organization_id),
            "organization_id": organization_id,
            "kind": kind,
            "roles": ("owner",),
            "session_id": name("session", organization_id),
            "perm_version": 1,
            "scope": "",
            "password_change_required": False,
            "issued_at": now,
            "expires_at": now + TOKEN_LIFE_S,
        }
        return self.tokens.issue(Claims(**claims))
