"""The life of a supply relation: stopped cooperation is resumed, never deleted."""

from enum import StrEnum


class RelationStatus(StrEnum):
    ACTIVE = "active"
    STOPPED = "stopped"


class RelationAction(StrEnum):
    STOP = "stop"
    RESUME = "resume"


TRANSITIONS = {
    (RelationStatus.ACTIVE, RelationAction.STOP): RelationStatus.STOPPED,
    (RelationStatus.STOPPED, RelationAction.RESUME): RelationStatus.ACTIVE,
}
