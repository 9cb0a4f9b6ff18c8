"""The lives of an organization, and of a request to change its data."""

from enum import StrEnum


class OrganizationStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REJECTED = "rejected"


PENDING, ACTIVE = OrganizationStatus.PENDING, OrganizationStatus.ACTIVE
SUSPENDED, REJECTED = OrganizationStatus.SUSPENDED, OrganizationStatus.REJECTED


class OrganizationAction(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    SUSPEND = "suspend"
    RESUME = "resume"


TRANSITIONS = {
    (PENDING, OrganizationAction.APPROVE): ACTIVE,
    (PENDING, OrganizationAction.REJECT): REJECTED,
    (ACTIVE, OrganizationAction.SUSPEND): SUSPENDED,
    (SUSPENDED, OrganizationAction.RESUME): ACTIVE,
}


class ChangeStatus(StrEnum):
    """The life of a request to change an organization's data."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ChangeAction(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


CHANGE_TRANSITIONS = {
    (ChangeStatus.PENDING, ChangeAction.APPROVE): ChangeStatus.APPROVED,
    (ChangeStatus.PENDING, ChangeAction.REJECT): ChangeStatus.REJECTED,
    (ChangeStatus.PENDING, ChangeAction.WITHDRAW): ChangeStatus.WITHDRAWN,
}
