"""The life of an organization."""

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
