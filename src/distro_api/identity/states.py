"""The life of an organization."""

from enum import StrEnum


class OrganizationStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"


ACTIVE, SUSPENDED = OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED


class OrganizationAction(StrEnum):
    SUSPEND = "suspend"
    RESUME = "resume"


TRANSITIONS = {
    (ACTIVE, OrganizationAction.SUSPEND): SUSPENDED,
    (SUSPENDED, OrganizationAction.RESUME): ACTIVE,
}
