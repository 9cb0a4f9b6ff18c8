"""Bonus points become prepaid money: two transfers with one reference, in one transaction."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.accounts.errors import AccountNotUsable, NoAccount, RelationStopped
from distro_api.accounts.models import AccountKind, AccountStatus
from distro_api.accounts.service import ledger
from distro_api.accounts.service.ledger import Ledger, LockedAccount, Why
from distro_api.core import clock, outbox
from distro_api.core.db import Connection, raw
from distro_api.core.errors import NotFoundHere
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.incentives.errors import InsufficientPoints
from distro_api.incentives.events import BonusRedeemed
from distro_api.incentives.models import BonusRedemption, IncentiveMovement, Unit
from distro_api.incentives.schemas import RedeemBonus
from distro_api.relations.queries import relation_status


async def redeem_bonus(
    session: AsyncSession, principal: Principal, command: RedeemBonus, *, point_amount: int
) -> BonusRedemption:
    """Take the points and put `point_amount` fen for each on the prepaid account; both accounts are locked at once.

    Raises:
        NotFoundHere: the supplier is no partner.
        RelationStopped: while the two do not work together no new money comes to the prepaid account.
        NoAccount, AccountNotUsable: of the prepaid account.
        InsufficientPoints
    """
    supplier_id, distributor_id = command.supplier_id, principal.organization_id
    status = await relation_status(session, supplier_id, distributor_id)
    if status is None:
        raise NotFoundHere
    if status != "active":
        raise RelationStopped
    connection = await raw(session)
    books, bonus, prepaid = await _lock(connection, supplier_id, distributor_id, command.points)
    at = clock.now()
    redemption = BonusRedemption(
        id=clock.new_id(),
        supplier_id=supplier_id,
        distributor_id=distributor_id,
        points=command.points,
        amount=command.points * point_amount,
        requested_by=principal.user_id,
        created_at=at,
    )
    session.add(redemption)
    await session.flush()
    taken = clock.new_id()
    books.debit(bonus, redemption.points, AccountKind.BONUS_COST, Why("points_redeemed", redemption.id, at), taken)
    why = Why("bonus_redeemed", redemption.id, at)
    books.credit(prepaid, redemption.amount, AccountKind.BONUS_COST, why, clock.new_id())
    await ledger.book(connection, books)
    session.add(
        IncentiveMovement(
            transfer_id=taken,
            supplier_id=supplier_id,
            organization_id=distributor_id,
            account_id=bonus.id,
            unit=Unit.BONUS,
            redemption_id=redemption.id,
            created_at=at,
        )
    )
    audit.record(
        session,
        principal.actor,
        "incentives.redeem_bonus",
        "bonus_redemption",
        redemption.id,
        points=redemption.points,
        amount=redemption.amount,
    )
    redeemed = BonusRedeemed(
        supplier_id=supplier_id,
        distributor_id=distributor_id,
        redemption_id=redemption.id,
        points=redemption.points,
        amount=redemption.amount,
    )
    outbox.publish(session, redeemed)
    await session.flush()
    return redemption


async def _lock(
    connection: Connection, supplier_id: UUID, distributor_id: UUID, points: int
) -> tuple[Ledger, LockedAccount, LockedAccount]:
    """(both, the bonus account with so many points, the usable prepaid account), locked."""
    kinds = (AccountKind.BONUS.value, AccountKind.PREPAID.value)
    books = await ledger.lock_many(connection, (), [(supplier_id, distributor_id, kind) for kind in kinds])
    bonus, prepaid = (books.of(supplier_id, distributor_id, kind) for kind in kinds)
    if prepaid is None:
        raise NoAccount(method=AccountKind.PREPAID.value, supplier_id=supplier_id)
    if prepaid.status != AccountStatus.ACTIVE:
        raise AccountNotUsable(account_status=prepaid.status)
    if bonus is None or bonus.available < points:
        raise InsufficientPoints(points=points, available_points=0 if bonus is None else bonus.available)
    return books, bonus, prepaid
