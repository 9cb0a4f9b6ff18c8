"""The life of a rule."""

from enum import StrEnum

from distro_api.core.errors import StateConflict


class RuleStatus(StrEnum):
    """A stopped rule awards nothing new and is not started again; what it awarded stays, and is reversed with refunds."""

    ACTIVE = "active"
    STOPPED = "stopped"


class RuleAction(StrEnum):
    EDIT = "edit"
    STOP = "stop"


TRANSITIONS: dict[tuple[RuleStatus, RuleAction], RuleStatus] = {
    (RuleStatus.ACTIVE, RuleAction.EDIT): RuleStatus.ACTIVE,
    (RuleStatus.ACTIVE, RuleAction.STOP): RuleStatus.STOPPED,
}


def after(status: RuleStatus, action: RuleAction) -> RuleStatus:
    """Where `action` leads.

    Raises:
        StateConflict
    """
    if (status, action) not in TRANSITIONS:
        raise StateConflict(state=status.value, action=action.value)
    return TRANSITIONS[status, action]
