"""Goods that are sent."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from distro_api.core.schemas import Command, Name, ShortText
from distro_api.products.kinds.base import KindAttributes
from distro_api.products.models import Fulfilment


class Specification(Command):
    name: Name
    value: ShortText


class RetailAttributes(KindAttributes):
    fulfilments: ClassVar[tuple[Fulfilment, ...]] = (Fulfilment.SHIPMENT, Fulfilment.NONE)

    kind: Literal["retail"] = "retail"
    specifications: Annotated[list[Specification], Field(max_length=50)] = []
    weight_g: Annotated[int | None, Field(ge=0, le=10_000_000, strict=True, description="Grams")] = None
    shipping_note: ShortText | None = None
