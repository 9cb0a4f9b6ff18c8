"""Reads of orders and refunds; every one starts from what the caller may see."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from distro_api.core.db import raw
from distro_api.core.errors import NotFoundHere
from distro_api.core.pagination import PageRequest, page
from distro_api.core.schemas import Day, Instant
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by
from distro_api.orders.models import Order, OrderLine, Refund, RefundLine
from distro_api.orders.queries.load import load_orders
from distro_api.orders.queries.working import render
from distro_api.orders.states import OrderStatus
from distro_api.tickets.models import Ticket

Sort = Literal["created_at", "-created_at"]
AmountBound = Annotated[int, Query(ge=0, le=2**63 - 1, description="Fen, inclusive")]


def visible_orders(principal: Principal) -> Select[Order]:
    """The caller's orders: what it sold, what it bought, or all of them for the platform."""
    return select(Order).where(seen_by(principal, supplier=Order.supplier_id, distributor=Order.distributor_id))


def visible_refunds(principal: Principal) -> Select[Refund]:
    """Refunds of the caller's orders."""
    return select(Refund).where(seen_by(principal, supplier=Refund.supplier_id, distributor=Refund.distributor_id))


class OrderFilters(BaseModel):
    """How a list of orders can be narrowed."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[OrderStatus | None, Query()] = None
    supplier_id: UUID | None = None
    distributor_id: UUID | None = None
    channel: Literal["individual", "enterprise"] | None = None
    source: Annotated[str | None, Query(max_length=32)] = None
    order_no: Annotated[str | None, Query(max_length=32)] = None
    outside_no: Annotated[str | None, Query(max_length=64)] = None
    customer_phone: Annotated[str | None, Query(max_length=32)] = None
    product_id: UUID | None = None
    date: Annotated[Day | None, Query(description="Service date of a line")] = None
    total_amount_from: AmountBound | None = None
    total_amount_to: AmountBound | None = None
    created_from: Instant | None = None
    created_to: Instant | None = None
    q: Annotated[str | None, Query(max_length=50, description="Order number, outside number, customer's name")] = None


def filtered(query: Select[Order], filters: OrderFilters) -> Select[Order]:
    """`query` narrowed."""
    for name in (
        "status",
        "supplier_id",
        "distributor_id",
        "channel",
        "source",
        "order_no",
        "outside_no",
        "customer_phone",
    ):
        if (value := getattr(filters, name)) is not None:
            query = query.where(getattr(Order, name) == value)
    if filters.total_amount_from is not None:
        query = query.where(Order.total_amount >= filters.total_amount_from)
    if filters.total_amount_to is not None:
        query = query.where(Order.total_amount <= filters.total_amount_to)
    if filters.created_from is not None:
        query = query.where(Order.created_at >= filters.created_from)
    if filters.created_to is not None:
        query = query.where(Order.created_at < filters.created_to)
    if filters.product_id is not None or filters.date is not None:
        line = exists().where(OrderLine.order_id == Order.id)
        line = line if filters.product_id is None else line.where(OrderLine.product_id == filters.product_id)
        line = line if filters.date is None else line.where(OrderLine.service_date == filters.date)
        query = query.where(line)
    if filters.q:
        named = Order.customer_name.contains(filters.q, autoescape=True)
        query = query.where(or_(Order.order_no == filters.q, Order.outside_no == filters.q, named))
    return query


async def list_orders(
    session: AsyncSession, principal: Principal, filters: OrderFilters, paging: PageRequest, sort: Sort
) -> dict[str, Any]:
    """A page of orders as `OrderSummaryOut` says, personal data masked; ids sort by time of creation."""
    query = filtered(visible_orders(principal), filters).options(load_only(Order.id))
    by_id = "-id" if sort.startswith("-") else "id"
    found, cursor, total = await page(session, query, paging, sorts={"id": Order.id}, sort=by_id, tie=Order.id)
    ids = [order.id for order in found]
    orders = await load_orders(await raw(session), ids, lock=False, timeline=False) if ids else {}
    items = [render(orders[order_id], {}, masked=True) for order_id in ids]
    return {"items": items, "next_cursor": cursor, "total": total}


async def get_order(session: AsyncSession, principal: Principal, order_id: UUID) -> dict[str, Any]:
    """One order, whole.

    Raises:
        NotFoundHere
    """
    found = visible_orders(principal).where(Order.id == order_id).with_only_columns(Order.id)
    if await session.scalar(found) is None:
        raise NotFoundHere
    orders = await load_orders(await raw(session), [order_id], lock=False)
    tickets: dict[UUID, list[Any]] = {}
    for ticket in await session.scalars(select(Ticket).where(Ticket.order_id == order_id).order_by(Ticket.id)):
        tickets.setdefault(ticket.line_id, []).append(ticket)
    return render(orders[order_id], tickets)


async def supplier_of(session: AsyncSession, principal: Principal, order_id: UUID) -> UUID:
    """Whose lane the order's commands take.

    Raises:
        NotFoundHere
    """
    found: UUID | None = await session.scalar(
        visible_orders(principal).where(Order.id == order_id).with_only_columns(Order.supplier_id)
    )
    if found is None:
        raise NotFoundHere
    return found


async def list_refunds(
    session: AsyncSession, principal: Principal, order_id: UUID | None, paging: PageRequest, sort: Sort
) -> tuple[Sequence[dict[str, Any]], str | None, int | None]:
    """A page of refunds with their lines."""
    query = visible_refunds(principal)
    if order_id is not None:
        query = query.where(Refund.order_id == order_id)
    by_id = "-id" if sort.startswith("-") else "id"
    found, cursor, total = await page(session, query, paging, sorts={"id": Refund.id}, sort=by_id, tie=Refund.id)
    return await _with_lines(session, found), cursor, total


async def get_refund(session: AsyncSession, principal: Principal, refund_id: UUID) -> dict[str, Any]:
    """One refund.

    Raises:
        NotFoundHere
    """
    found = await session.scalar(visible_refunds(principal).where(Refund.id == refund_id))
    if found is None:
        raise NotFoundHere
    return (await _with_lines(session, [found]))[0]


async def _with_lines(session: AsyncSession, refunds: Sequence[Refund]) -> list[dict[str, Any]]:
    ids = [refund.id for refund in refunds]
    lines: Mapping[UUID, list[RefundLine]] = {refund_id: [] for refund_id in ids}
    for line in await session.scalars(select(RefundLine).where(RefundLine.refund_id.in_(ids))):
        lines[line.refund_id].append(line)
    columns = [column.key for column in Refund.__table__.columns]
    return [{name: getattr(r, name) for name in columns} | {"lines": lines[r.id]} for r in refunds]
