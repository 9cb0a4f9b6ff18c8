"""Money paid in outside the platform: recorded by either side, counted once the supplier has approved it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.accounts import queries
from distro_api.accounts.errors import RelationStopped, WrongAccountKind
from distro_api.accounts.events import RechargeEvent, RechargeRejected, RechargeRequested, RechargeSucceeded
from distro_api.accounts.models import AccountKind, Recharge, RechargeStatus
from distro_api.accounts.schemas import PayIn
from distro_api.accounts.service import ledger
from distro_api.accounts.service.ledger import Why
from distro_api.accounts.states import RechargeAction, recharge_after
from distro_api.core import clock, outbox
from distro_api.core.db import raw
from distro_api.core.errors import NotSupportedYet
from distro_api.core.http import check_if_match
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.relations.queries import relation_status

KIND_OF = {AccountKind.PREPAID: "recharge", AccountKind.CREDIT: "repayment"}


async def request_recharge(
    session: AsyncSession, principal: Principal, account_id: UUID, command: PayIn, *, kind: str
) -> Recharge:
    """Record a recharge of a prepaid account, or a repayment of a credit account.

    Raises:
        NotFoundHere, WrongAccountKind, NotSupportedYet
        RelationStopped: while the two do not work together a prepaid account takes no new money.
    """
    if command.method == "online":
        raise NotSupportedYet(feature="online recharge")
    if command.proof_file_id is not None:
        raise NotSupportedYet(feature="proof_file_id")
    account = await queries.get_account(session, principal, account_id)
    if KIND_OF[account.kind] != kind:
        raise WrongAccountKind(kind=account.kind.value)
    status = await relation_status(session, account.supplier_id, account.owner_id)
    if kind == "recharge" and status != "active":
        raise RelationStopped
    recharge = Recharge(
        supplier_id=account.supplier_id,
        distributor_id=account.owner_id,
        account_id=account.id,
        kind=kind,
        amount=command.amount,
        method=command.method,
        note=command.note,
        status=RechargeStatus.PENDING_APPROVAL,
        requested_by=principal.user_id,
    )
    session.add(recharge)
    await session.flush()
    audit.record(session, principal.actor, f"{kind}s.request", "recharge", recharge.id, amount=recharge.amount)
    _tell(session, recharge, RechargeRequested)
    await session.flush()
    return recharge


async def approve_recharge(
    session: AsyncSession, principal: Principal, recharge_id: UUID, if_match: str | None = None
) -> Recharge:
    """Book the money: from cash to the account.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    recharge = await _decide(session, principal, recharge_id, RechargeAction.APPROVE, if_match)
    connection = await raw(session)
    books = await ledger.lock_many(connection, [recharge.account_id])
    why = Why(recharge.kind, recharge.id, clock.now())
    books.credit(books.accounts[recharge.account_id], recharge.amount, AccountKind.CASH, why, clock.new_id())
    await ledger.book(connection, books)
    audit.record(session, principal.actor, f"{recharge.kind}s.approve", "recharge", recharge.id, amount=recharge.amount)
    _tell(session, recharge, RechargeSucceeded)
    await session.flush()
    return recharge


async def reject_recharge(
    session: AsyncSession, principal: Principal, recharge_id: UUID, reason: str, if_match: str | None = None
) -> Recharge:
    """Say no, with a reason.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    recharge = await _decide(session, principal, recharge_id, RechargeAction.REJECT, if_match)
    recharge.reject_reason = reason
    audit.record(session, principal.actor, f"{recharge.kind}s.reject", "recharge", recharge.id)
    _tell(session, recharge, RechargeRejected)
    await session.flush()
    return recharge


async def _decide(
    session: AsyncSession, principal: Principal, recharge_id: UUID, action: RechargeAction, if_match: str | None
) -> Recharge:
    recharge = await queries.get_recharge(session, principal, recharge_id, lock=True)
    check_if_match(if_match, recharge.version)
    recharge.status = recharge_after(recharge.status, action)
    recharge.decided_by, recharge.decided_at = principal.user_id, clock.now()
    return recharge


def _tell(session: AsyncSession, recharge: Recharge, event: type[RechargeEvent]) -> None:
    outbox.publish(
        session,
        event(
            supplier_id=recharge.supplier_id,
            distributor_id=recharge.distributor_id,
            account_id=recharge.account_id,
            recharge_id=recharge.id,
            amount=recharge.amount,
        ),
    )
