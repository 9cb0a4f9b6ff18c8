"""What clients send about accounts, and what they see. Amounts are in fen."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from distro_api.core.money import Amount, PositiveAmount
from distro_api.core.schemas import Command, Day, Out, Patch, Reason, ShortText, absent


class OpenAccount(Command):
    """Open an account for a distributor with the calling supplier."""

    distributor_id: UUID
    kind: Literal["prepaid", "credit"]
    credit_limit_amount: Annotated[Amount | None, Field(description="Of a credit account")] = None
    valid_from: Day | None = None
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == "prepaid" and self.credit_limit_amount:
            raise ValueError("预存账户没有信用额度 / a prepaid account has no credit limit")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to 不能早于 valid_from / valid_to is before valid_from")
        return self


class EditAccount(Patch):
    """Change limit or validity; fields left out stay, null takes an end of the validity away."""

    clearable: ClassVar[frozenset[str]] = frozenset({"valid_from", "valid_to"})

    credit_limit_amount: Annotated[Amount, Field(description="May fall below what is owed")] = absent()
    valid_from: Day | None = None
    valid_to: Day | None = None


class PayIn(Command):
    """Record money paid in outside the platform; it counts once the supplier has approved it."""

    amount: PositiveAmount
    method: Literal["offline", "online"]
    proof_file_id: Annotated[UUID | None, Field(description="Not supported yet")] = None
    note: ShortText | None = None


class RejectRecharge(Command):
    reason: Reason


class AccountOut(Out):
    id: UUID
    kind: str
    supplier_id: UUID
    distributor_id: UUID
    currency: str
    balance_amount: Annotated[int, Field(description="What was paid in less what was spent; negative: owed")]
    frozen_amount: Annotated[int, Field(description="Set aside for orders that wait for approval")]
    available_amount: Annotated[int, Field(description="credit limit + balance - frozen; negative after a limit cut")]
    credit_limit_amount: int | None
    owed_amount: int | None
    status: str
    valid_from: date | None
    valid_to: date | None
    created_at: datetime
    version: Annotated[int, Field(description="Of what is edited: limit, validity, status")]
    entry_count: Annotated[int, Field(description="Lines of the statement; with `version` it makes the ETag")]


class EntryOut(Out):
    """One line of the statement."""

    id: UUID
    kind: str
    amount: Annotated[int, Field(description="Signed: what it did to the balance")]
    frozen_amount: Annotated[int, Field(description="Signed: what it did to the frozen amount")]
    available_after: int
    balance_after: int
    reference: Annotated[UUID, Field(description="The order, recharge, …")]
    created_at: datetime


class RechargeOut(Out):
    id: UUID
    account_id: UUID
    supplier_id: UUID
    distributor_id: UUID
    kind: Annotated[str, Field(description="recharge (prepaid) or repayment (credit)")]
    amount: int
    method: str
    note: str | None
    status: str
    reject_reason: str | None
    requested_by: UUID
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime
    version: int
