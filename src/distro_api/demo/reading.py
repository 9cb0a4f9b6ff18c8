"""Reads of what an interrupted run has left."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.demo.fates import Code, Sale
from distro_api.orders.models import Order, OrderLine
from distro_api.orders.states import OrderStatus
from distro_api.tickets.models import Ticket

OPEN = (OrderStatus.PENDING_APPROVAL, OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.FULFILLING)


async def placed(session: AsyncSession) -> int:
    """How many orders there are."""
    return await session.scalar(select(func.count()).select_from(Order)) or 0


async def open_sales(session: AsyncSession) -> list[Sale]:
    """The orders that something may still happen to, oldest first."""
    orders = (await session.scalars(select(Order).where(Order.status.in_(OPEN)).order_by(Order.id))).all()
    ids = [order.id for order in orders]
    lines: dict[UUID, OrderLine] = {}
    for line in await session.scalars(
        select(OrderLine).where(OrderLine.order_id.in_(ids)).order_by(OrderLine.quantity)
    ):
        lines[line.order_id] = line
    codes: dict[UUID, list[Code]] = {}
    for ticket in await session.scalars(select(Ticket).where(Ticket.order_id.in_(ids)).order_by(Ticket.id)):
        if left := ticket.quantity - ticket.redeemed - ticket.refunded:
            code = Code(ticket.id, ticket.code, left, ticket.valid_from, ticket.valid_to)
            codes.setdefault(ticket.order_id, []).append(code)
    return [
        Sale(
            order_id=order.id,
            supplier_id=order.supplier_id,
            distributor_id=order.distributor_id,
            status=order.status.value,
            frozen=order.hold_id is not None,
            pay_before=order.pay_before,
            line_id=lines[order.id].id,
            quantity=lines[order.id].quantity,
            service_date=lines[order.id].service_date,
            codes=tuple(codes.get(order.id, ())),
        )
        for order in orders
    ]
