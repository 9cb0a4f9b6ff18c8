"""What the worker does for orders without being asked."""

import asyncio
from datetime import date
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock
from distro_api.core.lanes import Lanes
from distro_api.identity.service.audit import Actor
from distro_api.orders.models import Order, OrderLine
from distro_api.orders.service.commands import Close, Command
from distro_api.orders.service.world import Outcome
from distro_api.orders.states import OrderStatus

SWEEP_LIMIT = 500

Found = list[tuple[UUID, UUID]]
"""(order, supplier); nothing is locked."""


async def overdue(session: AsyncSession) -> Found:
    """Orders whose time to pay is over by the database's clock."""
    found = select(Order.id, Order.supplier_id).where(Order.pay_before <= text("clock_timestamp()"))
    return [(row[0], row[1]) for row in await session.execute(found.order_by(Order.pay_before).limit(SWEEP_LIMIT))]


async def undecided(session: AsyncSession, today: date) -> Found:
    """Orders that wait for approval though some of it can't be used any more."""
    over = exists().where(OrderLine.order_id == Order.id, OrderLine.valid_to < today)
    waiting = select(Order.id, Order.supplier_id).where(Order.status == OrderStatus.PENDING_APPROVAL, over)
    return [(row[0], row[1]) for row in await session.execute(waiting.order_by(Order.id).limit(SWEEP_LIMIT))]


async def close_over(sessions: async_sessionmaker[AsyncSession], lanes: Lanes[Command, Outcome], time_zone: str) -> int:
    """Close what is over through the lanes, which test each order again under its lock; how many were asked for.

    No transaction of ours is open while the commands wait in the lanes.
    """
    at = clock.now()
    today = clock.local_date(at, time_zone)
    async with sessions() as session:
        found = {*await overdue(session), *await undecided(session, today)}
    await asyncio.gather(
        *(lanes.submit(supplier_id, Close(Actor(), at, today, None, order_id)) for order_id, supplier_id in found)
    )
    return len(found)
