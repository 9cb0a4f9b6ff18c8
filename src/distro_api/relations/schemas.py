"""What relations take and give."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from distro_api.core.money import Amount
from distro_api.core.schemas import Command, Name, Out, Phone, absent, printable
from distro_api.identity.models import OrganizationStatus
from distro_api.relations.models import RelationStatus, Sells

Tier = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=32),
    AfterValidator(printable),
    Field(description="The supplier's own name for a level of distributors, as its strategies use it"),
]
SellsField = Annotated[
    Sells, Field(description="`all` SKUs of the supplier's strategies, or only those `listed` as authorised")
]
MAX_LINES = 1000


class CreateDistributor(Command):
    name: Name
    phone: Phone
    contact_name: Name = absent()


class OpenRelation(Command):
    distributor_id: UUID
    tier: Tier | None = None
    sells: SellsField = Sells.ALL


class UpdateRelation(Command):
    tier: Tier | None = None
    sells: SellsField = absent()


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
    created_at: datetime
    updated_at: datetime
    version: int


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


class AuthorizationLine(Command):
    sku_id: UUID
    settlement_price: Amount


class AuthorizeProducts(Command):
    lines: Annotated[list[AuthorizationLine], Field(min_length=1, max_length=MAX_LINES)]

    @model_validator(mode="after")
    def _each_sku_once(self) -> Self:
        if len({line.sku_id for line in self.lines}) != len(self.lines):
            raise ValueError("同一 SKU 出现多次 / a SKU is named twice")
        return self


class LineResult(StrEnum):
    """`unknown_sku`: not one of yours, or retired; the other lines are done."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    UNKNOWN_SKU = "unknown_sku"


class AuthorizedLineOut(Out):
    sku_id: UUID
    settlement_price: Amount
    result: LineResult


class AuthorizedOut(Out):
    lines: Annotated[list[AuthorizedLineOut], Field(description="In the order asked")]


class AuthorizationOut(Out):
    sku_id: UUID
    sku_name: str
    product_id: UUID
    product_name: str
    settlement_price: Amount
    created_at: datetime
