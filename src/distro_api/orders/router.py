"""Orders and refunds over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from distro_api.accounts.errors import AccountNotUsable, InsufficientFunds, NoAccount
from distro_api.core.db import Read
from distro_api.core.errors import (
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    NotFoundHere,
    NotSupportedYet,
    Overloaded,
    StateConflict,
)
from distro_api.core.http import API, capability, etag, json_response, lane_response, problems
from distro_api.core.idempotency import KeyRequired, handles_keys, key_of
from distro_api.core.lane_route import LaneRoute
from distro_api.core.pagination import Page, Paging, filters
from distro_api.identity.principal import Principal, Require
from distro_api.inventory.errors import InsufficientStock
from distro_api.offers.errors import QUOTING
from distro_api.orders import queries, service
from distro_api.orders.errors import (
    AddressRequired,
    NothingToRefund,
    NotRefundable,
    OtherSupplier,
    OutsideNoTaken,
    PaymentMethodNotAllowed,
    PaymentWindowOver,
    PriceChanged,
    ValidityOver,
)
from distro_api.orders.queries import OrderFilters, Sort
from distro_api.orders.schemas import (
    GiveReason,
    OrderOut,
    OrderSummaryOut,
    PayOrder,
    PlaceOrder,
    RefundOut,
    RequestRefund,
)
from distro_api.orders.service.desk import Desk

router = APIRouter(prefix=API, tags=["orders"], route_class=LaneRoute)
refunds = APIRouter(prefix=API, tags=["refunds"], route_class=LaneRoute)

KEYED = (IdempotencyKeyRequired, IdempotencyKeyReused, Overloaded)
MONEY = (InsufficientFunds, NoAccount, AccountNotUsable, PaymentMethodNotAllowed)


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]


@router.post(
    "/orders",
    response_model=OrderOut,
    status_code=201,
    responses=problems(
        InsufficientStock,
        PriceChanged,
        OutsideNoTaken,
        OtherSupplier,
        AddressRequired,
        *QUOTING,
        *MONEY,
        *KEYED,
    ),
    openapi_extra=capability("O1", "O2", "N6", "Y3"),
)
@handles_keys
async def place_order(
    principal: Annotated[Principal, Require("orders:place")],
    command: PlaceOrder,
    request: Request,
    key: KeyRequired,
    desk: AtDesk,
) -> Response:
    """Place an order: stock is held; with `pay` the money is taken too and ticket codes are in the answer."""
    asked = await key_of(request, principal.organization_id, key)
    return lane_response(await service.place_order(desk, principal, command, asked))


@router.get("/orders", response_model=Page[OrderSummaryOut], openapi_extra=capability("O4"))
async def list_orders(
    principal: Annotated[Principal, Require("orders:read")],
    session: Read,
    paging: Paging,
    filters: Annotated[OrderFilters, Depends(filters(OrderFilters))],
    sort: Annotated[Sort, Query(description="`created_at`: longest waiting first")] = "-created_at",
) -> Response:
    """Your orders: what you sold, what you bought; the platform sees all."""
    return json_response(await queries.list_orders(session, principal, filters, paging, sort))


@router.get(
    "/orders/{order_id}",
    response_model=OrderOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("O4", "O7"),
)
async def get_order(
    order_id: UUID, principal: Annotated[Principal, Require("orders:read")], session: Read, response: Response
) -> dict[str, Any]:
    """One order with its lines, codes and timeline."""
    order = await queries.get_order(session, principal, order_id)
    response.headers["ETag"] = etag(order["version"])
    return order


@router.post(
    "/orders/{order_id}/pay",
    response_model=OrderOut,
    responses=problems(NotFoundHere, StateConflict, PaymentWindowOver, ValidityOver, *MONEY, *KEYED),
    openapi_extra=capability("Y3", "O7"),
)
@handles_keys
async def pay_order(
    principal: Annotated[Principal, Require("orders:pay")],
    order_id: UUID,
    command: PayOrder,
    request: Request,
    key: KeyRequired,
    desk: AtDesk,
) -> Response:
    """Pay a waiting order from your prepaid or credit account."""
    supplier_id = await desk.supplier_of(principal, order_id)
    asked = await key_of(request, principal.organization_id, key)
    return lane_response(await service.pay_order(desk, principal, supplier_id, order_id, asked, method=command.method))


@router.post(
    "/orders/{order_id}/approve",
    response_model=OrderOut,
    responses=problems(NotFoundHere, StateConflict, ValidityOver, *KEYED),
    openapi_extra=capability("O8", "O2"),
)
@handles_keys
async def approve_order(
    principal: Annotated[Principal, Require("orders:approve")],
    order_id: UUID,
    request: Request,
    key: KeyRequired,
    desk: AtDesk,
) -> Response:
    """Approve a waiting order: the frozen money is taken and codes are issued, or it may be paid now."""
    asked = await key_of(request, principal.organization_id, key)
    return lane_response(await service.approve_order(desk, principal, principal.organization_id, order_id, asked))


@router.post(
    "/orders/{order_id}/reject",
    response_model=OrderOut,
    responses=problems(NotFoundHere, StateConflict, *KEYED),
    openapi_extra=capability("O8"),
)
@handles_keys
async def reject_order(
    principal: Annotated[Principal, Require("orders:approve")],
    order_id: UUID,
    command: GiveReason,
    request: Request,
    key: KeyRequired,
    desk: AtDesk,
) -> Response:
    """Reject a waiting order with a reason: stock and frozen money are free again."""
    asked = await key_of(request, principal.organization_id, key)
    supplier_id = principal.organization_id
    return lane_response(
        await service.reject_order(desk, principal, supplier_id, order_id, asked, reason=command.reason)
    )


@router.post(
    "/orders/{order_id}/cancel",
    response_model=OrderOut,
    responses=problems(NotFoundHere, StateConflict, NotRefundable, NothingToRefund, *KEYED),
    openapi_extra=capability("O6", "Y6"),
)
@handles_keys
async def cancel_order(
    principal: Annotated[Principal, Require("orders:cancel")],
    order_id: UUID,
    command: GiveReason,
    request: Request,
    key: KeyRequired,
    desk: AtDesk,
) -> Response:
    """Cancel what is not used yet: codes are void, stock is back, money goes back by the refund ladder."""
    supplier_id = await desk.supplier_of(principal, order_id)
    asked = await key_of(request, principal.organization_id, key)
    return lane_response(
        await service.cancel_order(desk, principal, supplier_id, order_id, asked, reason=command.reason)
    )


@refunds.post(
    "/orders/{order_id}/refunds",
    response_model=RefundOut,
    status_code=201,
    responses=problems(NotFoundHere, StateConflict, NotRefundable, NothingToRefund, NotSupportedYet, *KEYED),
    openapi_extra=capability("Y6"),
)
@handles_keys
async def refund_order(
    principal: Annotated[Principal, Require("refunds:request")],
    order_id: UUID,
    command: RequestRefund,
    request: Request,
    key: KeyRequired,
    desk: AtDesk,
) -> Response:
    """Pay units back to the account they were paid from, less the ladder's fee."""
    supplier_id = await desk.supplier_of(principal, order_id)
    asked = await key_of(request, principal.organization_id, key)
    return lane_response(await service.refund_order(desk, principal, supplier_id, order_id, asked, command))


@refunds.get("/refunds", response_model=Page[RefundOut], openapi_extra=capability("Y6"))
async def list_refunds(
    principal: Annotated[Principal, Require("refunds:read")],
    session: Read,
    paging: Paging,
    order_id: UUID | None = None,
    sort: Sort = "-created_at",
) -> dict[str, Any]:
    """Refunds of your orders."""
    items, cursor, total = await queries.list_refunds(session, principal, order_id, paging, sort)
    return {"items": items, "next_cursor": cursor, "total": total}


@refunds.get(
    "/refunds/{refund_id}", response_model=RefundOut, responses=problems(NotFoundHere), openapi_extra=capability("Y6")
)
async def get_refund(
    refund_id: UUID, principal: Annotated[Principal, Require("refunds:read")], session: Read, response: Response
) -> dict[str, Any]:
    """One refund with its lines."""
    refund = await queries.get_refund(session, principal, refund_id)
    response.headers["ETag"] = etag(refund["version"])
    return refund
