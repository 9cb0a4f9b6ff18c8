"""The life of a supply relation: stopped cooperation is resumed, never deleted."""

from enum import StrEnum

from distro_api.relations.models import RelationStatus


class RelationAction(StrEnum):
    STOP = "stop"
    RESUME = "resume"


TRANSITIONS = {
    (RelationStatus.ACTIVE, RelationAction.STOP): RelationStatus.STOPPED,
    (RelationStatus.STOPPED, RelationAction.RESUME): RelationStatus.ACTIVE,
}
