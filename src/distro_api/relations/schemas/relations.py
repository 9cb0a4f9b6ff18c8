"""Relations, and the distributors that a supplier creates."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from distro_api.core.schemas import Command, Name, Out, Phone, Reason, absent
from distro_api.identity.models import OrganizationStatus
from distro_api.relations.models import Change, RelationStatus, Sells, Side
from distro_api.relations.schemas.fields import MAX_LINES, SellsField, TierName


class CreateDistributor(Command):
    name: Name
    phone: Phone
    contact_name: Name = absent()


class OpenRelation(Command):
    distributor_id: UUID
    tier: TierName | None = None
    sells: SellsField = Sells.ALL


class UpdateRelation(Command):
    tier: TierName | None = None
    sells: SellsField = absent()


class StopRelation(Command):
    reason: Annotated[Reason | None, Field(description="The distributor reads it too")] = None


class ResumeRelation(Command):
    reason: Annotated[Reason | None, Field(description="The distributor reads it too")] = None


class SetTier(Command):
    relation_ids: Annotated[list[UUID], Field(min_length=1, max_length=MAX_LINES)]
    tier: Annotated[TierName | None, Field(description="Null: no tier")]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.relation_ids)) != len(self.relation_ids):
            raise ValueError("同一合作关系出现多次 / a relation is named twice")
        return self


class TierResult(StrEnum):
    """`unknown_relation`: not one of yours; the other lines are done."""

    UPDATED = "updated"
    UNCHANGED = "unchanged"
    UNKNOWN_RELATION = "unknown_relation"


class TierLineOut(Out):
    relation_id: UUID
    result: TierResult


class TiersSetOut(Out):
    lines: Annotated[list[TierLineOut], Field(description="In the order asked")]


class Party(Out):
    id: UUID
    name: str
    status: OrganizationStatus


class RelationOut(Out):
    id: UUID
    supplier: Party
    distributor: Party
    tier: str | None
    sells: SellsField
    status: RelationStatus
    stop_reason: Annotated[str | None, Field(description="Why the cooperation is stopped, if that was said")]
    created_at: datetime
    updated_at: datetime
    version: int


class RelationChangeOut(Out):
    id: UUID
    change: Change
    by: Annotated[Side | None, Field(description="Which side; null: the platform")]
    reason: str | None
    detail: Annotated[dict[str, Any], Field(description="Of `opened` and `terms_changed`: the terms from then on")]
    created_at: datetime


class DistributorOut(Out):
    id: UUID
    name: str
    status: OrganizationStatus
    username: Annotated[str | None, Field(description="Of its owner")]
    contact_name: str | None
    phone: Annotated[str | None, Field(description="E.164")]
    relation_id: UUID
    tier: str | None
    relation_status: RelationStatus
    created_at: datetime
