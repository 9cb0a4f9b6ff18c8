"""What happens to an order after it was placed: each act is one command to its supplier's lane."""

from uuid import UUID

from distro_api.core import clock
from distro_api.core.errors import NotSupportedYet
from distro_api.core.idempotency import Key
from distro_api.identity.principal import Principal
from distro_api.orders.schemas import RequestRefund
from distro_api.orders.service.commands import Approve, Cancel, Command, Pay, RefundUnits, Reject
from distro_api.orders.service.desk import Desk
from distro_api.orders.service.world import Outcome


async def pay_order(
    desk: Desk, principal: Principal, supplier_id: UUID, order_id: UUID, key: Key, *, method: str
) -> Outcome:
    """Pay a waiting order from the distributor's account; codes come with the answer."""
    at = clock.now()
    command = Pay(principal.actor, at, desk.today(at), key, order_id, principal.organization_id, method)
    return await _submit(desk, supplier_id, command)


async def approve_order(desk: Desk, principal: Principal, supplier_id: UUID, order_id: UUID, key: Key) -> Outcome:
    """Approve: paid if the money was frozen with it, else it may be paid now."""
    at = clock.now()
    party, until = principal.organization_id, desk.pay_before(at)
    return await _submit(desk, supplier_id, Approve(principal.actor, at, desk.today(at), key, order_id, party, until))


async def reject_order(
    desk: Desk, principal: Principal, supplier_id: UUID, order_id: UUID, key: Key, *, reason: str
) -> Outcome:
    """Reject: stock and money are free again."""
    at = clock.now()
    party = principal.organization_id
    return await _submit(desk, supplier_id, Reject(principal.actor, at, desk.today(at), key, order_id, party, reason))


async def cancel_order(
    desk: Desk, principal: Principal, supplier_id: UUID, order_id: UUID, key: Key, *, reason: str
) -> Outcome:
    """Cancel what is not used: stock and money go back, money by the ladder unless the supplier cancels."""
    at = clock.now()
    party = principal.organization_id
    return await _submit(desk, supplier_id, Cancel(principal.actor, at, desk.today(at), key, order_id, party, reason))


async def refund_order(
    desk: Desk, principal: Principal, supplier_id: UUID, order_id: UUID, key: Key, request: RequestRefund
) -> Outcome:
    """Pay units back by the ladder, all that can go back if no lines are named.

    Raises:
        NotSupportedYet: a refund by amount.
    """
    if request.amount is not None:
        raise NotSupportedYet(feature="refund by amount")
    quantities: dict[UUID, int] | None = None
    if request.lines is not None:
        quantities = {}
        for line in request.lines:
            quantities[line.line_id] = quantities.get(line.line_id, 0) + line.quantity
    at = clock.now()
    party = principal.organization_id
    command = RefundUnits(principal.actor, at, desk.today(at), key, order_id, party, quantities, request.reason)
    return await _submit(desk, supplier_id, command)


async def _submit(desk: Desk, supplier_id: UUID, command: Command) -> Outcome:
    return await desk.lanes.submit(supplier_id, command)
