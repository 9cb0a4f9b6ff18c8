"""Who supplies whom: open, stop, resume, tiers.

Every change bumps the supplier's catalogue version, last of all locks, so that cached offers are seen to be stale.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock, outbox
from distro_api.core.http import check_if_match
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Actor
from distro_api.products import service as products
from distro_api.relations import queries
from distro_api.relations.errors import RelationExists, UnknownDistributor
from distro_api.relations.events import RelationResumed, RelationStopped
from distro_api.relations.models import Change, RelationStatus, Sells, SupplyRelation
from distro_api.relations.schemas import TierResult, UpdateRelation
from distro_api.relations.service.history import changed, note
from distro_api.relations.service.opening import establish
from distro_api.relations.service.tiers import name_tiers
from distro_api.relations.states import RelationAction, relation_after

_EVENTS = {RelationAction.STOP: RelationStopped, RelationAction.RESUME: RelationResumed}
_CHANGES = {RelationAction.STOP: Change.STOPPED, RelationAction.RESUME: Change.RESUMED}


async def open_relation(
    session: AsyncSession,
    actor: Actor,
    supplier_id: UUID,
    *,
    distributor_id: UUID,
    tier: str | None = None,
    sells: Sells = Sells.ALL,
) -> SupplyRelation:
    """Take an existing distributor as a partner, if it lets everybody do that or has asked for it.

    Raises:
        UnknownDistributor: there is none, or it wants to be invited; the caller is not told which.
        RelationExists, TooManyTiers
    """
    if (there := await queries.relation_between(session, supplier_id, distributor_id)) is not None:
        raise RelationExists(relation_id=there.id, relation_status=there.status)
    if await queries.addable_distributor(session, supplier_id, distributor_id, clock.now()) is None:
        raise UnknownDistributor(distributor_id=distributor_id)
    return await establish(
        session, actor, supplier_id=supplier_id, distributor_id=distributor_id, tier=tier, sells=sells
    )


async def update_relation(
    session: AsyncSession, principal: Principal, relation_id: UUID, command: UpdateRelation, if_match: str | None
) -> SupplyRelation:
    """Change tier and what is sold.

    Raises:
        NotFoundHere, PreconditionFailed, TooManyTiers
    """
    if command.tier is not None:
        await name_tiers(session, principal.actor, principal.organization_id, [command.tier])
    found = await queries.relation(session, principal, relation_id, for_update=True)
    check_if_match(if_match, found.version)
    before = {"tier": found.tier, "sells": found.sells}
    if "tier" in command.model_fields_set:
        found.tier = command.tier
    if "sells" in command.model_fields_set:
        found.sells = command.sells
    after = {"tier": found.tier, "sells": found.sells}
    if after != before:
        audit.record(session, principal.actor, "relations.update", "relation", found.id)
        note(session, principal.actor, [found], Change.TERMS_CHANGED, **after)
        await changed(session, found)
    return found


async def set_tier(
    session: AsyncSession, principal: Principal, relation_ids: Sequence[UUID], tier: str | None
) -> list[TierResult]:
    """Give many relations one tier, in one write; a result for each, in the order asked.

    Raises:
        TooManyTiers
    """
    if tier is not None:
        await name_tiers(session, principal.actor, principal.organization_id, [tier])
    there = await queries.lock_relations(session, principal, relation_ids)
    other = [row for row in there.values() if row.tier != tier]
    if other:
        ids = [row.id for row in other]
        await session.execute(
            update(SupplyRelation)
            .where(SupplyRelation.id.in_(ids))
            .values(tier=tier, version=SupplyRelation.version + 1, updated_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        audit.record(session, principal.actor, "relations.set_tier", "relation", None, tier=tier, relation_ids=ids)
        for row in other:
            audit.changed(session, SupplyRelation.__tablename__, row.id, {"tier": row.tier}, {"tier": tier})
        for sells in Sells:
            same = [row for row in other if row.sells is sells]
            note(session, principal.actor, same, Change.TERMS_CHANGED, tier=tier, sells=sells)
        await session.flush()
        await products.bump_catalogue(session, principal.organization_id)
    updated = {row.id for row in other}
    return [
        TierResult.UNKNOWN_RELATION
        if relation_id not in there
        else TierResult.UPDATED
        if relation_id in updated
        else TierResult.UNCHANGED
        for relation_id in relation_ids
    ]


async def apply(
    session: AsyncSession,
    principal: Principal,
    relation_id: UUID,
    action: RelationAction,
    if_match: str | None,
    *,
    reason: str | None = None,
) -> SupplyRelation:
    """Stop or resume the cooperation: the only writer of a relation's status.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    found = await queries.relation(session, principal, relation_id, for_update=True)
    check_if_match(if_match, found.version)
    found.status = relation_after(found.status, action)
    found.stop_reason = reason if found.status is RelationStatus.STOPPED else None
    told = {} if reason is None else {"reason": reason}
    audit.record(session, principal.actor, f"relations.{action}", "relation", found.id, **told)
    note(session, principal.actor, [found], _CHANGES[action], reason)
    event = _EVENTS[action]
    outbox.publish(
        session,
        event(supplier_id=found.supplier_id, distributor_id=found.distributor_id, relation_id=found.id),
    )
    await changed(session, found)
    return found
