"""Incentive rules, and the points that they earned."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from distro_api.accounts.errors import AccountNotUsable, NoAccount, RelationStopped
from distro_api.core.db import Read, Tx
from distro_api.core.errors import (
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    NotFoundHere,
    PreconditionFailed,
    StateConflict,
    ValidationFailed,
)
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute, KeyRequired
from distro_api.core.pagination import Page, Paging
from distro_api.core.schemas import Instant
from distro_api.identity.principal import Principal, Require
from distro_api.incentives import queries, service
from distro_api.incentives.errors import InsufficientPoints
from distro_api.incentives.models import BonusRedemption, IncentiveRule, RuleStatus, Unit
from distro_api.incentives.schemas import (
    BonusRedemptionOut,
    CreateIncentiveRule,
    EditIncentiveRule,
    IncentiveRuleOut,
    PointsBalanceOut,
    PointsEntryOut,
    RedeemBonus,
)
from distro_api.products.errors import UnknownReference

router = APIRouter(prefix=f"{API}/incentives", tags=["incentives"], route_class=IdempotentRoute)

Reader = Annotated[Principal, Require("incentives:read")]
Manager = Annotated[Principal, Require("incentives:manage")]
Redeemer = Annotated[Principal, Require("incentives:redeem")]
Sort = Annotated[Literal["created_at", "-created_at"], Query()]
BOTH = capability("V1", "V2")


@router.post(
    "/rules", response_model=IncentiveRuleOut, status_code=201, responses=problems(UnknownReference), openapi_extra=BOTH
)
async def create_incentive_rule(
    command: CreateIncentiveRule, principal: Manager, session: Tx, response: Response
) -> IncentiveRule:
    """Award synergy or bonus points for orders that are paid or completed from `valid_from` on."""
    rule = await service.create_rule(session, principal, command)
    response.headers["Location"] = f"/api/v1/incentives/rules/{rule.id}"
    return _answer(response, rule)


@router.get("/rules", response_model=Page[IncentiveRuleOut], openapi_extra=BOTH)
async def list_incentive_rules(
    principal: Manager,
    session: Read,
    paging: Paging,
    unit: Unit | None = None,
    status: RuleStatus | None = None,
    sort: Sort = "-created_at",
) -> dict[str, Any]:
    """Your rules."""
    items, cursor, total = await queries.rules(session, principal, paging, sort=sort, unit=unit, status=status)
    return {"items": items, "next_cursor": cursor, "total": total}


@router.get("/rules/{rule_id}", response_model=IncentiveRuleOut, responses=problems(NotFoundHere), openapi_extra=BOTH)
async def get_incentive_rule(rule_id: UUID, principal: Manager, session: Read, response: Response) -> IncentiveRule:
    """One rule."""
    return _answer(response, await queries.rule(session, principal, rule_id))


@router.patch(
    "/rules/{rule_id}",
    response_model=IncentiveRuleOut,
    responses=problems(NotFoundHere, PreconditionFailed, StateConflict, UnknownReference, ValidationFailed),
    openapi_extra=BOTH,
)
async def edit_incentive_rule(
    rule_id: UUID,
    command: EditIncentiveRule,
    principal: Manager,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> IncentiveRule:
    """Change name, rate, scope or dates from now on; points already awarded keep their terms."""
    return _answer(response, await service.edit_rule(session, principal, rule_id, command, if_match))


@router.post(
    "/rules/{rule_id}/stop",
    response_model=IncentiveRuleOut,
    responses=problems(NotFoundHere, PreconditionFailed, StateConflict),
    openapi_extra=BOTH,
)
async def stop_incentive_rule(
    rule_id: UUID, principal: Manager, session: Tx, response: Response, if_match: IfMatch = None
) -> IncentiveRule:
    """Award nothing new by the rule, for good; what it awarded stays."""
    return _answer(response, await service.stop_rule(session, principal, rule_id, if_match))


@router.get("/entries", response_model=Page[PointsEntryOut], openapi_extra=BOTH)
async def list_incentive_entries(
    principal: Reader,
    session: Read,
    paging: Paging,
    unit: Unit | None = None,
    organization_id: Annotated[UUID | None, Query(description="Whose points")] = None,
    supplier_id: Annotated[UUID | None, Query(description="In whose book")] = None,
    rule_id: UUID | None = None,
    order_id: UUID | None = None,
    created_from: Instant | None = None,
    created_to: Instant | None = None,
    sort: Sort = "-created_at",
) -> dict[str, Any]:
    """Points earned, reversed and redeemed: your own, and as a supplier also your distributors' in your book."""
    filters = queries.EntryFilters(
        unit=unit,
        organization_id=organization_id,
        supplier_id=supplier_id,
        rule_id=rule_id,
        order_id=order_id,
        created_from=created_from,
        created_to=created_to,
    )
    items, cursor, total = await queries.entries(session, principal, filters, paging, sort=sort)
    return {"items": items, "next_cursor": cursor, "total": total}


@router.get("/balances", response_model=Page[PointsBalanceOut], openapi_extra=BOTH)
async def list_incentive_balances(
    principal: Reader,
    session: Read,
    paging: Paging,
    unit: Unit | None = None,
    organization_id: Annotated[UUID | None, Query(description="Whose points")] = None,
    supplier_id: Annotated[UUID | None, Query(description="In whose book")] = None,
) -> dict[str, Any]:
    """Points on hand: your own, and as a supplier also your distributors' in your book."""
    items, cursor, total = await queries.balances(
        session, principal, paging, unit=unit, organization_id=organization_id, supplier_id=supplier_id
    )
    return {"items": items, "next_cursor": cursor, "total": total}


@router.post(
    "/redemptions",
    response_model=BonusRedemptionOut,
    status_code=201,
    responses=problems(
        NotFoundHere,
        InsufficientPoints,
        NoAccount,
        AccountNotUsable,
        RelationStopped,
        IdempotencyKeyRequired,
        IdempotencyKeyReused,
    ),
    openapi_extra=capability("V2", "Y11"),
)
async def redeem_bonus_points(
    command: RedeemBonus, principal: Redeemer, _: KeyRequired, session: Tx, request: Request, response: Response
) -> BonusRedemption:
    """Turn bonus points into money on your prepaid account with the supplier that awarded them, at once."""
    point_amount: int = request.app.state.settings.bonus_point_amount
    redemption = await service.redeem_bonus(session, principal, command, point_amount=point_amount)
    response.headers["Location"] = f"/api/v1/incentives/redemptions/{redemption.id}"
    return redemption


@router.get("/redemptions", response_model=Page[BonusRedemptionOut], openapi_extra=capability("V2"))
async def list_bonus_redemptions(
    principal: Reader,
    session: Read,
    paging: Paging,
    supplier_id: UUID | None = None,
    distributor_id: UUID | None = None,
    sort: Sort = "-created_at",
) -> dict[str, Any]:
    """Bonus points that became money: your own, or your distributors' with you."""
    items, cursor, total = await queries.redemptions(
        session, principal, paging, sort=sort, supplier_id=supplier_id, distributor_id=distributor_id
    )
    return {"items": items, "next_cursor": cursor, "total": total}


@router.get(
    "/redemptions/{redemption_id}",
    response_model=BonusRedemptionOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("V2"),
)
async def get_bonus_redemption(redemption_id: UUID, principal: Reader, session: Read) -> BonusRedemption:
    """One redemption."""
    return await queries.redemption(session, principal, redemption_id)


def _answer(response: Response, rule: IncentiveRule) -> IncentiveRule:
    response.headers["ETag"] = etag(rule.version)
    return rule
