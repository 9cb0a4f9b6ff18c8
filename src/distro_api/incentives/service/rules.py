"""Rules: made, changed, stopped."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import ValidationFailed
from distro_api.core.http import check_if_match
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.incentives import queries
from distro_api.incentives.models import IncentiveRule, RuleStatus
from distro_api.incentives.schemas import CreateIncentiveRule, EditIncentiveRule, RuleScope
from distro_api.incentives.states import RuleAction, after
from distro_api.products.errors import UnknownReference
from distro_api.products.queries import unknown_skus
from distro_api.relations import service as relations


async def create_rule(session: AsyncSession, principal: Principal, command: CreateIncentiveRule) -> IncentiveRule:
    """A rule that awards from `valid_from` on.

    Raises:
        UnknownReference: a SKU is not the supplier's.
    """
    await _check(session, principal, command.scope)
    rule = IncentiveRule(
        id=clock.new_id(),
        supplier_id=principal.organization_id,
        **command.model_dump(exclude={"scope"}),
        narrowed_to={},
        tier_rows=[],
        status=RuleStatus.ACTIVE,
    )
    rule.scope = command.scope.model_dump(mode="json")
    session.add(rule)
    audit.record(session, principal.actor, "incentives.create_rule", "incentive_rule", rule.id)
    await session.flush()
    return rule


async def edit_rule(
    session: AsyncSession, principal: Principal, rule_id: UUID, command: EditIncentiveRule, if_match: str | None
) -> IncentiveRule:
    """Merge the fields sent; what was awarded keeps its terms.

    Raises:
        NotFoundHere, PreconditionFailed, UnknownReference
        StateConflict: it is stopped.
        ValidationFailed: valid_to would be before valid_from.
    """
    rule = await queries.rule(session, principal, rule_id, lock=True)
    check_if_match(if_match, rule.version)
    rule.status = after(rule.status, RuleAction.EDIT)
    sent = command.sent()
    if "scope" in sent:
        await _check(session, principal, command.scope)
        sent["scope"] = command.scope.model_dump(mode="json")
    for name, value in sent.items():
        setattr(rule, name, value)
    if rule.valid_to is not None and rule.valid_to < rule.valid_from:
        message = "valid_to 早于 valid_from / valid_to is before valid_from"
        raise ValidationFailed(errors=[{"loc": ["body", "valid_to"], "code": "value_error", "message": message}])
    audit.record(session, principal.actor, "incentives.edit_rule", "incentive_rule", rule.id)
    await session.flush()
    return rule


async def stop_rule(session: AsyncSession, principal: Principal, rule_id: UUID, if_match: str | None) -> IncentiveRule:
    """Award nothing new by it.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    rule = await queries.rule(session, principal, rule_id, lock=True)
    check_if_match(if_match, rule.version)
    rule.status = after(rule.status, RuleAction.STOP)
    audit.record(session, principal.actor, "incentives.stop_rule", "incentive_rule", rule.id)
    await session.flush()
    return rule


async def _check(session: AsyncSession, principal: Principal, scope: RuleScope) -> None:
    if unknown := await unknown_skus(session, principal.organization_id, scope.sku_ids or (), retired=True):
        raise UnknownReference(field="scope.sku_ids", ids=unknown)
    await relations.name_tiers(session, principal.actor, principal.organization_id, scope.tiers or ())
