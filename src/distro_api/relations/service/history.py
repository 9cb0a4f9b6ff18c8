"""What happened to a relation, for both sides to read."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.identity.service.audit import Actor
from distro_api.products import service as products
from distro_api.relations.models import Change, RelationChange, SupplyRelation


def note(
    session: AsyncSession,
    actor: Actor,
    relations: Iterable[SupplyRelation],
    change: Change,
    reason: str | None = None,
    **detail: Any,
) -> None:
    """One step in the life of each of them."""
    session.add_all(
        RelationChange(
            id=clock.new_id(),
            created_at=clock.now(),
            relation_id=relation.id,
            supplier_id=relation.supplier_id,
            distributor_id=relation.distributor_id,
            organization_id=actor.organization_id,
            change=change,
            reason=reason,
            detail=detail,
        )
        for relation in relations
    )


async def changed(session: AsyncSession, relation: SupplyRelation) -> None:
    """Cached offers of the supplier are stale from now on. Last of all locks."""
    await session.flush()
    await products.bump_catalogue(session, relation.supplier_id)
