"""The life of an organization."""

from enum import StrEnum

from distro_api.identity.models import OrganizationStatus

PENDING, ACTIVE, SUSPENDED = OrganizationStatus.PENDING, OrganizationStatus.ACTIVE, OrganizationStatus.SUSPENDED


class OrganizationAction(StrEnum):
    SUSPEND = "suspend"
    RESUME = "resume"


TRANSITIONS = {
    (ACTIVE, OrganizationAction.SUSPEND): SUSPENDED,
    (SUSPENDED, OrganizationAction.RESUME): ACTIVE,
}
