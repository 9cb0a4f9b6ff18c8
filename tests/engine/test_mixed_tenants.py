"""Lanes see every tenant's rows: no decision touches another's money or stock, whatever a stored order says.

Each case is tried twice: with the check, and with the check taken away, when the harm is done. So the check is what
prevents it, and these tests would fail without it.
"""

import asyncio
import json
from uuid import UUID

import asyncpg
import pytest

from distro_api.core.errors import InternalError
from distro_api.orders.service import ending, world
from make.engine import OrderLanes, refused, told
from make.market import Market, market

pytestmark = pytest.mark.capability("X3")


@pytest.fixture(params=["checked", "check taken away"])
def checked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param != "checked":
        monkeypatch.setattr(world, "keep_apart", lambda order, world: None)
        monkeypatch.setattr(ending, "keep_apart", lambda order, world: None)
    return bool(request.param == "checked")


async def _two(connection: asyncpg.Connection) -> tuple[Market, Market]:
    """Two suppliers with a distributor each, who have nothing to do with each other."""
    return await market(connection, capacity=10, money=1000), await market(connection, capacity=10, money=1000)


async def _posted(connection: asyncpg.Connection, m: Market) -> int:
    found = await connection.fetchval(
        "SELECT posted FROM accounts WHERE kind = 'prepaid' AND supplier_id = $1", m.supplier_id
    )
    return int(found)


async def _taken(connection: asyncpg.Connection, m: Market) -> tuple[int, int]:
    row = await connection.fetchrow("SELECT held, sold FROM inventory_buckets WHERE supplier_id = $1", m.supplier_id)
    assert row is not None
    return row[0], row[1]


async def test_a_refund_never_reaches_a_stranger_s_account(
    lanes: OrderLanes, owner_connection: asyncpg.Connection, checked: bool
) -> None:
    mine, other = await _two(owner_connection)
    order = told(await lanes.submit(mine.supplier_id, mine.place(mine.line(3))))
    await owner_connection.execute(
        "UPDATE orders SET account_id = (SELECT id FROM accounts WHERE kind = 'prepaid' AND supplier_id = $1)",
        other.supplier_id,
    )
    cancel = mine.cancel(UUID(order["id"]))
    if checked:
        with pytest.raises(InternalError):
            await lanes.submit(mine.supplier_id, cancel)
        assert await _posted(owner_connection, other) == 1000
        assert await owner_connection.fetchval("SELECT status FROM orders") == "paid"
    else:
        told(await lanes.submit(mine.supplier_id, cancel))
        assert await _posted(owner_connection, other) == 1300


async def test_frozen_money_of_a_stranger_is_never_taken(
    lanes: OrderLanes, owner_connection: asyncpg.Connection, checked: bool
) -> None:
    mine, other = await _two(owner_connection)
    frozen = told(await lanes.submit(other.supplier_id, other.place(other.line(2), approval=True)))
    order = told(await lanes.submit(mine.supplier_id, mine.place(mine.line(2), approval=True)))
    await owner_connection.execute(
        "UPDATE orders o SET account_id = s.account_id, hold_id = s.hold_id FROM orders s WHERE o.id = $1 AND s.id = $2",
        UUID(order["id"]),
        UUID(frozen["id"]),
    )
    approve = mine.approve(UUID(order["id"]))
    if checked:
        with pytest.raises(InternalError):
            await lanes.submit(mine.supplier_id, approve)
        assert await _posted(owner_connection, other) == 1000
    else:
        told(await lanes.submit(mine.supplier_id, approve))
        assert await _posted(owner_connection, other) == 800


@pytest.mark.parametrize("way", ["cancel", "close"])
async def test_places_of_a_stranger_are_never_let_go(
    lanes: OrderLanes, owner_connection: asyncpg.Connection, checked: bool, way: str
) -> None:
    mine, other = await _two(owner_connection)
    told(await lanes.submit(other.supplier_id, other.place(other.line(4), pay=None)))
    order = told(await lanes.submit(mine.supplier_id, mine.place(mine.line(3), pay=None, window_s=-1)))
    stock = await owner_connection.fetchval("SELECT stock FROM order_lines WHERE supplier_id = $1", other.supplier_id)
    await owner_connection.execute(
        "UPDATE order_lines SET stock = $2::jsonb WHERE supplier_id = $1",
        mine.supplier_id,
        json.dumps(json.loads(stock)),
    )
    command = mine.cancel(UUID(order["id"])) if way == "cancel" else mine.close(UUID(order["id"]))
    if checked:
        with pytest.raises(InternalError):
            await lanes.submit(mine.supplier_id, command)
        assert (await _taken(owner_connection, other), await _taken(owner_connection, mine)) == ((4, 0), (3, 0))
    else:
        told(await lanes.submit(mine.supplier_id, command))
        assert await _taken(owner_connection, other) == (1, 0)


async def test_one_such_order_costs_only_itself(lanes: OrderLanes, owner_connection: asyncpg.Connection) -> None:
    """The others of its batch are carried out."""
    mine, other = await _two(owner_connection)
    bad, good = [told(await lanes.submit(mine.supplier_id, mine.place(mine.line(1)))) for _ in range(2)]
    await owner_connection.execute(
        "UPDATE orders SET account_id = (SELECT id FROM accounts WHERE kind = 'prepaid' AND supplier_id = $1) WHERE id = $2",
        other.supplier_id,
        UUID(bad["id"]),
    )
    commands = [mine.cancel(UUID(order["id"])) for order in (bad, good)]
    failed, done = await asyncio.gather(
        *(lanes.submit(mine.supplier_id, command) for command in commands), return_exceptions=True
    )
    assert isinstance(failed, InternalError)
    assert told(done)["status"] == "cancelled"


async def test_an_order_takes_no_stock_and_no_money_of_strangers(
    lanes: OrderLanes, owner_connection: asyncpg.Connection
) -> None:
    """A forged quote: another supplier's item, or a distributor who has no account in this book."""
    mine, other = await _two(owner_connection)
    forged = Market(mine.supplier_id, mine.distributor_ids, other.item_ids)
    assert refused(await lanes.submit(mine.supplier_id, mine.place(forged.line(1)))) == "insufficient_stock"
    stranger = Market(mine.supplier_id, other.distributor_ids, mine.item_ids)
    assert refused(await lanes.submit(mine.supplier_id, stranger.place(mine.line(1)))) == "no_account"
    assert await owner_connection.fetchval("SELECT count(*) FROM orders") == 0
