"""Tables of orders. Prices, rules and names are copies: nothing is read again from products or strategies."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.core.db import Base
from distro_api.orders.states import OrderStatus, RefundStatus


class Payer(StrEnum):
    DISTRIBUTOR = "distributor"
    CUSTOMER = "customer"


class Confirmation(StrEnum):
    NONE = "none"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Order(Base):
    """What one distributor bought from one supplier in one act. Written by lanes only."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(
            "total_amount = CASE payer WHEN 'customer' THEN retail_amount ELSE settlement_amount END",
            name="total_is_the_payers",
        ),
        CheckConstraint("paid_amount IN (0, total_amount)", name="paid_whole_or_not"),
        CheckConstraint("refunded_amount >= 0 AND refunded_amount <= paid_amount", name="refunded_is_paid"),
        CheckConstraint("(status = 'pending_payment') = (pay_before IS NOT NULL)", name="unpaid_has_an_end"),
        CheckConstraint("hold_id IS NULL OR status = 'pending_approval'", name="frozen_only_while_waiting"),
        CheckConstraint("hold_id IS NULL OR account_id IS NOT NULL", name="frozen_on_an_account"),
        CheckConstraint(
            "CASE WHEN status IN ('paid', 'fulfilling', 'completed') THEN paid_at IS NOT NULL "
            "WHEN status = 'cancelled' THEN true ELSE paid_at IS NULL END",
            name="paid_at_some_time_or_not",
        ),
        Index(
            "uq_orders_distributor_id_source_outside_no",
            "distributor_id",
            "source",
            "outside_no",
            unique=True,
            postgresql_where="outside_no IS NOT NULL",
        ),
        Index("ix_orders_supplier_id_id", "supplier_id", "id"),
        Index("ix_orders_distributor_id_id", "distributor_id", "id"),
        Index("ix_orders_undecided", "id", postgresql_where="status = 'pending_approval'"),
        Index("ix_orders_pay_before", "pay_before", postgresql_where="pay_before IS NOT NULL"),
        {"postgresql_with": {"fillfactor": 85}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_no: Mapped[str] = mapped_column(unique=True)
    supplier_id: Mapped[UUID]
    distributor_id: Mapped[UUID]
    placed_by: Mapped[UUID | None]
    channel: Mapped[str]
    business_mode: Mapped[str]
    payer: Mapped[Payer]
    status: Mapped[OrderStatus]
    refund_status: Mapped[RefundStatus]
    source: Mapped[str]
    outside_no: Mapped[str | None]
    customer_name: Mapped[str]
    customer_phone: Mapped[str]
    customer_organization: Mapped[str | None]
    shipping_address: Mapped[dict[str, Any] | None]
    note: Mapped[str | None]
    currency: Mapped[str]
    retail_amount: Mapped[int]
    settlement_amount: Mapped[int]
    commission_amount: Mapped[int]
    total_amount: Mapped[int]
    paid_amount: Mapped[int]
    refunded_amount: Mapped[int]
    pay_by: Mapped[list[str]] = mapped_column(JSONB)
    pay_before: Mapped[datetime | None]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    hold_id: Mapped[UUID | None]
    paid_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]


class OrderLine(Base):
    """Units of one SKU. `fulfilled` is a projection of tickets; `stock` says which buckets it takes."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint(
            "quantity > 0 AND fulfilled >= 0 AND refunding >= 0 AND refunded >= 0", name="counts_not_negative"
        ),
        CheckConstraint("fulfilled + refunding + refunded <= quantity", name="fulfilled_or_refunded_once"),
        CheckConstraint("refunded_amount + fee_amount <= settlement_amount", name="refund_within_settlement"),
        Index("ix_order_lines_order_id", "order_id", "line_no", unique=True),
        Index("ix_order_lines_product_id_order_id", "product_id", "order_id"),
        Index("ix_order_lines_sku_id", "sku_id"),
        {"postgresql_with": {"fillfactor": 85}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    supplier_id: Mapped[UUID]
    distributor_id: Mapped[UUID]
    line_no: Mapped[int] = mapped_column(SmallInteger)
    product_id: Mapped[UUID]
    sku_id: Mapped[UUID] = mapped_column(ForeignKey("skus.id"))
    strategy_id: Mapped[UUID | None]
    product_name: Mapped[str]
    sku_name: Mapped[str]
    product_kind: Mapped[str]
    fulfilment: Mapped[str]
    confirmation: Mapped[Confirmation]
    quantity: Mapped[int]
    fulfilled: Mapped[int]
    refunding: Mapped[int]
    refunded: Mapped[int]
    service_date: Mapped[date | None]
    slot: Mapped[str | None]
    anchor: Mapped[datetime | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    retail_price: Mapped[int]
    settlement_price: Mapped[int]
    retail_amount: Mapped[int]
    settlement_amount: Mapped[int]
    commission_amount: Mapped[int]
    refunded_amount: Mapped[int]
    fee_amount: Mapped[int]
    per_day_limit: Mapped[int | None]
    refund_rules: Mapped[list[dict[str, Any]]]
    stock: Mapped[list[dict[str, Any]]]
    explanation: Mapped[list[dict[str, Any]]]


class OrderTransition(Base):
    """One step of an order's life: who, when, why."""

    __tablename__ = "order_transitions"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    supplier_id: Mapped[UUID]
    distributor_id: Mapped[UUID]
    action: Mapped[str]
    status: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_organization_id: Mapped[UUID | None]
    reason: Mapped[str]
    created_at: Mapped[datetime]


class RefundState(StrEnum):
    PENDING_APPROVAL = "pending_approval"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"


class Refund(Base):
    """Money and units going back. `amount` reaches the payer, `fee_amount` stays with the supplier."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount >= 0 AND fee_amount >= 0", name="amounts_not_negative"),
        CheckConstraint("amount + fee_amount = settlement_amount", name="amount_and_fee_are_the_whole"),
        Index("ix_refunds_order_id", "order_id"),
        Index("ix_refunds_supplier_id_id", "supplier_id", "id"),
        Index("ix_refunds_distributor_id_id", "distributor_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    supplier_id: Mapped[UUID]
    distributor_id: Mapped[UUID]
    status: Mapped[RefundState]
    reason: Mapped[str]
    amount: Mapped[int]
    fee_amount: Mapped[int]
    retail_amount: Mapped[int]
    settlement_amount: Mapped[int]
    commission_amount: Mapped[int]
    account_id: Mapped[UUID | None]
    requested_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    version: Mapped[int]


class RefundLine(Base):
    """The units of one line in a refund."""

    __tablename__ = "refund_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_is_positive"),)

    refund_id: Mapped[UUID] = mapped_column(ForeignKey("refunds.id"), primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("order_lines.id"), primary_key=True)
    quantity: Mapped[int]
    amount: Mapped[int]
    fee_amount: Mapped[int]
    retail_amount: Mapped[int]
    settlement_amount: Mapped[int]
    commission_amount: Mapped[int]
