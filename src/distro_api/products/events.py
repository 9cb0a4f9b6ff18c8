"""Facts of products."""

from typing import ClassVar
from uuid import UUID

from distro_api.core.outbox import Event


class _ProductEvent(Event):
    aggregate: ClassVar[str] = "product_id"

    product_id: UUID
    product_code: str


class ProductSubmitted(_ProductEvent):
    name: ClassVar[str] = "products.submitted"


class ProductApproved(_ProductEvent):
    name: ClassVar[str] = "products.approved"


class ProductRejected(_ProductEvent):
    name: ClassVar[str] = "products.rejected"

    reason: str


class ProductPublished(_ProductEvent):
    name: ClassVar[str] = "products.published"


class ProductUnpublished(_ProductEvent):
    name: ClassVar[str] = "products.unpublished"
