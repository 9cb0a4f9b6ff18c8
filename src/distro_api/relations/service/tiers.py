"""A supplier's list of tiers. Names are the keys: relations, invitations, strategies and rules hold them, and foreign
keys carry a rename everywhere at once and keep what is in use."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.http import check_if_match, constraint_of
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Actor
from distro_api.products import service as products
from distro_api.relations import queries
from distro_api.relations.errors import TierExists, TierInUse, TooManyTiers
from distro_api.relations.models import MOST_TIERS, DistributorTier
from distro_api.relations.schemas import CreateTier, EditTier

LOWEST_RANK = 1000
_NAME_TAKEN = "uq_distributor_tiers_supplier_id_name"


async def create_tier(session: AsyncSession, principal: Principal, command: CreateTier) -> DistributorTier:
    """A tier with nobody in it.

    Raises:
        TierExists, TooManyTiers
    """
    count, lowest = await queries.counted_tiers(session, principal.organization_id)
    if count >= MOST_TIERS:
        raise TooManyTiers(most=MOST_TIERS)
    made = DistributorTier(
        id=clock.new_id(),
        supplier_id=principal.organization_id,
        name=command.name,
        rank=command.rank or min(lowest + 1, LOWEST_RANK),
    )
    try:
        async with session.begin_nested():
            session.add(made)
            await session.flush()
    except IntegrityError as error:
        raise _refusal(error) from error
    audit.record(session, principal.actor, "relations.create_tier", "distributor_tier", made.id, name=made.name)
    return made


async def edit_tier(
    session: AsyncSession, principal: Principal, tier_id: UUID, command: EditTier, if_match: str | None
) -> DistributorTier:
    """Another name, which everything that names the tier follows in the same moment, or another rank.

    Raises:
        NotFoundHere, PreconditionFailed, TierExists
    """
    found = await queries.tier(session, principal, tier_id, for_update=True)
    check_if_match(if_match, found.version)
    sent = command.sent()
    before = {"name": found.name, "rank": found.rank}
    after = before | sent
    if after == before:
        return found
    try:
        async with session.begin_nested():
            found.name, found.rank = sent.get("name", found.name), sent.get("rank", found.rank)
            await session.flush()
    except IntegrityError as error:
        raise _refusal(error) from error
    audit.record(session, principal.actor, "relations.edit_tier", "distributor_tier", found.id)
    if after["name"] != before["name"]:
        await session.flush()
        await products.bump_catalogue(session, found.supplier_id)
    return found


async def delete_tier(session: AsyncSession, principal: Principal, tier_id: UUID, if_match: str | None) -> None:
    """Take an unused tier off the list.

    Raises:
        NotFoundHere, PreconditionFailed
        TierInUse: a distributor has it, or a strategy or rule names it.
    """
    found = await queries.tier(session, principal, tier_id, for_update=True)
    check_if_match(if_match, found.version)
    try:
        async with session.begin_nested():
            await session.delete(found)
            await session.flush()
    except IntegrityError as error:
        counts = await queries.distributors_by_tier(session, {found.supplier_id})
        raise TierInUse(distributors=counts.get((found.supplier_id, found.name), 0)) from error
    audit.record(session, principal.actor, "relations.delete_tier", "distributor_tier", tier_id, name=found.name)
    await session.flush()


async def name_tiers(session: AsyncSession, actor: Actor, supplier_id: UUID, names: Iterable[str]) -> None:
    """See that these are tiers of the supplier: what its list lacks is added at its end. They stay until commit.

    Call it before other rows are locked.

    Raises:
        TooManyTiers
    """
    wanted = list(dict.fromkeys(names))
    known = await queries.hold_tiers(session, supplier_id, wanted) if wanted else set[str]()
    missing = [name for name in wanted if name not in known]
    if not missing:
        return
    count, lowest = await queries.counted_tiers(session, supplier_id)
    if count + len(missing) > MOST_TIERS:
        raise TooManyTiers(most=MOST_TIERS)
    for rank, name in enumerate(missing, lowest + 1):
        row = insert(DistributorTier).values(
            id=clock.new_id(), supplier_id=supplier_id, name=name, rank=min(rank, LOWEST_RANK)
        )
        added = await session.scalar(row.on_conflict_do_nothing().returning(DistributorTier.id))
        if added is not None:  # else somebody else was quicker, which comes to the same
            audit.record(session, actor, "relations.create_tier", "distributor_tier", added, name=name)
    await queries.hold_tiers(session, supplier_id, missing)


def _refusal(error: IntegrityError) -> Exception:
    return TierExists() if constraint_of(error) == _NAME_TAKEN else error
