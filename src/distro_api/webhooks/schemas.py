"""Events as their readers see them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Out


class EventOut(Out):
    """A fact. It may come twice: remember positions, not names."""

    position: Annotated[int, Field(description="Rises from event to event; numbers between are other organizations'")]
    name: Annotated[str, Field(examples=["orders.paid"])]
    aggregate_id: Annotated[UUID, Field(description="What it happened to: events of one aggregate keep their order")]
    payload: dict[str, Any]
    occurred_at: datetime


class FeedOut(Out):
    items: list[EventOut]
    next_after: Annotated[
        int, Field(description="Give it as `after` next time, also when there were no items: nothing is missed")
    ]


class ParkedEventOut(Out):
    """An event that a subscriber could not handle, or that waits behind such a one of its aggregate."""

    subscriber: str
    position: int
    name: str
    aggregate_id: UUID
    supplier_id: UUID | None
    distributor_id: UUID | None
    payload: dict[str, Any]
    occurred_at: datetime
    attempts: int
    next_try_at: datetime
    error: str


class ParkedPage(Out):
    items: list[ParkedEventOut]
    next_after: Annotated[str | None, Field(description="Give it as `after` for the next page; null: the end")]
