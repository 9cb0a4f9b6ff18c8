"""Strategies: written, changed, activated, paused."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import ValidationFailed
from distro_api.core.http import check_if_match
from distro_api.identity.principal import Principal
from distro_api.products.errors import UnknownReference
from distro_api.relations import service as relations
from distro_api.strategies import queries
from distro_api.strategies.errors import StrategyEmpty
from distro_api.strategies.models import Strategy, StrategyStatus
from distro_api.strategies.schemas import Audience, CreateStrategy, EditStrategy
from distro_api.strategies.service.items import check_items, set_items, terms_of, touch
from distro_api.strategies.states import Action, after

COLUMNS = (
    "name",
    "channel",
    "business_mode",
    "valid_from",
    "valid_to",
    "priority",
    "order_approval",
    "refund_approval",
)


async def create_strategy(session: AsyncSession, principal: Principal, command: CreateStrategy) -> Strategy:
    """A draft with its items.

    Raises:
        StrategyItemInvalid, UnknownReference
    """
    strategy = Strategy(id=clock.new_id(), supplier_id=principal.organization_id, status=StrategyStatus.DRAFT, items=[])
    for name in COLUMNS:
        setattr(strategy, name, getattr(command, name))
    _set_terms(strategy, command.model_dump(mode="json", exclude_none=True, include={"pay_by", "refund_rules"}))
    await _set_audience(session, principal, strategy, command.audience)
    await set_items(session, strategy, command.items)
    session.add(strategy)
    await touch(session, principal, strategy, "create")
    return await queries.strategy(session, principal, strategy.id)


async def edit_strategy(
    session: AsyncSession, principal: Principal, strategy_id: UUID, command: EditStrategy, if_match: str | None
) -> Strategy:
    """Merge the fields sent; orders already placed keep what they copied.

    Raises:
        NotFoundHere, PreconditionFailed, StrategyItemInvalid, UnknownReference
        ValidationFailed: valid_to would be before valid_from.
    """
    strategy = await queries.strategy(session, principal, strategy_id, lock=True)
    check_if_match(if_match, strategy.version)
    for name, value in command.sent().items():
        if name in COLUMNS:
            setattr(strategy, name, value)
    _set_terms(strategy, command.model_dump(mode="json", exclude_none=True, include={"pay_by", "refund_rules"}))
    if command.audience is not None:
        await _set_audience(session, principal, strategy, command.audience)
    if strategy.valid_to is not None and strategy.valid_to < strategy.valid_from:
        message = "valid_to 早于 valid_from / valid_to is before valid_from"
        raise ValidationFailed(errors=[{"loc": ["body", "valid_to"], "code": "value_error", "message": message}])
    if command.business_mode is not None:
        check_items(command.business_mode, [(row.sku_id, terms_of(row)) for row in strategy.items])
    await touch(session, principal, strategy, "edit", fields=sorted(command.model_fields_set))
    return strategy


async def activate_strategy(
    session: AsyncSession, principal: Principal, strategy_id: UUID, if_match: str | None
) -> Strategy:
    """Let it sell, from `valid_from` on.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict, StrategyEmpty
    """
    strategy = await queries.strategy(session, principal, strategy_id, lock=True)
    check_if_match(if_match, strategy.version)
    following = after(strategy.status, Action.ACTIVATE)
    if not strategy.items:
        raise StrategyEmpty
    strategy.status = following
    await touch(session, principal, strategy, "activate")
    return strategy


async def pause_strategy(
    session: AsyncSession, principal: Principal, strategy_id: UUID, if_match: str | None
) -> Strategy:
    """Stop selling by it until it is activated again.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    strategy = await queries.strategy(session, principal, strategy_id, lock=True)
    check_if_match(if_match, strategy.version)
    strategy.status = after(strategy.status, Action.PAUSE)
    await touch(session, principal, strategy, "pause")
    return strategy


def _set_terms(strategy: Strategy, shaped: Mapping[str, Any]) -> None:
    for name in ("pay_by", "refund_rules"):
        if name in shaped:
            setattr(strategy, name, shaped[name])


async def _set_audience(session: AsyncSession, principal: Principal, strategy: Strategy, audience: Audience) -> None:
    if unknown := await queries.strangers(session, strategy.supplier_id, audience.distributor_ids):
        raise UnknownReference(field="audience.distributor_ids", ids=unknown)
    await relations.name_tiers(session, principal.actor, strategy.supplier_id, audience.tiers)
    strategy.audience_kind = audience.kind
    strategy.tiers = audience.tiers
    strategy.distributor_ids = audience.distributor_ids
