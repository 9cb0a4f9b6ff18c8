"""Offers and quotes over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request

from distro_api.core import clock
from distro_api.core.db import Read
from distro_api.core.http import API, capability, language_of, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging
from distro_api.core.schemas import Day, ShortText
from distro_api.identity.principal import Principal, Require
from distro_api.offers.errors import QUOTING
from distro_api.offers.schemas import OfferOut, QuoteOut, RequestQuote
from distro_api.offers.service import listing
from distro_api.offers.service.quote import Quote
from distro_api.offers.service.quoting import quote
from distro_api.products.models import ProductKind
from distro_api.strategies.models import Channel

router = APIRouter(prefix=f"{API}/offers", tags=["offers"], route_class=IdempotentRoute)
quotes = APIRouter(prefix=f"{API}/quotes", tags=["offers"], route_class=IdempotentRoute)

Buyer = Annotated[Principal, Require("offers:read")]


@router.get("", response_model=Page[OfferOut], openapi_extra=capability("G5"))
async def list_offers(
    principal: Buyer,
    session: Read,
    paging: Paging,
    request: Request,
    date: Annotated[Day | None, Query(description="Prices and stock of this service date")] = None,
    kind: ProductKind | None = None,
    supplier_id: UUID | None = None,
    channel: Channel | None = None,
    q: Annotated[
        ShortText | None, Query(description="Part of the product's name or code, or of the SKU's name")
    ] = None,
) -> dict[str, Any]:
    """What you may buy now: SKUs with the strategies they are sold by, their prices, and how many are left."""
    return await listing.list_offers(
        session,
        request.app.state.terms,
        principal,
        paging,
        wanted=listing.Wanted(date, kind, supplier_id, channel, q),
        at=clock.now(),
        time_zone=request.app.state.settings.time_zone,
    )


@quotes.post(
    "",
    response_model=QuoteOut,
    responses=problems(*QUOTING),
    openapi_extra=capability("G5"),
)
async def request_quote(command: RequestQuote, principal: Buyer, request: Request) -> dict[str, Any]:
    """What the lines cost you now, and why. Nothing is held: an order placed with `expected_total_amount` is safe."""
    terms = request.app.state.terms
    await terms.refresh(principal.organization_id, [line.sku_id for line in command.lines])
    made = await quote(
        terms,
        distributor_id=principal.organization_id,
        channel=command.channel.value,
        lines=command.lines,
        at=clock.now(),
        time_zone=request.app.state.settings.time_zone,
    )
    return _answer(made, language_of(request.headers))


def _answer(made: Quote, language: str) -> dict[str, Any]:
    ours = made.payer == "distributor"
    lines = [
        {
            "sku_id": line.sku_id,
            "product_id": line.product_id,
            "product_name": line.product_name,
            "sku_name": line.sku_name,
            "quantity": line.quantity,
            "date": line.service_date,
            "slot": line.slot,
            "strategy_id": line.strategy_id,
            "unit_price": line.settlement_price if ours else line.retail_price,
            "amount": line.settlement_amount if ours else line.retail_amount,
            "retail_price": line.retail_price,
            "settlement_price": line.settlement_price,
            "retail_amount": line.retail_amount,
            "settlement_amount": line.settlement_amount,
            "commission_amount": line.commission_amount,
            "refund_rules": line.refund_rules,
            "valid_from": line.valid_from,
            "valid_to": line.valid_to,
            "explanation": [
                {"rule": step.rule, "effect": step.zh if language == "zh" else step.en} for step in line.explanation
            ],
        }
        for line in made.lines
    ]
    return {
        "supplier_id": made.supplier_id,
        "channel": made.channel,
        "business_mode": made.business_mode,
        "payer": made.payer,
        "pay_by": made.pay_by,
        "order_approval": made.order_approval,
        "lines": lines,
        "retail_amount": made.retail_amount,
        "settlement_amount": made.settlement_amount,
        "commission_amount": made.commission_amount,
        "total_amount": made.total_amount,
        "currency": made.currency,
    }
