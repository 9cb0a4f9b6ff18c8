"""What happens to orders."""

from typing import ClassVar
from uuid import UUID

from distro_api.core.outbox import Event


class OrderEvent(Event):
    aggregate: ClassVar[str] = "order_id"

    order_id: UUID
    order_no: str
    status: str
    total_amount: int


class OrderPlaced(OrderEvent):
    name: ClassVar[str] = "orders.placed"


class OrderApproved(OrderEvent):
    name: ClassVar[str] = "orders.approved"


class OrderRejected(OrderEvent):
    name: ClassVar[str] = "orders.rejected"


class OrderPaid(OrderEvent):
    name: ClassVar[str] = "orders.paid"


class OrderCompleted(OrderEvent):
    name: ClassVar[str] = "orders.completed"


class OrderReopened(OrderEvent):
    """A redemption was reversed: the order is not completed any more."""

    name: ClassVar[str] = "orders.reopened"


class OrderCancelled(OrderEvent):
    name: ClassVar[str] = "orders.cancelled"


class OrderClosed(OrderEvent):
    name: ClassVar[str] = "orders.closed"


class RefundSucceeded(OrderEvent):
    name: ClassVar[str] = "refunds.succeeded"

    refund_id: UUID
    amount: int
    fee_amount: int
