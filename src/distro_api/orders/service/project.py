"""What tickets say, projected onto an order: its lines' counts, stock that was used, its status. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from distro_api.inventory.service.lane import Stock, Take
from distro_api.orders import events as facts
from distro_api.orders.queries.working import Step, WorkingOrder
from distro_api.orders.states import Action, OrderStatus


@dataclass(frozen=True, slots=True)
class Moved:
    """The order was behind its tickets; `step` None: only counts have changed."""

    step: Step | None
    was_completed: bool

    @property
    def facts(self) -> list[type[facts.OrderEvent]]:
        """What is to be told."""
        match None if self.step is None else self.step.action:
            case Action.COMPLETE:
                return [facts.OrderCompleted]
            case Action.REOPEN | Action.UNFULFIL if self.was_completed:
                return [facts.OrderReopened]
            case _:
                return []


def project(order: WorkingOrder, redeemed: Mapping[UUID, int], stock: Stock, at: datetime) -> Moved | None:
    """Bring the order up to `redeemed` units by line; None if it was. Lines that are not named have no tickets."""
    moved = False
    for line in order.lines:
        change = redeemed.get(line.id, line.fulfilled) - line.fulfilled
        if change:
            moved = True
            line.fulfilled += change
            stock.issue(signed(line.takes(1), change), order.id, None, at)
    if not moved:
        return None
    action, was_completed = _action(order), order.status is OrderStatus.COMPLETED
    if action is None:
        order.touch(at)
        return Moved(None, was_completed)
    return Moved(order.act(action, None, None, at), was_completed)


def _action(order: WorkingOrder) -> Action | None:
    """What the counts ask of the status."""
    done = all(line.open == 0 for line in order.lines)
    begun = any(line.fulfilled for line in order.lines)
    match order.status:
        case OrderStatus.PAID if begun:
            return Action.COMPLETE if done else Action.FULFIL
        case OrderStatus.FULFILLING if done:
            return Action.COMPLETE
        case OrderStatus.COMPLETED if begun and not done:
            return Action.REOPEN
        case OrderStatus.FULFILLING | OrderStatus.COMPLETED if not begun:
            return Action.UNFULFIL
        case _:
            return None


def signed(takes: list[Take], units: int) -> list[Take]:
    """The takes of one unit, for `units` of them (negative: given back)."""
    return [Take(t.bucket_id, t.item_id, t.service_date, t.slot, t.units * units) for t in takes]
