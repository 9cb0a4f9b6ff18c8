"""Invitations to work together."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from distro_api.core.schemas import Command, Out, Phone, Reason, absent, printable
from distro_api.relations.models import InvitationStatus, Side
from distro_api.relations.schemas.fields import SellsField, TierName

TypedCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=32),
    AfterValidator(printable),
    Field(description="The other side's, in either case, with or without dash", examples=["K7QM-3XV6"]),
]


class InvitePartner(Command):
    """By partner code or by the phone number of one of the other side's people."""

    partner_code: TypedCode = absent()
    phone: Phone = absent()
    message: Annotated[Reason | None, Field(description="The other side reads it")] = None
    tier: Annotated[TierName | None, Field(description="For suppliers only: what the distributor will be")] = None
    sells: Annotated[SellsField | None, Field(description="For suppliers only; left out: `all`")] = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if len(self.model_fields_set & {"partner_code", "phone"}) != 1:
            raise ValueError("须填 partner_code 或 phone 之一 / exactly one of partner_code and phone")
        return self


class AcceptInvitation(Command):
    """What a supplier says when it accepts; a distributor says nothing, the terms are in the invitation."""

    tier: TierName | None = None
    sells: Annotated[SellsField | None, Field(description="Left out: `all`")] = None


class DeclineInvitation(Command):
    reason: Annotated[Reason | None, Field(description="The other side reads it")] = None


class WithdrawInvitation(Command):
    reason: Annotated[Reason | None, Field(description="The other side reads it")] = None


class InvitedParty(Out):
    id: UUID
    name: Annotated[str | None, Field(description="Who asks sees the other's name when it has accepted")]


class InvitationOut(Out):
    id: UUID
    supplier: InvitedParty
    distributor: InvitedParty
    asked_by: Side
    asked_for: Annotated[str, Field(description="The partner code or phone number by which it was found")]
    message: str | None
    tier: str | None
    sells: SellsField
    status: InvitationStatus
    expires_at: datetime
    answered_at: datetime | None
    answer_reason: str | None
    relation_id: Annotated[UUID | None, Field(description="What became of it")]
    created_at: datetime
    version: int
