"""Tables of strategies."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from distro_api.core import clock
from distro_api.core.changes import TOLD
from distro_api.core.db import Base, Versioned
from distro_api.relations.models import names_a_tier
from distro_api.strategies.states import StrategyStatus as StrategyStatus

BUILT_IN = UUID(int=0)
"""Stands for the built-in authorised strategy where a strategy id is needed (limit counters)."""


class Channel(StrEnum):
    """Whose purchase it is."""

    INDIVIDUAL = "individual"
    ENTERPRISE = "enterprise"
    EMPLOYEE = "employee"


class BusinessMode(StrEnum):
    """`wholesale`: the distributor pays the settlement price. `agency`: retail less commission."""

    WHOLESALE = "wholesale"
    AGENCY = "agency"


class AudienceKind(StrEnum):
    ALL = "all"
    TIERS = "tiers"
    DISTRIBUTORS = "distributors"


class PayBy(StrEnum):
    PREPAID = "prepaid"
    CREDIT = "credit"
    ONLINE = "online"
    OFFLINE = "offline"


class DayKind(StrEnum):
    """An official holiday, or a weekend day that is worked to make up for one."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"


class Strategy(Versioned):
    """A way to sell: to whom, when, paid how, refunded how; its items say what and at which price."""

    __tablename__ = "strategies"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="dates_ordered"),
        CheckConstraint("cardinality(pay_by) > 0", name="can_be_paid"),
        CheckConstraint(
            "(audience_kind = 'distributors') = (cardinality(distributor_ids) > 0)",
            name="audience_is_named",
        ),
        Index("ix_strategies_supplier_id_id", "supplier_id", "id"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str] = mapped_column(info=TOLD)
    channel: Mapped[Channel]
    business_mode: Mapped[BusinessMode]
    audience_kind: Mapped[AudienceKind]
    distributor_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), info=TOLD)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    priority: Mapped[int]
    pay_by: Mapped[list[str]] = mapped_column(ARRAY(Text), info=TOLD)
    order_approval: Mapped[bool]
    refund_approval: Mapped[bool]
    refund_rules: Mapped[list[dict[str, Any]]] = mapped_column(info=TOLD)
    status: Mapped[StrategyStatus]

    items: Mapped[list["StrategyItem"]] = relationship(
        lazy="raise_on_sql", order_by="StrategyItem.sku_id", cascade="all, delete-orphan"
    )

    tier_rows: Mapped[list["StrategyTier"]] = relationship(
        lazy="selectin", order_by="StrategyTier.position", cascade="all, delete-orphan"
    )

    @property
    def tiers(self) -> list[str]:
        """The names of the tiers it is for, as they are called now."""
        return [row.tier for row in self.tier_rows]

    @tiers.setter
    def tiers(self, names: Sequence[str]) -> None:
        if list(names) != self.tiers:
            self.tier_rows = [
                StrategyTier(supplier_id=self.supplier_id, tier=name, position=position)
                for position, name in enumerate(names)
            ]

    @property
    def audience(self) -> dict[str, Any]:
        """As in the API."""
        return {"kind": self.audience_kind, "tiers": self.tiers, "distributor_ids": self.distributor_ids}


class StrategyTier(Base):
    """A tier that a strategy is for."""

    __tracked__ = True
    __tablename__ = "strategy_tiers"
    __table_args__ = (names_a_tier(), Index("ix_strategy_tiers_supplier_id_tier", "supplier_id", "tier"))

    strategy_id: Mapped[UUID] = mapped_column(ForeignKey("strategies.id", ondelete="CASCADE"), primary_key=True)
    tier: Mapped[str] = mapped_column(primary_key=True, info=TOLD)
    supplier_id: Mapped[UUID]
    position: Mapped[int]


class StrategyItem(Base):
    """A SKU in a strategy: its prices and limits. The JSON columns are as in the API."""

    __tracked__ = True
    __tablename__ = "strategy_items"
    __table_args__ = (
        CheckConstraint(
            "settlement_price >= 0 AND retail_price >= 0 AND retail_price >= settlement_price", name="prices_ordered"
        ),
        CheckConstraint("commission_percent IS NULL OR commission_amount IS NULL", name="one_commission"),
        CheckConstraint("commission_amount >= 0", name="commission_not_negative"),
        Index("ix_strategy_items_sku_id", "sku_id"),
    )

    strategy_id: Mapped[UUID] = mapped_column(ForeignKey("strategies.id", ondelete="CASCADE"), primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(ForeignKey("skus.id"), primary_key=True)
    supplier_id: Mapped[UUID]
    settlement_price: Mapped[int | None]
    retail_price: Mapped[int | None]
    commission_percent: Mapped[str | None] = mapped_column(info=TOLD)
    commission_amount: Mapped[int | None]
    date_prices: Mapped[list[dict[str, Any]]] = mapped_column(info=TOLD)
    quantity_prices: Mapped[list[dict[str, Any]]] = mapped_column(info=TOLD)
    limits: Mapped[dict[str, Any]] = mapped_column(info=TOLD)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class LimitCounter(Base):
    """Units of a SKU that a distributor has bought on an ordering day under a strategy (`BUILT_IN`: the built-in one)."""

    __tablename__ = "limit_counters"
    __table_args__ = (
        CheckConstraint("used >= 0", name="used_not_negative"),
        {"postgresql_with": {"fillfactor": 50, "autovacuum_vacuum_scale_factor": 0.01}},
    )

    distributor_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    strategy_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID]
    used: Mapped[int]


class Holiday(Base):
    """A day that is not what its weekday says."""

    __tracked__ = True
    __tablename__ = "holidays"

    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(info=TOLD)
    kind: Mapped[DayKind]
