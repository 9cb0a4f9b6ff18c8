"""A supplier's tiers of distributors."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Command, Out, Patch, absent
from distro_api.relations.schemas.fields import TierName

Rank = Annotated[int, Field(ge=1, le=1000, strict=True, description="1 is the highest; two tiers may share one")]


class CreateTier(Command):
    name: TierName
    rank: Annotated[Rank | None, Field(description="Left out: below all others")] = None


class EditTier(Patch):
    name: Annotated[TierName, Field(description="Relations, strategies and rules that name it follow")] = absent()
    rank: Rank = absent()


class TierOut(Out):
    id: UUID
    supplier_id: UUID
    name: str
    rank: int
    distributors: Annotated[int, Field(description="How many relations have it, stopped ones among them")]
    created_at: datetime
    updated_at: datetime
    version: int
