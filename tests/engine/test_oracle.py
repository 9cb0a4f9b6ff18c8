"""The oracle: a plain model of the business, one command after the other, must agree with batches on the database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distro_api.core import clock
from distro_api.core.settings import Settings
from distro_api.core.verify import run_checks
from distro_api.orders.service.batch import execute
from distro_api.orders.service.source import RandomSource
from make.engine import CHECKS, counted
from make.market import Market, market

ITEMS, CAPACITY, MONEY, PRICE = 2, 12, 1500, 100


@dataclass
class ModelOrder:
    """What the model knows of an order."""

    item: int
    quantity: int
    status: str
    overdue: bool
    frozen: bool = False
    redeemed: int = 0
    refunded: int = 0
    code_known: bool = False
    serials: dict[str, int] = field(default_factory=dict)
    uses: list[int] = field(default_factory=list)


@dataclass
class Model:
    """The business without a database: slow, sequential, obvious."""

    stock: list[int] = field(default_factory=lambda: [CAPACITY] * ITEMS)
    money: int = MONEY
    orders: list[ModelOrder | None] = field(default_factory=list)
    keys: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def look(self) -> None:
        """A client learns a ticket's code from the answer: it can't name one that the same batch issues."""
        for order in self.orders:
            if order is not None and (order.status in ("paid", "completed") or order.refunded):
                order.code_known = True

    def run(self, action: tuple[Any, ...]) -> str:
        kind, *rest = action
        if kind == "place":
            return self._place(*rest)
        order = self.orders[rest[0]] if rest[0] < len(self.orders) else None
        if order is None:
            return "204" if kind == "close" else "not_found"
        return str(getattr(self, f"_{kind}")(order, *rest[1:]))

    def _place(self, item: int, quantity: int, pay: bool, approval: bool, overdue: bool, key: str | None) -> str:
        asked = (item, quantity, pay, approval, overdue)
        if key is not None and key in self.keys:
            before, answer = self.keys[key]
            self.orders.append(None)
            return answer if before == asked else "idempotency_key_reused"
        answer, order = "201", None
        if quantity > self.stock[item]:
            answer = "insufficient_stock"
        elif pay and quantity * PRICE > self.money:
            answer = "insufficient_funds"
        else:
            status = "pending_approval" if approval else "paid" if pay else "pending_payment"
            order = ModelOrder(item, quantity, status, overdue, frozen=approval and pay)
            self.stock[item] -= quantity
            self.money -= quantity * PRICE if pay else 0
        self.orders.append(order)
        if key is not None:
            self.keys[key] = (asked, answer)
        return answer

    def _pay(self, order: ModelOrder) -> str:
        if order.status != "pending_payment":
            return "state_conflict"
        if order.overdue:
            return "payment_window_over"
        if order.quantity * PRICE > self.money:
            return "insufficient_funds"
        self.money -= order.quantity * PRICE
        order.status = "paid"
        return "200"

    def _approve(self, order: ModelOrder) -> str:
        if order.status != "pending_approval":
            return "state_conflict"
        order.status = "paid" if order.frozen else "pending_payment"
        order.overdue, order.frozen = False, False
        return "200"

    def _reject(self, order: ModelOrder) -> str:
        return self._let_go(order, "cancelled") if order.status == "pending_approval" else "state_conflict"

    def _close(self, order: ModelOrder) -> str:
        due = order.status == "pending_payment" and order.overdue
        return self._let_go(order, "closed") if due else "204"

    def _let_go(self, order: ModelOrder, status: str) -> str:
        self.stock[order.item] += order.quantity
        self.money += order.quantity * PRICE if order.frozen else 0
        order.status, order.frozen = status, False
        return "200"

    def _catch_up(self, order: ModelOrder) -> None:
        """Who cancels or refunds finds the order as its tickets say it is."""
        if order.status == "paid" and order.redeemed and order.redeemed + order.refunded == order.quantity:
            order.status = "completed"

    def _cancel(self, order: ModelOrder) -> str:
        self._catch_up(order)
        if order.status in ("pending_approval", "pending_payment"):
            return self._let_go(order, "cancelled")
        if order.status != "paid":
            return "state_conflict"
        return self._refund(order, order.quantity - order.redeemed - order.refunded, "200", "nothing_to_refund")

    def _refund(self, order: ModelOrder, quantity: int, yes: str = "201", no: str = "not_refundable") -> str:
        self._catch_up(order)
        if order.status != "paid":
            return "state_conflict"
        left = order.quantity - order.redeemed - order.refunded
        if quantity > left or left == 0:
            return no
        self.stock[order.item] += quantity
        self.money += quantity * PRICE
        order.refunded += quantity
        if order.redeemed + order.refunded == order.quantity:
            order.status = "completed" if order.redeemed else "cancelled"
        return yes

    def _redeem(self, order: ModelOrder, quantity: int, serial: str) -> str:
        if not order.code_known:
            return "not_found"
        if serial in order.serials:
            return "200"
        if quantity > order.quantity - order.redeemed - order.refunded:
            return "ticket_not_redeemable"
        order.redeemed += quantity
        order.serials[serial] = quantity
        order.uses.append(quantity)
        return "200"


index = st.integers(0, 7)
quantity = st.integers(1, 6)
action = st.one_of(
    st.tuples(
        st.just("place"),
        st.integers(0, ITEMS - 1),
        quantity,
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.one_of(st.none(), st.sampled_from(["a", "b", "c"])),
    ),
    st.tuples(st.sampled_from(["pay", "approve", "reject", "close", "cancel"]), index),
    st.tuples(st.just("refund"), index, quantity),
    st.tuples(st.just("redeem"), index, quantity, st.sampled_from(["1", "2"])),
)
histories = st.lists(st.lists(action, min_size=1, max_size=8), min_size=1, max_size=6)


class Driver:
    """Turns the model's actions into commands on the real thing."""

    def __init__(self, m: Market, connection: asyncpg.Connection) -> None:
        self.m, self.connection = m, connection
        self.ids: list[UUID] = []

    async def command(self, action: tuple[Any, ...], known: int) -> Any:
        """The command; of orders it knows those placed before this batch."""
        kind, *rest = action
        if kind == "place":
            item, count, pay, approval, overdue, key = rest
            self.ids.append(clock.new_id())
            line = self.m.line(count, item=item, price=PRICE)
            body = repr((item, count, pay, approval, overdue)).encode()
            return self.m.place(
                line,
                pay="prepaid" if pay else None,
                approval=approval,
                key=key,
                body=body,
                window_s=-1 if overdue else 600,
                order_id=self.ids[-1],
            )
        order_id = self.ids[rest[0]] if rest[0] < known else clock.new_id()
        if kind == "redeem":
            code = await self.connection.fetchval("SELECT code FROM tickets WHERE order_id = $1", order_id)
            return self.m.redeem(code or "none", quantity=rest[1], serial=f"{order_id}-{rest[2]}")
        if kind == "refund":
            line_id = await self.connection.fetchval("SELECT id FROM order_lines WHERE order_id = $1", order_id)
            return self.m.refund(order_id, {line_id or clock.new_id(): rest[1]})
        return getattr(self.m, kind)(order_id)


def later(batch: list[tuple[Any, ...]], known: int) -> list[tuple[Any, ...]]:
    """A client knows an order only after its batch: what names one of this batch names nothing."""
    return [a if a[0] == "place" or a[1] < known else (a[0], 10_000, *a[2:]) for a in batch]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(history=histories)
async def test_batches_do_what_the_model_does(
    history: list[list[tuple[Any, ...]]],
    owner_connection: asyncpg.Connection,
    sweep: Callable[[], Awaitable[None]],
    settings: Settings,
) -> None:
    await sweep()
    m = await market(owner_connection, items=ITEMS, capacity=CAPACITY, money=MONEY)
    model, driver, source = Model(), Driver(m, owner_connection), RandomSource(settings.time_zone)
    for raw_batch in history:
        known = len(driver.ids)
        batch = later(raw_batch, known)
        commands = [await driver.command(action, known) for action in batch]
        model.look()
        expected = [model.run(action) for action in batch]
        async with owner_connection.transaction():
            outcomes = await execute(source, settings.time_zone, owner_connection, commands)
        assert [next(iter(counted([outcome]))) for outcome in outcomes] == expected
    available = [b["capacity"] - b["held"] - b["sold"] for b in await _buckets(owner_connection, m)]
    assert available == model.stock
    account = await owner_connection.fetchrow("SELECT posted, frozen FROM accounts WHERE kind = 'prepaid'")
    assert account["posted"] - account["frozen"] == model.money
    assert (
        await run_checks(owner_connection, CHECKS, "Asia/Shanghai") == []
    )  # though no worker follows: the proof holds at any moment


async def _buckets(connection: asyncpg.Connection, m: Market) -> list[asyncpg.Record]:
    return [
        await connection.fetchrow("SELECT capacity, held, sold FROM inventory_buckets WHERE item_id = $1", item)
        for item in m.item_ids
    ]
