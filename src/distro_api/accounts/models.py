"""Tables of the ledger. A book is named by the organization that keeps it: `supplier_id`, the platform's for its own."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from distro_api.accounts.states import AccountStatus as AccountStatus
from distro_api.accounts.states import RechargeStatus as RechargeStatus
from distro_api.core import clock
from distro_api.core.changes import TOLD
from distro_api.core.db import Base, Versioned

CONTRA_ACCOUNTS = uuid.UUID("0f0d4a1e-9df3-5b1e-8f0a-51b5be0c7a52")
"""Namespace of contra account ids."""


class AccountKind(StrEnum):
    """Limited accounts carry materialised columns and are locked; contra accounts are sums of entries."""

    PREPAID = "prepaid"
    CREDIT = "credit"
    SYNERGY = "synergy"
    BONUS = "bonus"
    SALES = "sales"
    CASH = "cash"
    SYNERGY_ISSUED = "synergy_issued"
    BONUS_COST = "bonus_cost"


LIMITED = (AccountKind.PREPAID, AccountKind.CREDIT, AccountKind.SYNERGY, AccountKind.BONUS)
FLOORED = (AccountKind.PREPAID, AccountKind.CREDIT)
"""Limited accounts that may not fall below their limit; points may, by a reversal."""


class TransferState(StrEnum):
    """`direct` moves at once; `pending` freezes on the debit account until one `post` or `void`."""

    DIRECT = "direct"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


class Account(Versioned):
    """One owner's account of one kind in one book.

    Signs are the holder's: what was paid in is positive. `available = credit_limit + posted - frozen`, which a cut of the
    limit may leave negative; `limit_floor` is the limit that what is already used needs.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("supplier_id", "owner_id", "kind", "unit"),
        CheckConstraint("frozen >= 0 AND credit_limit >= 0", name="frozen_and_limit_not_negative"),
        CheckConstraint("posted + limit_floor - frozen >= 0", name="never_overdrawn"),
        CheckConstraint("limit_floor >= credit_limit", name="floor_covers_limit"),
        CheckConstraint("(kind IN ('prepaid', 'credit')) = (limit_floor IS NOT NULL)", name="money_has_a_floor"),
        CheckConstraint("kind <> 'prepaid' OR credit_limit = 0", name="prepaid_has_no_credit"),
        Index("ix_accounts_owner_id_id", "owner_id", "id"),
        {"postgresql_with": {"fillfactor": 50, "autovacuum_vacuum_scale_factor": 0.01}},
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    kind: Mapped[AccountKind]
    unit: Mapped[str] = mapped_column(info=TOLD)
    status: Mapped[AccountStatus]
    posted: Mapped[int] = mapped_column(default=0)
    frozen: Mapped[int] = mapped_column(default=0)
    credit_limit: Mapped[int] = mapped_column(default=0)
    limit_floor: Mapped[int | None]
    entry_count: Mapped[int] = mapped_column(default=0)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class Transfer(Base):
    """Money from one account to another. Never changed: a correction is a new transfer."""

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint("amount > 0 OR (amount = 0 AND state = 'void')", name="amount_is_positive"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        CheckConstraint("(pending_id IS NOT NULL) = (state IN ('post', 'void'))", name="resolution_names_its_hold"),
        Index("uq_transfers_pending_id", "pending_id", unique=True, postgresql_where="pending_id IS NOT NULL"),
        Index("ix_transfers_reference_id", "reference_id"),
        Index(
            "uq_transfers_once",
            "reference_id",
            unique=True,
            postgresql_where="kind IN ('order_payment', 'recharge', 'repayment')",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=clock.new_id)
    supplier_id: Mapped[UUID]
    debit_account_id: Mapped[UUID]
    credit_account_id: Mapped[UUID]
    amount: Mapped[int]
    unit: Mapped[str]
    state: Mapped[TransferState]
    pending_id: Mapped[UUID | None] = mapped_column(ForeignKey("transfers.id"))
    kind: Mapped[str]
    reference_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Entry(Base):
    """What a transfer did to one account. On limited accounts `account_version` counts without a gap."""

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("account_version > 0", name="versions_start_at_one"),
        CheckConstraint("leg IN (0, 1)", name="two_legs"),
        Index(
            "uq_entries_account_id_account_version",
            "account_id",
            "account_version",
            unique=True,
            postgresql_where="account_version IS NOT NULL",
        ),
        Index(
            "ix_entries_contra_account_id_created_at",
            "account_id",
            "created_at",
            postgresql_where="account_version IS NULL",
        ),
    )

    transfer_id: Mapped[UUID] = mapped_column(ForeignKey("transfers.id"), primary_key=True)
    leg: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    supplier_id: Mapped[UUID]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    amount: Mapped[int]
    frozen_delta: Mapped[int]
    available_after: Mapped[int | None]
    balance_after: Mapped[int | None]
    account_version: Mapped[int | None]
    reference_id: Mapped[UUID]
    created_at: Mapped[datetime]


class Recharge(Versioned):
    """Money that a distributor has paid in outside the platform; it counts once the supplier has approved it."""

    __tablename__ = "recharges"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("(status = 'rejected') = (reject_reason IS NOT NULL)", name="rejection_has_a_reason"),
        Index("ix_recharges_account_id_id", "account_id", "id"),
        Index("ix_recharges_supplier_id_id", "supplier_id", "id"),
        Index("ix_recharges_distributor_id_id", "distributor_id", "id"),
    )

    supplier_id: Mapped[UUID]
    distributor_id: Mapped[UUID]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str] = mapped_column(info=TOLD)
    amount: Mapped[int]
    method: Mapped[str] = mapped_column(info=TOLD)
    note: Mapped[str | None]
    status: Mapped[RechargeStatus]
    reject_reason: Mapped[str | None] = mapped_column(info=TOLD)
    requested_by: Mapped[UUID]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]


@lru_cache(maxsize=10_000)
def contra_account_id(supplier_id: UUID, kind: AccountKind, unit: str) -> UUID:
    """The id of a book's contra account, computed so that no writer has to look it up."""
    assert kind not in LIMITED
    return uuid.uuid5(CONTRA_ACCOUNTS, f"{supplier_id.hex}/{kind.value}/{unit}")
