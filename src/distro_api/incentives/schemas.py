"""What clients send about incentives, and what they see."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from distro_api.core.money import Rate
from distro_api.core.schemas import Command, Day, Name, Out, Patch, absent
from distro_api.incentives.models import Basis, EarnedOn, Earner, Unit
from distro_api.incentives.states import RuleStatus
from distro_api.products.models import ProductKind
from distro_api.relations.schemas import TierName

MAX_RATE = 10_000
MAX_POINTS = 10**9


def _sensible(rate: str) -> str:
    if not 0 < Decimal(rate) <= MAX_RATE:
        raise ValueError(f"rate 须大于 0 且不超过 {MAX_RATE} / rate is above 0 and at most {MAX_RATE}")
    return rate


PointsRate = Annotated[
    Rate, AfterValidator(_sensible), Field(description="Points per yuan, per unit or per order, by the basis")
]


class RuleScope(Command):
    """Which lines of which distributors' orders count; what is left out does not narrow."""

    kinds: Annotated[list[ProductKind] | None, Field(min_length=1, max_length=20)] = None
    sku_ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=500)] = None
    tiers: Annotated[
        list[TierName] | None, Field(min_length=1, max_length=50, description="Tiers of the order's distributor")
    ] = None


class CreateIncentiveRule(Command):
    name: Name
    unit: Unit
    earner: Annotated[Earner, Field(description="Who gets the points: the distributor, or the supplier itself")]
    event: EarnedOn
    basis: Annotated[Basis, Field(description="amount: yuan of settlement; quantity: units; order: once per order")]
    rate: PointsRate
    scope: RuleScope = RuleScope()
    valid_from: Annotated[Day, Field(description="First day on which orders are paid or completed that earn points")]
    valid_to: Annotated[Day | None, Field(description="Last such day")] = None

    @model_validator(mode="after")
    def _dates(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to 早于 valid_from / valid_to is before valid_from")
        return self


class EditIncentiveRule(Patch):
    """Only what is sent changes, for orders paid or completed from then on; points already awarded keep their terms."""

    clearable: ClassVar[frozenset[str]] = frozenset({"valid_to"})

    name: Name = absent()
    rate: PointsRate = absent()
    scope: Annotated[RuleScope, Field(description="Replaced as a whole")] = absent()
    valid_from: Day = absent()
    valid_to: Day | None = None


class RedeemBonus(Command):
    """Turn bonus points into money on the prepaid account with the supplier."""

    supplier_id: UUID
    points: Annotated[int, Field(ge=1, le=MAX_POINTS, strict=True)]


class RuleScopeOut(Out):
    kinds: list[ProductKind] | None
    sku_ids: list[UUID] | None
    tiers: list[str] | None


class IncentiveRuleOut(Out):
    id: UUID
    supplier_id: UUID
    name: str
    unit: Unit
    earner: Earner
    event: EarnedOn
    basis: Basis
    rate: Annotated[str, Field(description="Points per yuan, per unit or per order: a decimal string")]
    scope: RuleScopeOut
    valid_from: date
    valid_to: date | None
    status: RuleStatus
    created_at: datetime
    updated_at: datetime
    version: int


class PointsEntryOut(Out):
    """One change of a points account."""

    id: UUID
    account_id: UUID
    supplier_id: Annotated[UUID, Field(description="In whose book")]
    organization_id: Annotated[UUID, Field(description="Whose points")]
    unit: Unit
    kind: Annotated[str, Field(description="points_earned, points_reversed or points_redeemed")]
    points: Annotated[int, Field(description="Signed")]
    balance_after: int
    rule_id: UUID | None
    rule_name: str | None
    order_id: UUID | None
    redemption_id: UUID | None
    created_at: datetime


class PointsBalanceOut(Out):
    account_id: UUID
    supplier_id: Annotated[UUID, Field(description="In whose book")]
    organization_id: Annotated[UUID, Field(description="Whose points")]
    unit: Unit
    points: Annotated[int, Field(description="Negative when more was reversed than was left")]


class BonusRedemptionOut(Out):
    id: UUID
    supplier_id: UUID
    distributor_id: UUID
    points: int
    amount: Annotated[int, Field(description="What the prepaid account got, in fen")]
    created_at: datetime
