"""Inputs and outputs of strategies. The shapes of prices, limits and refund rules are what the tables and orders keep."""

import itertools
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from distro_api.core.errors import NotSupportedYet
from distro_api.core.money import Amount, Percent
from distro_api.core.schemas import Command, Day, Name, Out, Patch
from distro_api.relations.schemas import TierName
from distro_api.strategies.models import AudienceKind, BusinessMode, Channel, DayKind, PayBy, StrategyStatus

MAX_SPAN_DAYS = 3660
MAX_ITEMS = 500
Quantity = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Days = Annotated[int, Field(ge=0, le=3650, strict=True)]
Weekday = Annotated[int, Field(ge=1, le=7, strict=True)]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), Field(examples=["18:00"])]


def _refuse(wrong: bool, zh: str, en: str) -> None:
    if wrong:
        raise ValueError(f"{zh} / {en}")


class RefundRule(Command):
    """Until so many hours before the service a refund costs this; negative: hours after it."""

    until_hours_before: Annotated[int, Field(ge=-8760, le=8760, strict=True)]
    fee_percent: Percent | None = None
    fee_amount: Annotated[int | None, Field(ge=0, le=10**13, strict=True, description="Fen per unit")] = None

    @model_validator(mode="after")
    def _one_fee(self) -> Self:
        _refuse(
            (self.fee_percent is None) == (self.fee_amount is None),
            "须填 fee_percent 或 fee_amount 之一",
            "exactly one of fee_percent and fee_amount",
        )
        return self


def _descending(rules: list[RefundRule] | None) -> None:
    hours = [rule.until_hours_before for rule in rules or ()]
    _refuse(
        any(later >= earlier for earlier, later in itertools.pairwise(hours)),
        "退款阶梯须按 until_hours_before 从大到小排列",
        "until_hours_before must fall from rung to rung",
    )


class Audience(Command):
    """Who may buy: all partners, those of some tiers, or those named."""

    kind: AudienceKind
    tiers: Annotated[list[TierName], Field(max_length=50)] = []
    distributor_ids: Annotated[list[UUID], Field(max_length=1000)] = []

    @model_validator(mode="after")
    def _named(self) -> Self:
        for kind, named in ((AudienceKind.TIERS, self.tiers), (AudienceKind.DISTRIBUTORS, self.distributor_ids)):
            field = "tiers" if kind is AudienceKind.TIERS else "distributor_ids"
            _refuse((self.kind is kind) != bool(named), f"{field} 与 kind 不符", f"{field} goes with kind {kind.value}")
            _refuse(len(set(named)) < len(named), f"{field} 有重复", f"{field} repeats itself")
        return self


class DatePrice(Command):
    """A price for service dates: in a range, on weekdays in it, or on official holidays in it."""

    date_from: Day
    date_to: Day
    weekdays: Annotated[
        list[Weekday] | None,
        Field(
            min_length=1, max_length=7, description="1 is Monday; weekend days worked by official order do not count"
        ),
    ] = None
    holidays: Annotated[bool, Field(description="On official holidays only")] = False
    settlement_price: Amount | None = None
    retail_price: Amount | None = None

    @model_validator(mode="after")
    def _one_layer(self) -> Self:
        _refuse(self.date_to < self.date_from, "date_to 早于 date_from", "date_to is before date_from")
        _refuse((self.date_to - self.date_from).days > MAX_SPAN_DAYS, "日期范围过长", "more than ten years")
        _refuse(self.holidays and self.weekdays is not None, "weekdays 与 holidays 只能填一个", "weekdays or holidays")
        _refuse(len(set(self.weekdays or ())) < len(self.weekdays or ()), "weekdays 有重复", "a weekday comes twice")
        _refuse(
            self.settlement_price is None and self.retail_price is None,
            "须填 settlement_price 或 retail_price",
            "a price is needed",
        )
        return self


class QuantityPrice(Command):
    """From so many units on, this settlement price instead of the base one."""

    min_quantity: Quantity
    settlement_price: Amount


class CutOff(Command):
    """Bookable until `time` on the day `days_before` the service date."""

    days_before: Annotated[int, Field(ge=0, le=365, strict=True)]
    time: TimeOfDay


class PurchaseLimits(Command):
    min_quantity: Annotated[Quantity | None, Field(description="Per order")] = None
    max_quantity: Annotated[Quantity | None, Field(description="Per order")] = None
    per_day: Annotated[Quantity | None, Field(description="Units one distributor may buy on one day")] = None
    per_traveller: Annotated[Quantity | None, Field(description="Not supported yet: leave empty")] = None
    advance_days_min: Days | None = None
    advance_days_max: Days | None = None
    cut_off: CutOff | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.per_traveller is not None:
            raise NotSupportedYet(feature="limits.per_traveller")
        least = self.min_quantity or 1
        for name in ("max_quantity", "per_day"):
            most = getattr(self, name)
            _refuse(most is not None and most < least, f"{name} 小于 min_quantity", f"{name} is below min_quantity")
        _refuse(
            self.advance_days_max is not None and self.advance_days_max < (self.advance_days_min or 0),
            "advance_days_max 小于 advance_days_min",
            "advance_days_max is below advance_days_min",
        )
        return self


class ItemTerms(Command):
    """Prices and limits of one SKU. `agency` pays retail less commission: there `settlement_price` does not price."""

    settlement_price: Annotated[Amount | None, Field(description="Fen per unit; needed for wholesale")] = None
    retail_price: Annotated[Amount | None, Field(description="Fen per unit; default: the SKU's list price")] = None
    commission_percent: Percent | None = None
    commission_amount: Annotated[int | None, Field(ge=0, le=10**13, strict=True, description="Fen per unit")] = None
    date_prices: Annotated[
        list[DatePrice],
        Field(max_length=200, description="Holiday before weekday before range; then the later row wins"),
    ] = []
    quantity_prices: Annotated[list[QuantityPrice], Field(max_length=20)] = []
    limits: PurchaseLimits | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse(
            self.commission_percent is not None and self.commission_amount is not None,
            "commission_percent 与 commission_amount 只能填一个",
            "commission_percent or commission_amount",
        )
        steps = [step.min_quantity for step in self.quantity_prices]
        _refuse(
            any(later <= earlier for earlier, later in itertools.pairwise(steps)),
            "数量阶梯须从小到大",
            "min_quantity must rise from step to step",
        )
        return self


class StrategyItemIn(ItemTerms):
    sku_id: UUID


Items = Annotated[list[StrategyItemIn], Field(max_length=MAX_ITEMS)]


def _each_sku_once(items: list[StrategyItemIn]) -> None:
    _refuse(len({item.sku_id for item in items}) < len(items), "同一规格只能出现一次", "name each SKU once")


class CreateStrategy(Command):
    name: Name
    channel: Channel
    business_mode: BusinessMode
    audience: Audience
    valid_from: Day
    valid_to: Annotated[Day | None, Field(description="Last day on which orders can be placed")] = None
    priority: Annotated[int, Field(ge=-1000, le=1000, strict=True, description="The highest applies")] = 0
    pay_by: Annotated[list[PayBy], Field(min_length=1, max_length=4)]
    order_approval: bool = False
    refund_approval: Annotated[bool, Field(description="Not supported yet: leave false")] = False
    refund_rules: Annotated[list[RefundRule], Field(max_length=20, description="Empty: not refundable")]
    items: Items = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_terms(self.channel, self.refund_approval, self.pay_by, self.refund_rules)
        _refuse(
            self.valid_to is not None and self.valid_to < self.valid_from,
            "valid_to 早于 valid_from",
            "valid_to is before valid_from",
        )
        _each_sku_once(self.items)
        return self


class EditStrategy(Patch):
    """Only what is sent changes; it applies at once. Items have endpoints of their own."""

    clearable: ClassVar[frozenset[str]] = frozenset({"valid_to"})

    name: Name | None = None
    channel: Channel | None = None
    business_mode: BusinessMode | None = None
    audience: Audience | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    priority: Annotated[int | None, Field(ge=-1000, le=1000, strict=True)] = None
    pay_by: Annotated[list[PayBy] | None, Field(min_length=1, max_length=4)] = None
    order_approval: bool | None = None
    refund_approval: bool | None = None
    refund_rules: Annotated[list[RefundRule] | None, Field(max_length=20)] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_terms(self.channel, self.refund_approval, self.pay_by, self.refund_rules)
        return self


def _check_terms(
    channel: Channel | None, refund_approval: bool | None, pay_by: list[PayBy] | None, rules: list[RefundRule] | None
) -> None:
    if channel is Channel.EMPLOYEE:
        raise NotSupportedYet(feature="channel employee")
    if refund_approval:
        raise NotSupportedYet(feature="refund_approval")
    for way in pay_by or ():
        if way in (PayBy.ONLINE, PayBy.OFFLINE):
            raise NotSupportedYet(feature=f"pay_by {way}")
    _refuse(len(set(pay_by or ())) < len(pay_by or ()), "pay_by 有重复", "pay_by repeats itself")
    _descending(rules)


class PutStrategyItems(Command):
    """Those named are added or replaced, the others stay."""

    items: Annotated[list[StrategyItemIn], Field(min_length=1, max_length=MAX_ITEMS)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        _each_sku_once(self.items)
        return self


class PutHoliday(Command):
    name: Name
    kind: Annotated[DayKind, Field(description="A day off, or a weekend day that is worked")]


class AudienceOut(Out):
    kind: AudienceKind
    tiers: list[str]
    distributor_ids: list[UUID]


class StrategyItemOut(Out):
    sku_id: UUID
    settlement_price: Annotated[int | None, Field(description="Fen per unit")]
    retail_price: Annotated[int | None, Field(description="Fen per unit")]
    commission_percent: str | None
    commission_amount: Annotated[int | None, Field(description="Fen per unit")]
    date_prices: list[dict[str, Any]]
    quantity_prices: list[dict[str, Any]]
    limits: dict[str, Any]


class StrategySummaryOut(Out):
    id: UUID
    supplier_id: UUID
    name: str
    channel: Channel
    business_mode: BusinessMode
    audience: AudienceOut
    valid_from: date
    valid_to: date | None
    priority: int
    pay_by: list[PayBy]
    order_approval: bool
    refund_approval: bool
    refund_rules: list[dict[str, Any]]
    status: StrategyStatus
    created_at: datetime
    updated_at: datetime
    version: int


class StrategyOut(StrategySummaryOut):
    items: list[StrategyItemOut]


class HolidayOut(Out):
    day: date
    name: str
    kind: DayKind
