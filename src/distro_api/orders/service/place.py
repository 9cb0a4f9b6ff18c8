"""Placing an order: quote, then one command to the supplier's lane."""

import asyncio
import random
from typing import Any

from distro_api.core import clock
from distro_api.core.errors import DomainError, NotSupportedYet, Overloaded
from distro_api.core.idempotency import Key
from distro_api.identity.principal import Principal
from distro_api.offers.service import quote
from distro_api.offers.service.quote import Quote
from distro_api.orders.errors import AddressRequired, OtherSupplier
from distro_api.orders.schemas import PlaceOrder
from distro_api.orders.service.commands import Customer, Place, Refuse
from distro_api.orders.service.desk import Desk
from distro_api.orders.service.world import Outcome, StaleQuote

PAUSES_S = (0.0, 0.0, 0.05, 0.1, 0.2, 0.4)
"""After how long a placement quotes again when the catalogue has changed under it, each time it does."""


async def place_order(desk: Desk, principal: Principal, request: PlaceOrder, key: Key) -> Outcome:
    """Price the lines, take stock and money, record it, promise it once.

    The quote is made from cached terms; the lane compares their version, and on a mismatch it is made once more. A
    refusal by the quote goes through the lane as well, so that a key that has an answer keeps it.

    Raises:
        Overloaded: the lane's queue is full, or the catalogue changes faster than it can be read.
    """
    for pause_s in PAUSES_S:
        at = clock.now()
        try:
            quoted = await _quote(desk, principal, request)
        except DomainError as refusal:
            refuse = Refuse(principal.actor, at, desk.today(at), key, refusal)
            return await desk.lanes.submit(principal.organization_id, refuse)
        command = _command(desk, principal, request, key, quoted)
        outcome = await desk.lanes.submit(quoted.supplier_id, command, weight=len(quoted.lines))
        if not isinstance(outcome, StaleQuote):
            desk.remember(command.order_id, quoted.supplier_id)
            return outcome
        desk.terms.forget(quoted.supplier_id)
        await asyncio.sleep(pause_s * random.uniform(0.5, 1))
    raise Overloaded


async def _quote(desk: Desk, principal: Principal, request: PlaceOrder) -> Quote:
    _refuse_what_comes_later(request)
    quoted = await quote(
        desk.terms,
        distributor_id=principal.organization_id,
        channel=request.channel,
        lines=request.lines,
        at=clock.now(),
        time_zone=desk.time_zone,
    )
    if request.supplier_id not in (None, quoted.supplier_id):
        raise OtherSupplier(supplier_id=quoted.supplier_id)
    if request.shipping_address is None and any(line.fulfilment == "shipment" for line in quoted.lines):
        raise AddressRequired
    return quoted


def _refuse_what_comes_later(request: PlaceOrder) -> None:
    if request.customer.id_number is not None:
        raise NotSupportedYet(feature="customer.id_number")
    if any(line.travellers for line in request.lines):
        raise NotSupportedYet(feature="travellers")


def _command(desk: Desk, principal: Principal, request: PlaceOrder, key: Key, quoted: Quote) -> Place:
    at = clock.now()
    customer = request.customer
    address: dict[str, Any] | None = None
    if request.shipping_address is not None:
        address = request.shipping_address.model_dump(mode="json")
    return Place(
        actor=principal.actor,
        at=at,
        today=desk.today(at),
        key=key,
        order_id=clock.new_id(),
        quote=quoted,
        customer=Customer(customer.name, customer.phone, customer.organization),
        pay=None if request.pay is None else request.pay.method,
        expected_total_amount=request.expected_total_amount,
        pay_before=desk.pay_before(at),
        source=request.source,
        outside_no=request.outside_no,
        note=request.note,
        shipping_address=address,
    )
