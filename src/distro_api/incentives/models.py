"""Tables of incentives. Points themselves are accounts of the ledger; these say why they moved."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from distro_api.core import clock
from distro_api.core.changes import TOLD
from distro_api.core.db import Base, Entity, Versioned
from distro_api.incentives.states import RuleStatus as RuleStatus
from distro_api.relations.models import names_a_tier


class Unit(StrEnum):
    """Two kinds of points; only bonus points can be redeemed."""

    SYNERGY = "synergy"
    BONUS = "bonus"


class Earner(StrEnum):
    DISTRIBUTOR = "distributor"
    SUPPLIER = "supplier"


class EarnedOn(StrEnum):
    ORDER_PAID = "order_paid"
    ORDER_COMPLETED = "order_completed"


class Basis(StrEnum):
    """What is multiplied by the rate: yuan of settlement, units, or the order itself."""

    AMOUNT = "amount"
    QUANTITY = "quantity"
    ORDER = "order"


class IncentiveRule(Versioned):
    """What a supplier awards for orders in its book, and to whom."""

    __tablename__ = "incentive_rules"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="dates_ordered"),
        CheckConstraint("rate ~ '^[0-9]{1,6}([.][0-9]{1,4})?$'", name="rate_is_decimal"),
        Index("ix_incentive_rules_supplier_id_id", "supplier_id", "id"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str] = mapped_column(info=TOLD)
    unit: Mapped[Unit]
    earner: Mapped[Earner]
    event: Mapped[EarnedOn]
    basis: Mapped[Basis]
    rate: Mapped[str] = mapped_column(info=TOLD)
    narrowed_to: Mapped[dict[str, Any]] = mapped_column("scope", info=TOLD)
    """`kinds` and `sku_ids` of the lines that count; null does not narrow."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    status: Mapped[RuleStatus]

    tier_rows: Mapped[list["IncentiveRuleTier"]] = relationship(
        lazy="selectin", order_by="IncentiveRuleTier.position", cascade="all, delete-orphan"
    )

    @property
    def scope(self) -> dict[str, Any]:
        """As in the API, tiers as they are called now."""
        return self.narrowed_to | {"tiers": [row.tier for row in self.tier_rows] or None}

    @scope.setter
    def scope(self, scope: Mapping[str, Any]) -> None:
        if scope["tiers"] != self.scope["tiers"]:
            self.tier_rows = [
                IncentiveRuleTier(supplier_id=self.supplier_id, tier=name, position=position)
                for position, name in enumerate(dict.fromkeys(scope["tiers"] or ()))
            ]
            self.updated_at = clock.now()  # a new version, though no column of this row may change
        self.narrowed_to = {name: value for name, value in scope.items() if name != "tiers"}


class IncentiveRuleTier(Base):
    """A tier of distributors for whose orders a rule awards."""

    __tracked__ = True
    __tablename__ = "incentive_rule_tiers"
    __table_args__ = (names_a_tier(), Index("ix_incentive_rule_tiers_supplier_id_tier", "supplier_id", "tier"))

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("incentive_rules.id", ondelete="CASCADE"), primary_key=True)
    tier: Mapped[str] = mapped_column(primary_key=True, info=TOLD)
    supplier_id: Mapped[UUID]
    position: Mapped[int]


class IncentiveAward(Base):
    """What one rule has given for one order, on the terms it had then; `awarded - reversed` is on the account.

    While it does not stand (the completed order was opened again) all of it is reversed. No foreign keys to orders and
    accounts: checking them would lock rows of lanes out of the one order of locks.
    """

    __tablename__ = "incentive_awards"
    __table_args__ = (
        CheckConstraint("reversed >= 0 AND reversed <= awarded", name="reversed_is_awarded"),
        Index("ix_incentive_awards_order_id", "order_id"),
    )

    rule_id: Mapped[UUID] = mapped_column(ForeignKey("incentive_rules.id"), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID]
    distributor_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    unit: Mapped[Unit]
    event: Mapped[EarnedOn]
    basis: Mapped[Basis]
    rate: Mapped[str]
    scope: Mapped[dict[str, Any]]
    standing: Mapped[bool]
    awarded: Mapped[int]
    reversed: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)


class BonusRedemption(Entity):
    """Bonus points of a distributor that became prepaid money with the supplier."""

    __tablename__ = "bonus_redemptions"
    __table_args__ = (
        CheckConstraint("points > 0 AND amount > 0", name="positive"),
        Index("ix_bonus_redemptions_supplier_id_id", "supplier_id", "id"),
        Index("ix_bonus_redemptions_distributor_id_id", "distributor_id", "id"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    distributor_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    points: Mapped[int]
    amount: Mapped[int]
    requested_by: Mapped[UUID]


class IncentiveMovement(Base):
    """Why a transfer of points was made: a rule and an order, or a redemption. Amounts are the ledger's."""

    __tablename__ = "incentive_movements"
    __table_args__ = (
        ForeignKeyConstraint(["rule_id", "order_id"], ["incentive_awards.rule_id", "incentive_awards.order_id"]),
        CheckConstraint(
            "(rule_id IS NULL) = (order_id IS NULL) AND (rule_id IS NULL) <> (redemption_id IS NULL)",
            name="award_or_redemption",
        ),
        Index("ix_incentive_movements_supplier_id_created_at", "supplier_id", "created_at", "transfer_id"),
        Index("ix_incentive_movements_organization_id_created_at", "organization_id", "created_at", "transfer_id"),
        Index("ix_incentive_movements_rule_id_order_id", "rule_id", "order_id"),
    )

    transfer_id: Mapped[UUID] = mapped_column(ForeignKey("transfers.id"), primary_key=True)
    supplier_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    unit: Mapped[Unit]
    rule_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    redemption_id: Mapped[UUID | None] = mapped_column(ForeignKey("bonus_redemptions.id"))
    created_at: Mapped[datetime]
