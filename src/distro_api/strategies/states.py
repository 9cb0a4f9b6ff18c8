"""The whole life of a strategy."""

from collections.abc import Mapping
from enum import StrEnum

from distro_api.core.errors import StateConflict


class StrategyStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"


class Action(StrEnum):
    ACTIVATE = "activate"
    PAUSE = "pause"


TRANSITIONS: Mapping[tuple[StrategyStatus, Action], StrategyStatus] = {
    (StrategyStatus.DRAFT, Action.ACTIVATE): StrategyStatus.ACTIVE,
    (StrategyStatus.ACTIVE, Action.PAUSE): StrategyStatus.PAUSED,
    (StrategyStatus.PAUSED, Action.ACTIVATE): StrategyStatus.ACTIVE,
}


def after(status: StrategyStatus, action: Action) -> StrategyStatus:
    """The status that `action` leads to.

    Raises:
        StateConflict: there is no such action in this status.
    """
    if (following := TRANSITIONS.get((status, action))) is None:
        raise StateConflict(state=status.value, action=action.value)
    return following
