"""The life of an organization."""

from enum import StrEnum


class OrganizationStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"


PENDING, ACTIVE, SUSPENDED = OrganizationStatus.PENDING, OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED


class OrganizationAction(StrEnum):
    SUSPEND = "suspend"
    RESUME = "resume"


TRANSITIONS = {
    (ACTIVE, OrganizationAction.SUSPEND): SUSPENDED,
    (SUSPENDED, OrganizationAction.RESUME): ACTIVE,
}
