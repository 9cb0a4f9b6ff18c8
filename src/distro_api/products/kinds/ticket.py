"""Tickets: a code that admits, on a date or for some days after the order."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from distro_api.core.schemas import Command, LongText
from distro_api.products.kinds.base import KindAttributes
from distro_api.products.models import Fulfilment


class ValidOnDate(Command):
    """Valid on the service date only: an order must name one."""

    by: Literal["date"]


class ValidAfterOrder(Command):
    """Valid from the day of the order to `days` days later."""

    by: Literal["days_after_order"]
    days: Annotated[int, Field(ge=0, le=3650, strict=True)]


class TicketAttributes(KindAttributes):
    fulfilments: ClassVar[tuple[Fulfilment, ...]] = (Fulfilment.CODE, Fulfilment.NONE)

    kind: Literal["ticket"] = "ticket"
    entry_rules: Annotated[LongText | None, Field(description="How one enters, what to bring")] = None
    validity: Annotated[
        ValidOnDate | ValidAfterOrder | None,
        Field(description="Null: until the service date is over where the order has one, else without an end"),
    ] = None
