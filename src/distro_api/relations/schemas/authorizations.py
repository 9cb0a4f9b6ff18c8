"""SKUs authorised to a distributor."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from distro_api.core.money import Amount
from distro_api.core.schemas import Command, Out
from distro_api.relations.schemas.fields import MAX_LINES


class AuthorizationLine(Command):
    sku_id: UUID
    settlement_price: Amount


class AuthorizeProducts(Command):
    lines: Annotated[list[AuthorizationLine], Field(min_length=1, max_length=MAX_LINES)]

    @model_validator(mode="after")
    def _each_sku_once(self) -> Self:
        _once([line.sku_id for line in self.lines])
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


class WithdrawProducts(Command):
    sku_ids: Annotated[list[UUID], Field(min_length=1, max_length=MAX_LINES)]

    @model_validator(mode="after")
    def _each_sku_once(self) -> Self:
        _once(self.sku_ids)
        return self


class WithdrawResult(StrEnum):
    """`not_authorised`: it was not, or is nobody's SKU; the other lines are done."""

    WITHDRAWN = "withdrawn"
    NOT_AUTHORISED = "not_authorised"


class WithdrawnLineOut(Out):
    sku_id: UUID
    result: WithdrawResult


class WithdrawnOut(Out):
    lines: Annotated[list[WithdrawnLineOut], Field(description="In the order asked")]


class AuthorizationOut(Out):
    sku_id: UUID
    sku_name: str
    product_id: UUID
    product_name: str
    settlement_price: Amount
    created_at: datetime


def _once(sku_ids: list[UUID]) -> None:
    if len(set(sku_ids)) != len(sku_ids):
        raise ValueError("同一 SKU 出现多次 / a SKU is named twice")
