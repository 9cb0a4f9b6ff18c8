"""What the worker does for orders without being asked."""

import asyncio
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.lanes import Lanes
from distro_api.identity.service.audit import Actor
from distro_api.orders.models import Order
from distro_api.orders.service.commands import Close, Command
from distro_api.orders.service.world import Outcome

SWEEP_LIMIT = 500


async def overdue(session: AsyncSession) -> list[tuple[UUID, UUID]]:
    """(order, supplier) of orders whose time to pay is over by the database's clock; nothing is locked."""
    found = select(Order.id, Order.supplier_id).where(Order.pay_before <= text("clock_timestamp()"))
    return [(row[0], row[1]) for row in await session.execute(found.order_by(Order.pay_before).limit(SWEEP_LIMIT))]


async def close_overdue(session: AsyncSession, lanes: Lanes[Command, Outcome], time_zone: str) -> int:
    """Close them through the lanes, which test each one again under its lock; how many were asked for."""
    at = clock.now()
    today = clock.local_date(at, time_zone)
    found = await overdue(session)
    await asyncio.gather(
        *(lanes.submit(supplier_id, Close(Actor(), at, today, None, order_id)) for order_id, supplier_id in found)
    )
    return len(found)
