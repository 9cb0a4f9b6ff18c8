"""What clients send about stock, and what they see."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from distro_api.core.schemas import Command, Day, Name, Out, Reason
from distro_api.inventory.models import Mode, MovementKind

Capacity = Annotated[int, Field(ge=0, le=1_000_000_000, strict=True)]
MAX_DAYS = 366 * 2


class CreateItem(Command):
    """Something to be counted apart from a product, to be shared by SKUs."""

    name: Name
    mode: Mode


class SetCalendar(Command):
    """The capacity of every day of a range, or of its given weekdays."""

    date_from: Day
    date_to: Day
    weekdays: Annotated[
        list[Annotated[int, Field(ge=1, le=7)]] | None,
        Field(min_length=1, max_length=7, description="1 Monday … 7 Sunday"),
    ] = None
    slots: Annotated[list[dict[str, Any]] | None, Field(max_length=48, description="Not supported yet")] = None
    capacity: Capacity
    closed: Annotated[bool | None, Field(description="Left out: as it is; new days are open")] = None

    @model_validator(mode="after")
    def _range(self) -> Self:
        if not self.date_from <= self.date_to <= self.date_from + timedelta(days=MAX_DAYS):
            raise ValueError(f"日期范围须为 0 至 {MAX_DAYS} 天 / date_to within {MAX_DAYS} days after date_from")
        return self

    def days(self) -> list[date]:
        """The days meant."""
        count = (self.date_to - self.date_from).days + 1
        wanted = set(self.weekdays or range(1, 8))
        every = (self.date_from + timedelta(days=i) for i in range(count))
        return [day for day in every if day.isoweekday() in wanted]


class SetStock(Command):
    """The total stock of an item that is not kept by date."""

    capacity: Capacity


class AdjustStock(Command):
    """Change a capacity by `delta`, with a reason."""

    date: Day | None = None
    slot: Annotated[str | None, Field(max_length=5, description="Not supported yet")] = None
    delta: Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000, strict=True)]
    reason: Reason

    @model_validator(mode="after")
    def _changes(self) -> Self:
        if self.delta == 0:
            raise ValueError("delta 不能为 0 / delta must not be 0")
        return self


class ItemOut(Out):
    id: UUID
    supplier_id: UUID
    name: str
    mode: Mode
    created_at: datetime
    version: int


class BucketOut(Out):
    """Stock on a date (null: total)."""

    date: Day | None
    slot: str | None
    capacity: int
    held: Annotated[int, Field(description="Kept for orders that are not paid yet")]
    sold: int
    issued: Annotated[int, Field(description="Sold and used: on hand is capacity less issued")]
    available: Annotated[int, Field(description="May still be promised; 0 when closed")]
    closed: bool


class CalendarOut(Out):
    items: list[BucketOut]


class MovementOut(Out):
    """One change; deltas of capacity, held, sold and issued."""

    id: UUID
    item_id: UUID
    date: Day | None
    slot: str | None
    kind: MovementKind
    capacity_delta: int
    held_delta: int
    sold_delta: int
    issued_delta: int
    reference_id: Annotated[UUID | None, Field(description="The order, if one did it")]
    actor_id: UUID | None
    reason: str
    created_at: datetime
