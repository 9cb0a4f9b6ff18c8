"""A supplier with stock and a distributor with money, by the shortest way, for tests below HTTP."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg

from distro_api.accounts.models import AccountKind
from distro_api.accounts.service import ledger
from distro_api.accounts.service.ledger import Why
from distro_api.core import clock
from distro_api.core.idempotency import Key
from distro_api.identity.service.audit import Actor
from distro_api.inventory.models import Mode, bucket_id
from distro_api.offers.service.quote import Quote, QuotedLine, StockTake
from distro_api.orders.service.commands import Approve, Cancel, Close, Customer, Pay, Place, RefundUnits, Reject
from distro_api.tickets.service.lane import Redeem, Reverse

DAY = clock.local_date(clock.now(), "Asia/Shanghai") + timedelta(days=33)
ANCHOR = datetime(DAY.year, DAY.month, DAY.day, tzinfo=clock.zone("Asia/Shanghai")).astimezone(UTC)
LADDER = ({"until_hours_before": 24, "fee_percent": "0"}, {"until_hours_before": 0, "fee_percent": "20"})


@dataclass
class Market:
    """Ids of what was made."""

    supplier_id: UUID
    distributor_ids: list[UUID]
    item_ids: list[UUID]
    account_ids: dict[UUID, UUID] = field(default_factory=dict)

    @property
    def distributor_id(self) -> UUID:
        return self.distributor_ids[0]

    def line(
        self,
        quantity: int = 1,
        *,
        item: int = 0,
        price: int = 100,
        units: int = 1,
        day: date | None = DAY,
        per_day: int | None = None,
        sku_id: UUID | None = None,
    ) -> QuotedLine:
        """A line for the item on a date, at a settlement price; retail is a quarter more."""
        sku = sku_id or UUID(int=self.item_ids[item].int ^ units)
        retail = price + price // 4
        return QuotedLine(
            sku_id=sku,
            product_id=sku,
            product_name="黄山风景区",
            sku_name="成人票",
            product_kind="ticket",
            fulfilment="code",
            quantity=quantity,
            service_date=day,
            slot=None,
            strategy_id=None,
            retail_price=retail,
            settlement_price=price,
            retail_amount=retail * quantity,
            settlement_amount=price * quantity,
            commission_amount=0,
            stock=(StockTake(self.item_ids[item], Mode.DAILY if day else Mode.TOTAL, units),),
            refund_rules=LADDER,
            anchor=ANCHOR if day else None,
            valid_from=day,
            valid_to=day,
            per_day_limit=per_day,
            explanation=(),
        )

    def quote(self, *lines: QuotedLine, distributor: int = 0, approval: bool = False) -> Quote:
        return Quote(
            supplier_id=self.supplier_id,
            distributor_id=self.distributor_ids[distributor],
            channel="individual",
            business_mode="wholesale",
            payer="distributor",
            pay_by=("prepaid", "credit"),
            order_approval=approval,
            currency="CNY",
            lines=lines,
            catalogue_version=0,
        )

    def place(
        self,
        *lines: QuotedLine,
        pay: str | None = "prepaid",
        key: str | None = None,
        distributor: int = 0,
        approval: bool = False,
        window_s: float = 600,
        body: bytes = b"",
        order_id: UUID | None = None,
        expected: int | None = None,
        outside_no: str | None = None,
    ) -> Place:
        at = clock.now()
        organization_id = self.distributor_ids[distributor]
        return Place(
            actor=Actor(organization_id, None),
            at=at,
            today=clock.local_date(at, "Asia/Shanghai"),
            key=None if key is None else Key(organization_id, key, body),
            order_id=order_id or clock.new_id(),
            quote=self.quote(*(lines or (self.line(),)), distributor=distributor, approval=approval),
            customer=Customer("王小明", "+8613800138000", None),
            pay=pay,
            expected_total_amount=expected,
            pay_before=at + timedelta(seconds=window_s),
            source="direct",
            outside_no=outside_no,
            note=None,
            shipping_address=None,
        )

    def cancel(self, order_id: UUID, by: UUID | None = None) -> Cancel:
        return Cancel(
            Actor(by or self.distributor_id),
            clock.now(),
            DAY - timedelta(days=30),
            None,
            order_id,
            by or self.distributor_id,
            "行程有变",
        )

    def pay(self, order_id: UUID, method: str = "prepaid") -> Pay:
        return Pay(
            Actor(self.distributor_id),
            clock.now(),
            DAY - timedelta(days=30),
            None,
            order_id,
            self.distributor_id,
            method,
        )

    def close(self, order_id: UUID) -> Close:
        return Close(Actor(), clock.now(), DAY - timedelta(days=30), None, order_id)

    def approve(self, order_id: UUID) -> Approve:
        at = clock.now()
        return Approve(
            Actor(self.supplier_id),
            at,
            DAY - timedelta(days=30),
            None,
            order_id,
            self.supplier_id,
            at + timedelta(minutes=10),
        )

    def reject(self, order_id: UUID) -> Reject:
        return Reject(
            Actor(self.supplier_id), clock.now(), DAY - timedelta(days=30), None, order_id, self.supplier_id, "资料不全"
        )

    def refund(self, order_id: UUID, quantities: dict[UUID, int] | None) -> RefundUnits:
        by = self.distributor_id
        return RefundUnits(Actor(by), clock.now(), DAY - timedelta(days=30), None, order_id, by, quantities, "人数减少")

    def reverse(self, ticket_id: UUID) -> Reverse:
        return Reverse(self.supplier_id, ticket_id, None, "扫错了", Actor(self.supplier_id), clock.now(), None)

    def redeem(self, code: str, *, quantity: int | None = None, serial: str | None = None, today: date = DAY) -> Redeem:
        device = None if serial is None else "gate-1"
        return Redeem(
            self.supplier_id, code, quantity, device, serial, today, Actor(self.supplier_id), clock.now(), None
        )


async def market(
    connection: asyncpg.Connection,
    *,
    distributors: int = 1,
    items: int = 1,
    capacity: int = 1000,
    money: int = 1_000_000,
    day: date | None = DAY,
) -> Market:
    """A supplier, `distributors` with prepaid accounts of `money`, `items` with `capacity` on the day."""
    made = Market(clock.new_id(), [clock.new_id() for _ in range(distributors)], [clock.new_id() for _ in range(items)])
    now = clock.now()
    organizations = [
        (made.supplier_id, "supplier", "测试供货方"),
        *((id_, "distributor", "测试分销商") for id_ in made.distributor_ids),
    ]
    await connection.executemany(
        "INSERT INTO organizations (id, kind, name, status, partner_code, partner_policy, version, created_at, updated_at) "
        "VALUES ($1, $2, $3, 'active', gen_random_uuid()::text, 'invitation', 1, $4, $4)",
        [(*row, now) for row in organizations],
    )
    await connection.executemany(
        "INSERT INTO inventory_items (id, supplier_id, name, mode, version, created_at, updated_at) VALUES ($1, $2, '门票', $3, 1, $4, $4)",
        [(item, made.supplier_id, "daily" if day else "total", now) for item in made.item_ids],
    )
    await open_skus(connection, made)
    for item in made.item_ids:
        await open_bucket(connection, made.supplier_id, item, day, capacity)
    await open_book(connection, made.supplier_id)
    for distributor_id in made.distributor_ids:
        made.account_ids[distributor_id] = await open_account(connection, made.supplier_id, distributor_id, money=money)
    return made


async def open_skus(connection: asyncpg.Connection, made: Market) -> None:
    """The SKUs that `Market.line` names: of one, two and three units of each item."""
    product, now = clock.new_id(), clock.now()
    await connection.execute(
        "INSERT INTO products (id, supplier_id, product_code, kind, name, attributes, stock_mode, fulfilment, real_name, status, "
        "publish_on_approval, version, created_at, updated_at) "
        "VALUES ($1, $2, $4, 'ticket', '黄山风景区', '{}', 'daily', 'code', 'none', 'on_sale', true, 1, $3, $3)",
        product,
        made.supplier_id,
        now,
        str(product),
    )
    await connection.executemany(
        "INSERT INTO skus (id, product_id, supplier_id, name, list_price, units, attributes, position, retired, version, created_at, updated_at) "
        "VALUES ($1, $2, $3, '成人票', 125, $4, '{}', 0, false, 1, $5, $5)",
        [
            (UUID(int=item.int ^ units), product, made.supplier_id, units, now)
            for item in made.item_ids
            for units in (1, 2, 3)
        ],
    )


async def open_bucket(
    connection: asyncpg.Connection, supplier_id: UUID, item: UUID, day: date | None, capacity: int
) -> None:
    """A bucket with its capacity movement."""
    bucket = bucket_id(item, day, None)
    await connection.execute(
        "INSERT INTO inventory_buckets (id, item_id, supplier_id, service_date, capacity, held, sold, issued, closed) "
        "VALUES ($1, $2, $3, $4, $5, 0, 0, 0, false)",
        bucket,
        item,
        supplier_id,
        day,
        capacity,
    )
    await connection.execute(
        "INSERT INTO inventory_movements (id, created_at, supplier_id, item_id, bucket_id, service_date, kind, capacity_delta, "
        "held_delta, sold_delta, issued_delta, reason) VALUES ($1, $2, $3, $4, $5, $6, 'capacity', $7, 0, 0, 0, '')",
        clock.new_id(),
        clock.now(),
        supplier_id,
        item,
        bucket,
        day,
        capacity,
    )


async def open_book(connection: asyncpg.Connection, supplier_id: UUID) -> None:
    """The contra accounts of a supplier's book."""
    await ledger.open_contra_accounts(connection, supplier_id)


async def open_account(
    connection: asyncpg.Connection,
    supplier_id: UUID,
    owner_id: UUID,
    *,
    money: int,
    kind: str = "prepaid",
    limit: int = 0,
) -> UUID:
    """A money account, funded by a real transfer."""
    account_id, now = clock.new_id(), clock.now()
    await connection.execute(
        "INSERT INTO accounts (id, supplier_id, owner_id, kind, unit, status, posted, frozen, credit_limit, limit_floor, entry_count, "
        "version, created_at, updated_at) VALUES ($1, $2, $3, $4, 'CNY', 'active', 0, 0, $5, $5, 0, 1, $6, $6)",
        account_id,
        supplier_id,
        owner_id,
        kind,
        limit,
        now,
    )
    if money:
        async with connection.transaction():
            books = await ledger.lock_many(connection, [account_id])
            why = Why("recharge", clock.new_id(), now)
            books.credit(books.accounts[account_id], money, AccountKind.CASH, why, clock.new_id())
            await ledger.book(connection, books)
    return account_id
