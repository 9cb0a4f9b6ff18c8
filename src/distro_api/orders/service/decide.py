"""The decision: what becomes of each command of a batch, from what was locked and nothing else.

Pure: no I/O, no clock, ids from the given source. Each command first checks everything, then changes the working
copies, so that a refusal leaves no trace and the next command of the batch sees what the one before it did.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import to_json

from distro_api.core.errors import DomainError
from distro_api.core.lanes import Answer
from distro_api.orders.service import buying, ending
from distro_api.orders.service.commands import (
    Approve,
    Cancel,
    Close,
    Command,
    Pay,
    Place,
    RefundUnits,
    Refuse,
    Reject,
)
from distro_api.orders.service.world import (
    Outcome,
    StaleQuote,
    World,
)
from distro_api.tickets.service import lane as tickets_lane
from distro_api.tickets.service.lane import Redeem, Reverse


def decide(commands: list[Command], world: World) -> list[Outcome]:
    """An outcome per command, in order; `world` then holds what is to be written."""
    return [_outcome(command, world) for command in commands]


def _outcome(command: Command, world: World) -> Outcome:
    try:
        return _HANDLERS[type(command)](command, world)
    except (DomainError, StaleQuote) as refusal:
        return refusal


def _redeem(command: Redeem, world: World) -> Answer:
    ticket, again = world.tickets.redeem(command, world.source.new_id())
    if again:
        return Answer(200, to_json(tickets_lane.render(ticket)), replayed=True)
    quantity = world.tickets.past[-1].quantity
    world.acts.append(tickets_lane.act(command, "tickets.redeem", ticket, quantity))
    world.events.append((tickets_lane.redeemed_event(ticket, quantity), command.at))
    return Answer(200, to_json(tickets_lane.render(ticket)))


def _reverse(command: Reverse, world: World) -> Answer:
    ticket, quantity = world.tickets.reverse(command, world.source.new_id())
    world.acts.append(tickets_lane.act(command, "tickets.reverse", ticket, quantity))
    world.events.append((tickets_lane.reversed_event(ticket, quantity), command.at))
    return Answer(200, to_json(tickets_lane.render(ticket)))


def _refuse(command: Refuse, world: World) -> Answer:
    raise command.refusal


_HANDLERS: Mapping[type, Callable[[Any, World], Answer]] = {
    Place: buying.place,
    Pay: buying.pay,
    Approve: buying.approve,
    Reject: ending.reject,
    Cancel: ending.cancel,
    RefundUnits: ending.refund,
    Close: ending.close,
    Refuse: _refuse,
    Redeem: _redeem,
    Reverse: _reverse,
}
