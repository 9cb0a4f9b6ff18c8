"""The lives of a supply relation and of what comes before it: an invitation, from either side."""

from enum import StrEnum

from distro_api.core.errors import StateConflict


class RelationStatus(StrEnum):
    """Stopped cooperation is resumed, never deleted."""

    ACTIVE = "active"
    STOPPED = "stopped"


class RelationAction(StrEnum):
    STOP = "stop"
    RESUME = "resume"


TRANSITIONS = {
    (RelationStatus.ACTIVE, RelationAction.STOP): RelationStatus.STOPPED,
    (RelationStatus.STOPPED, RelationAction.RESUME): RelationStatus.ACTIVE,
}


class InvitationStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class InvitationAction(StrEnum):
    """The asked side accepts or declines, the asking side withdraws, time lets it expire."""

    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


INVITATION_TRANSITIONS = {
    (InvitationStatus.OPEN, InvitationAction.ACCEPT): InvitationStatus.ACCEPTED,
    (InvitationStatus.OPEN, InvitationAction.DECLINE): InvitationStatus.DECLINED,
    (InvitationStatus.OPEN, InvitationAction.WITHDRAW): InvitationStatus.WITHDRAWN,
    (InvitationStatus.OPEN, InvitationAction.EXPIRE): InvitationStatus.EXPIRED,
}
"""An invitation is answered once; who wants to ask again makes another."""


def relation_after(status: RelationStatus, action: RelationAction) -> RelationStatus:
    """The status that follows.

    Raises:
        StateConflict
    """
    if (target := TRANSITIONS.get((status, action))) is None:
        raise StateConflict(state=status, action=action)
    return target


def invitation_after(status: InvitationStatus, action: InvitationAction) -> InvitationStatus:
    """The status that follows.

    Raises:
        StateConflict
    """
    if (target := INVITATION_TRANSITIONS.get((status, action))) is None:
        raise StateConflict(state=status, action=action)
    return target
