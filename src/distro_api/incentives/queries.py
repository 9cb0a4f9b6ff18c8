"""Reads of incentives; every one of a caller starts from what it may see."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.accounts.models import Account, AccountKind, Entry
from distro_api.core.errors import NotFoundHere
from distro_api.core.pagination import PageRequest, page
from distro_api.identity.models import Organization
from distro_api.identity.principal import Principal
from distro_api.identity.queries import seen_by
from distro_api.incentives.models import (
    BonusRedemption,
    EarnedOn,
    IncentiveAward,
    IncentiveMovement,
    IncentiveRule,
    RuleStatus,
    Unit,
)
from distro_api.orders.models import Order, OrderLine
from distro_api.relations.models import SupplyRelation

POINTS = (AccountKind.SYNERGY, AccountKind.BONUS)
Page = tuple[Sequence[Any], str | None, int | None]


def visible_rules(principal: Principal) -> Select[IncentiveRule]:
    """A supplier's own rules. Distributors see what they earned by them."""
    return select(IncentiveRule).where(IncentiveRule.supplier_id == principal.organization_id)


def visible_movements(principal: Principal) -> Select[IncentiveMovement]:
    """Of one's own points; a supplier sees all that is in its book."""
    return select(IncentiveMovement).where(
        seen_by(principal, supplier=IncentiveMovement.supplier_id, distributor=IncentiveMovement.organization_id)
    )


def visible_points(principal: Principal) -> Select[Account]:
    """Accounts of points: one's own, or all of a supplier's book."""
    points = select(Account).where(Account.kind.in_(POINTS))
    return points.where(seen_by(principal, supplier=Account.supplier_id, distributor=Account.owner_id))


def visible_redemptions(principal: Principal) -> Select[BonusRedemption]:
    """Redemptions by the caller, or with it."""
    return select(BonusRedemption).where(
        seen_by(principal, supplier=BonusRedemption.supplier_id, distributor=BonusRedemption.distributor_id)
    )


async def rule(session: AsyncSession, principal: Principal, rule_id: UUID, *, lock: bool = False) -> IncentiveRule:
    """One rule.

    Raises:
        NotFoundHere
    """
    query = visible_rules(principal).where(IncentiveRule.id == rule_id)
    if (found := await session.scalar(query.with_for_update() if lock else query)) is None:
        raise NotFoundHere
    return found


async def rules(
    session: AsyncSession,
    principal: Principal,
    paging: PageRequest,
    *,
    sort: str,
    unit: Unit | None,
    status: RuleStatus | None,
) -> Page:
    """A page of rules."""
    query = visible_rules(principal)
    wanted = {IncentiveRule.unit: unit, IncentiveRule.status: status}
    query = query.where(*(column == value for column, value in wanted.items() if value is not None))
    sorts = {"created_at": IncentiveRule.id}  # ids are made in the order of creation
    return await page(session, query, paging, sorts=sorts, sort=sort, tie=IncentiveRule.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilters:
    unit: Unit | None
    organization_id: UUID | None
    supplier_id: UUID | None
    rule_id: UUID | None
    order_id: UUID | None
    created_from: datetime | None
    created_to: datetime | None


async def entries(
    session: AsyncSession, principal: Principal, filters: EntryFilters, paging: PageRequest, *, sort: str
) -> tuple[list[dict[str, Any]], str | None, int | None]:
    """A page of changes of points, with what they were for."""
    query = visible_movements(principal)
    for name in ("unit", "organization_id", "supplier_id", "rule_id", "order_id"):
        if (value := getattr(filters, name)) is not None:
            query = query.where(getattr(IncentiveMovement, name) == value)
    if filters.created_from is not None:
        query = query.where(IncentiveMovement.created_at >= filters.created_from)
    if filters.created_to is not None:
        query = query.where(IncentiveMovement.created_at < filters.created_to)
    sorts = {"created_at": IncentiveMovement.created_at}
    found, cursor, total = await page(session, query, paging, sorts=sorts, sort=sort, tie=IncentiveMovement.transfer_id)
    return await _entries_out(session, found), cursor, total


async def _entries_out(session: AsyncSession, movements: Sequence[IncentiveMovement]) -> list[dict[str, Any]]:
    ids = [movement.transfer_id for movement in movements]
    limited = select(Entry).where(Entry.transfer_id.in_(ids), Entry.account_version.is_not(None))
    booked = {entry.transfer_id: entry for entry in await session.scalars(limited)}
    rule_ids = {movement.rule_id for movement in movements if movement.rule_id is not None}
    named = await session.execute(select(IncentiveRule.id, IncentiveRule.name).where(IncentiveRule.id.in_(rule_ids)))
    names = {row[0]: row[1] for row in named}
    return [
        {
            **{column.key: getattr(movement, column.key) for column in IncentiveMovement.__table__.columns},
            "id": movement.transfer_id,
            "kind": booked[movement.transfer_id].kind,
            "points": booked[movement.transfer_id].amount,
            "balance_after": booked[movement.transfer_id].balance_after,
            "rule_name": None if movement.rule_id is None else names[movement.rule_id],
        }
        for movement in movements
    ]


async def balances(
    session: AsyncSession,
    principal: Principal,
    paging: PageRequest,
    *,
    unit: Unit | None,
    organization_id: UUID | None,
    supplier_id: UUID | None,
) -> tuple[list[dict[str, Any]], str | None, int | None]:
    """A page of points accounts."""
    query = visible_points(principal)
    wanted = {Account.kind: unit, Account.owner_id: organization_id, Account.supplier_id: supplier_id}
    query = query.where(*(column == value for column, value in wanted.items() if value is not None))
    found, cursor, total = await page(session, query, paging, sorts={"id": Account.id}, sort="id", tie=Account.id)
    items = [
        {
            "account_id": account.id,
            "supplier_id": account.supplier_id,
            "organization_id": account.owner_id,
            "unit": account.unit,
            "points": account.posted,
        }
        for account in found
    ]
    return items, cursor, total


async def redemptions(
    session: AsyncSession,
    principal: Principal,
    paging: PageRequest,
    *,
    sort: str,
    supplier_id: UUID | None,
    distributor_id: UUID | None,
) -> Page:
    """A page of redemptions."""
    query = visible_redemptions(principal)
    wanted = {BonusRedemption.supplier_id: supplier_id, BonusRedemption.distributor_id: distributor_id}
    query = query.where(*(column == value for column, value in wanted.items() if value is not None))
    sorts = {"created_at": BonusRedemption.id}
    return await page(session, query, paging, sorts=sorts, sort=sort, tie=BonusRedemption.id)


async def redemption(session: AsyncSession, principal: Principal, redemption_id: UUID) -> BonusRedemption:
    """One redemption.

    Raises:
        NotFoundHere
    """
    found = await session.scalar(visible_redemptions(principal).where(BonusRedemption.id == redemption_id))
    if found is None:
        raise NotFoundHere
    return found


async def rules_in_force(
    session: AsyncSession, supplier_ids: Collection[UUID], events: Collection[EarnedOn], first: date, last: date
) -> Sequence[IncentiveRule]:
    """Active rules of these suppliers for these events, valid on some day from `first` to `last`."""
    if not supplier_ids or not events:
        return []
    found = await session.scalars(
        select(IncentiveRule).where(
            IncentiveRule.supplier_id.in_(supplier_ids),
            IncentiveRule.event.in_(events),
            IncentiveRule.status == RuleStatus.ACTIVE,
            IncentiveRule.valid_from <= last,
            or_(IncentiveRule.valid_to.is_(None), IncentiveRule.valid_to >= first),
        )
    )
    return found.all()


async def lock_awards(session: AsyncSession, order_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], IncentiveAward]:
    """What was awarded for these orders, by (rule, order), locked in that order."""
    found = await session.scalars(
        select(IncentiveAward)
        .where(IncentiveAward.order_id.in_(order_ids))
        .order_by(IncentiveAward.order_id, IncentiveAward.rule_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(award.rule_id, award.order_id): award for award in found}


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What of an order line earns points."""

    product_kind: str
    sku_id: UUID
    quantity: int
    refunded: int
    settlement_amount: int


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """Whose order it is, and its lines as they are now."""

    id: UUID
    supplier_id: UUID
    distributor_id: UUID
    house: bool
    lines: list[LineFacts]


async def orders(session: AsyncSession, order_ids: Collection[UUID]) -> Mapping[UUID, OrderFacts]:
    """The orders with their lines."""
    owners = await session.execute(
        select(Order.id, Order.supplier_id, Order.distributor_id, Organization.house_of.is_not(None))
        .join(Organization, Organization.id == Order.distributor_id)
        .where(Order.id.in_(order_ids))
    )
    found = {row[0]: OrderFacts(*row, []) for row in owners}
    lines = await session.execute(
        select(
            OrderLine.order_id,
            OrderLine.product_kind,
            OrderLine.sku_id,
            OrderLine.quantity,
            OrderLine.refunded,
            OrderLine.settlement_amount,
        ).where(OrderLine.order_id.in_(order_ids))
    )
    for row in lines:
        found[row[0]].lines.append(LineFacts(row[1], row[2], row[3], row[4], row[5]))
    return found


async def tiers(session: AsyncSession, pairs: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], str | None]:
    """The tier of each (supplier, distributor)."""
    if not pairs:
        return {}
    key = (SupplyRelation.supplier_id, SupplyRelation.distributor_id)
    rows = await session.execute(select(*key, SupplyRelation.tier).where(tuple_(*key).in_(pairs)))
    return {(row[0], row[1]): row[2] for row in rows}
