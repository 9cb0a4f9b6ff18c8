"""What imports take."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from distro_api.core.schemas import Command


class Mode(StrEnum):
    """What happens when some rows are refused: nothing is imported, or the others are."""

    ALL_OR_NOTHING = "all_or_nothing"
    VALID_ONLY = "valid_only"


class Existing(StrEnum):
    """What a row does that names something there already: bring it up to date, or be refused."""

    UPDATE = "update"
    REFUSE = "refuse"


class StartImport(Command):
    file_id: Annotated[UUID, Field(description="`id` from `POST /files`")]
    mode: Annotated[
        Mode,
        Field(description="`all_or_nothing`: one refused row refuses all; `valid_only`: the good rows are imported"),
    ]
    existing: Annotated[
        Existing, Field(description="Rows that name what is there already: `update` it, or `refuse` the row")
    ] = Existing.UPDATE


class ImportPayload(BaseModel):
    """What an import job is started with."""

    file_id: UUID
    mode: Mode
    existing: Existing
