"""The lives of an organization, of a request to change its data, and of an API key."""

from datetime import datetime
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


class KeyStatus(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


def status_of_key(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> KeyStatus:
    """Time alone makes a key expire, and a later expiry makes it active again; revoked is for good."""
    if revoked_at is not None:
        return KeyStatus.REVOKED
    return KeyStatus.EXPIRED if expires_at is not None and expires_at <= now else KeyStatus.ACTIVE
