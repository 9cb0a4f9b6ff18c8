"""What every step of the demo data works with: the moment it is loaded for, the plans, and who acts."""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.demo import food, leisure, scenic
from distro_api.demo.buyers import DISTRIBUTORS
from distro_api.demo.plans import DistributorPlan, ProductPlan, RelationPlan, SkuPlan, SupplierPlan
from distro_api.identity.models import Organization, User
from distro_api.identity.principal import Principal
from distro_api.identity.queries import roles_of_users
from distro_api.identity.service.access import granted
from distro_api.inventory.models import Item
from distro_api.products.models import Sku

SUPPLIERS: tuple[SupplierPlan, ...] = (scenic.SUPPLIER, leisure.SNOW_PARK, food.SUPPLIER, leisure.MUSEUM)
DAYS_BACK, DAYS_AHEAD = 60, 120
ORDERS = 5000
LEAST_PRODUCTS = 5
DEMO = UUID("0de50000-0000-4000-8000-00000000de50")
"""The object that the loader's marks in the audit trail are about; also the session its principals act in."""


@dataclass(frozen=True, slots=True)
class Stage:
    """`anchor` is the instant that the data is made for: what is before it has happened, what is after it is open."""

    anchor: datetime
    time_zone: str
    bonus_point_amount: int
    scale: float

    @property
    def today(self) -> date:
        return clock.local_date(self.anchor, self.time_zone)

    @property
    def first_day(self) -> date:
        """The first day of the calendar and of the orders."""
        return self.today - timedelta(days=DAYS_BACK)

    @property
    def last_day(self) -> date:
        """The last day of the calendar."""
        return self.today + timedelta(days=DAYS_AHEAD - 1)

    @property
    def orders(self) -> int:
        return max(1, round(ORDERS * self.scale))

    def instant(self, day: date, hour: int, minute: int = 0) -> datetime:
        """A time of day where the platform is, never after the anchor."""
        return min(datetime.combine(day, time(hour, minute), clock.zone(self.time_zone)), self.anchor)

    def minutes(self, day: date, hour: int) -> Iterator[datetime]:
        """One minute after the other: what is made in turn is listed in that order."""
        start = self.instant(day, hour)
        return (start + timedelta(minutes=number) for number in itertools.count())

    def products(self, supplier: SupplierPlan) -> tuple[ProductPlan, ...]:
        """Those on sale; of a small load the first ones."""
        count = len(supplier.products)
        return supplier.products[: max(min(LEAST_PRODUCTS, count), math.ceil(count * self.scale))]


@dataclass(frozen=True, slots=True)
class Ware:
    """A SKU of the market with the plan it was made by."""

    id: UUID
    supplier: str
    sku: SkuPlan
    product: ProductPlan


@dataclass(frozen=True, slots=True)
class Market:
    """What is there already, by the names of the plans."""

    people: Mapping[str, Principal]
    wares: Mapping[str, Ware]
    items: Mapping[str, UUID]
    """Inventory items: each is named like the product that it was made for."""

    @property
    def admin(self) -> Principal:
        return self.people["admin"]

    def wares_of(self, product: ProductPlan) -> list[Ware]:
        return [self.wares[sku.code] for sku in product.skus if sku.code in self.wares]


def relations() -> list[tuple[DistributorPlan, RelationPlan]]:
    """Who works with whom."""
    return [(distributor, relation) for distributor in DISTRIBUTORS for relation in distributor.relations]


async def read_market(session: AsyncSession) -> Market:
    """The market as far as it is built."""
    people: dict[str, Principal] = {}
    rows = await session.execute(
        select(User, Organization.kind).join(Organization, Organization.id == User.organization_id)
    )
    people_found = rows.all()
    roles = await roles_of_users(session, [user.id for user, _ in people_found])
    for user, kind in people_found:
        held = granted(kind, roles.get(user.id, ()), ())
        people[user.username] = Principal(user.id, user.organization_id, kind, held, DEMO)
    found = dict((await session.execute(select(Sku.code, Sku.id))).all())
    wares = {
        sku.code: Ware(found[sku.code], plan.username, sku, product)
        for plan in SUPPLIERS
        for product in plan.products
        for sku in product.skus
        if sku.code in found
    }
    items = dict((await session.execute(select(Item.name, Item.id))).all())
    return Market(people, wares, items)
