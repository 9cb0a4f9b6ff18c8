"""The whole life of an order, readable at once."""

from enum import StrEnum

from distro_api.core.errors import StateConflict


class OrderStatus(StrEnum):
    """`closed` was ended by time, `cancelled` by a person."""

    PENDING_APPROVAL = "pending_approval"
    PENDING_PAYMENT = "pending_payment"
    PAID = "paid"
    FULFILLING = "fulfilling"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class Action(StrEnum):
    """What moves an order. `complete`, `cancel_rest` and `reopen` follow from what was fulfilled and refunded."""

    APPROVE = "approve"
    APPROVE_PAID = "approve_paid"
    REJECT = "reject"
    PAY = "pay"
    CLOSE = "close"
    CANCEL = "cancel"
    FULFIL = "fulfil"
    COMPLETE = "complete"
    REOPEN = "reopen"
    UNFULFIL = "unfulfil"


S, A = OrderStatus, Action

TRANSITIONS: dict[tuple[OrderStatus, Action], OrderStatus] = {
    (S.PENDING_APPROVAL, A.APPROVE): S.PENDING_PAYMENT,
    (S.PENDING_APPROVAL, A.APPROVE_PAID): S.PAID,  # the money was frozen with the order
    (S.PENDING_APPROVAL, A.REJECT): S.CANCELLED,
    (S.PENDING_APPROVAL, A.CANCEL): S.CANCELLED,
    (S.PENDING_APPROVAL, A.CLOSE): S.CLOSED,  # nobody decided while it could still be used
    (S.PENDING_PAYMENT, A.PAY): S.PAID,
    (S.PENDING_PAYMENT, A.CLOSE): S.CLOSED,
    (S.PENDING_PAYMENT, A.CANCEL): S.CANCELLED,
    (S.PAID, A.CANCEL): S.CANCELLED,  # everything refunded, nothing fulfilled
    (S.PAID, A.FULFIL): S.FULFILLING,
    (S.PAID, A.COMPLETE): S.COMPLETED,
    (S.FULFILLING, A.CANCEL): S.CANCELLED,  # what was used has been reversed
    (S.FULFILLING, A.COMPLETE): S.COMPLETED,
    (S.FULFILLING, A.UNFULFIL): S.PAID,  # the only redemption was reversed
    (S.COMPLETED, A.REOPEN): S.FULFILLING,
    (S.COMPLETED, A.UNFULFIL): S.PAID,
}


class RefundStatus(StrEnum):
    """How much of an order has gone back, beside its status."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


def after(status: OrderStatus, action: Action) -> OrderStatus:
    """Where `action` leads.

    Raises:
        StateConflict: there is no such action in this state.
    """
    try:
        return TRANSITIONS[status, action]
    except KeyError:
        raise StateConflict(state=status.value, action=action.value) from None
