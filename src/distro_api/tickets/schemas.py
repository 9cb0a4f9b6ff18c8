"""What clients send about tickets, and what they see."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from distro_api.core.schemas import Command, Out, Reason

DeviceText = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$")]


class RedeemTicket(Command):
    """Use a code. Name the device and its serial, or send an Idempotency-Key: a replay then redeems nothing more."""

    code: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=4, max_length=40), Field(examples=["7K2M-9QXA-4TBD"])
    ]
    quantity: Annotated[int | None, Field(ge=1, le=100_000, strict=True, description="Left out: all that is left")] = (
        None
    )
    device: DeviceText | None = None
    serial: DeviceText | None = None

    @model_validator(mode="after")
    def _device_and_serial(self) -> Self:
        if (self.device is None) != (self.serial is None):
            raise ValueError("device 与 serial 须同时提供 / device and serial go together")
        return self


class ReverseTicket(Command):
    """Undo a redemption: the named one, else the newest that stands."""

    reason: Reason
    redemption_id: UUID | None = None


class TicketOut(Out):
    id: UUID
    code: str
    supplier_id: UUID
    distributor_id: UUID
    order_id: UUID
    line_id: UUID
    product_id: UUID
    sku_id: UUID
    quantity: int
    redeemed: int
    refunded: int
    status: str
    valid_from: date | None
    valid_to: date | None
    created_at: datetime


class RedemptionOut(Out):
    id: UUID
    ticket_id: UUID
    kind: str
    quantity: int
    device: str | None
    serial: str | None
    reverses_id: UUID | None
    reason: str
    created_at: datetime
