"""The life of an account and of a recharge."""

from enum import StrEnum

from distro_api.core.errors import StateConflict


class AccountStatus(StrEnum):
    INACTIVE = "inactive"
    ACTIVE = "active"
    SUSPENDED = "suspended"


class RechargeStatus(StrEnum):
    PENDING_APPROVAL = "pending_approval"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"


class AccountAction(StrEnum):
    ENABLE = "enable"
    SUSPEND = "suspend"


class RechargeAction(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


ACCOUNT: dict[tuple[AccountStatus, AccountAction], AccountStatus] = {
    (AccountStatus.INACTIVE, AccountAction.ENABLE): AccountStatus.ACTIVE,
    (AccountStatus.SUSPENDED, AccountAction.ENABLE): AccountStatus.ACTIVE,
    (AccountStatus.ACTIVE, AccountAction.ENABLE): AccountStatus.ACTIVE,
    (AccountStatus.ACTIVE, AccountAction.SUSPEND): AccountStatus.SUSPENDED,
    (AccountStatus.SUSPENDED, AccountAction.SUSPEND): AccountStatus.SUSPENDED,
}
RECHARGE: dict[tuple[RechargeStatus, RechargeAction], RechargeStatus] = {
    (RechargeStatus.PENDING_APPROVAL, RechargeAction.APPROVE): RechargeStatus.SUCCEEDED,
    (RechargeStatus.PENDING_APPROVAL, RechargeAction.REJECT): RechargeStatus.REJECTED,
}


def account_after(status: AccountStatus, action: AccountAction) -> AccountStatus:
    """Where `action` leads.

    Raises:
        StateConflict
    """
    if (status, action) not in ACCOUNT:
        raise StateConflict(state=status.value, action=action.value)
    return ACCOUNT[status, action]


def recharge_after(status: RechargeStatus, action: RechargeAction) -> RechargeStatus:
    """Where `action` leads.

    Raises:
        StateConflict
    """
    if (status, action) not in RECHARGE:
        raise StateConflict(state=status.value, action=action.value)
    return RECHARGE[status, action]
