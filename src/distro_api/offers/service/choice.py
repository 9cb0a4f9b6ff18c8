"""Which strategy a SKU is sold by. Pure.

Among those that apply (this channel, meant for this distributor, within their dates): the one asked for by id; else the
highest priority, then the narrowest audience (named distributors, then tiers, then all), then the newest.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID


class Reason(StrEnum):
    """Why something cannot be bought."""

    ORGANIZATION_NOT_ACTIVE = "organization_not_active"
    RELATION_STOPPED = "relation_stopped"
    NOT_ON_SALE = "not_on_sale"
    NOT_AUTHORISED = "not_authorised"
    NO_STRATEGY = "no_strategy"
    OUTSIDE_VALIDITY = "outside_validity"


class Candidate(Protocol):
    """What the choice looks at. Without an id it is the built-in authorised strategy, which comes last."""

    @property
    def id(self) -> UUID | None: ...
    @property
    def channel(self) -> str: ...
    @property
    def priority(self) -> int: ...
    @property
    def narrowness(self) -> int: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date: ...


CandidateT = TypeVar("CandidateT", bound=Candidate)


def ranked(candidates: Iterable[CandidateT]) -> tuple[CandidateT, ...]:
    """Best first; done once when terms are read."""

    def rank(candidate: CandidateT) -> tuple[bool, int, int, int]:
        newest = 0 if candidate.id is None else candidate.id.int
        return candidate.id is not None, candidate.priority, candidate.narrowness, newest

    return tuple(sorted(candidates, key=rank, reverse=True))


def choose(
    best_first: Sequence[CandidateT], *, channel: str, strategy_id: UUID | None, day: date
) -> CandidateT | Reason:
    """The strategy that applies to an order placed on `day`, or why none does."""
    reason = Reason.NO_STRATEGY
    for candidate in best_first:
        if candidate.channel != channel or (strategy_id is not None and candidate.id != strategy_id):
            continue
        if candidate.valid_from <= day <= candidate.valid_to:
            return candidate
        reason = Reason.OUTSIDE_VALIDITY
    return reason
