"""The whole life of a product."""

from collections.abc import Mapping
from enum import StrEnum

from distro_api.core.errors import StateConflict


class ProductStatus(StrEnum):
    DRAFT = "draft"
    PENDING_REVIEW = "pending_review"
    ON_SALE = "on_sale"
    OFF_SALE = "off_sale"
    REJECTED = "rejected"


class Action(StrEnum):
    """`revise` is an edit that changes what is sold; `approve_off_sale` approves such an edit of a product off sale."""

    SUBMIT = "submit"
    APPROVE = "approve"
    APPROVE_OFF_SALE = "approve_off_sale"
    REJECT = "reject"
    PUBLISH = "publish"
    UNPUBLISH = "unpublish"
    REVISE = "revise"


S, A = ProductStatus, Action

TRANSITIONS: Mapping[tuple[ProductStatus, Action], ProductStatus] = {
    (S.DRAFT, A.SUBMIT): S.PENDING_REVIEW,
    (S.DRAFT, A.REVISE): S.DRAFT,
    (S.PENDING_REVIEW, A.APPROVE): S.ON_SALE,
    (S.PENDING_REVIEW, A.APPROVE_OFF_SALE): S.OFF_SALE,
    (S.PENDING_REVIEW, A.REJECT): S.REJECTED,
    (S.PENDING_REVIEW, A.REVISE): S.PENDING_REVIEW,
    (S.ON_SALE, A.UNPUBLISH): S.OFF_SALE,
    (S.ON_SALE, A.REVISE): S.PENDING_REVIEW,
    (S.OFF_SALE, A.PUBLISH): S.ON_SALE,
    (S.OFF_SALE, A.REVISE): S.PENDING_REVIEW,
    (S.REJECTED, A.SUBMIT): S.PENDING_REVIEW,
    (S.REJECTED, A.REVISE): S.REJECTED,
}


def after(status: ProductStatus, action: Action) -> ProductStatus:
    """The status that `action` leads to.

    Raises:
        StateConflict: there is no such action in this status.
    """
    if (following := TRANSITIONS.get((status, action))) is None:
        raise StateConflict(state=status.value, action=action.value)
    return following
