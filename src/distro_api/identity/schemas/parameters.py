"""Platform parameters."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, StrictStr, StringConstraints

from distro_api.core.schemas import Command, Out, Reason

Number = Annotated[StrictInt, Field(ge=-(2**53) + 1, le=2**53 - 1)]
Line = Annotated[StrictStr, StringConstraints(max_length=2000)]
ParameterValue = StrictBool | Number | Line
"""What a parameter may be at all; its own declaration says more."""


class SetParameter(Command):
    value: Annotated[ParameterValue, Field(description="As the parameter's `schema` says")]
    reason: Annotated[Reason | None, Field(description="Why, for the history")] = None


class Words(Out):
    zh: str
    en: str


class ParameterOut(Out):
    name: str
    title: Words
    description: Words
    allowed: Annotated[dict[str, Any], Field(description="JSON Schema of the value")]
    default: ParameterValue
    value: ParameterValue
    is_default: Annotated[bool, Field(description="Follows the default, also when a later release changes it")]
    version: Annotated[int, Field(description="0: never changed")]
    changed_at: datetime | None
    changed_by: Annotated[UUID | None, Field(description="The user")]


class ParameterChangeOut(Out):
    id: UUID
    version: int
    value: Annotated[ParameterValue | None, Field(description="Null: back to the default")]
    user_id: UUID
    reason: str | None
    created_at: datetime
