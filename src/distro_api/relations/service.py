"""Who supplies whom: open, stop, resume, tiers, and which SKUs at which settlement price.

Every change bumps the supplier's catalogue version, last of all locks, so that cached offers are seen to be stale.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock, outbox
from distro_api.core.errors import NotFoundHere, StateConflict
from distro_api.core.http import check_if_match, constraint_of
from distro_api.identity.errors import PhoneTaken
from distro_api.identity.models import Kind, Organization, User
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit, passwords
from distro_api.identity.service.accounts import normal_phone
from distro_api.identity.service.audit import Actor
from distro_api.identity.service.organizations import NewUser, create_organization
from distro_api.notifications.service import Notifier, Template
from distro_api.products import service as products
from distro_api.relations import queries
from distro_api.relations.errors import RelationExists, UnknownDistributor
from distro_api.relations.events import RelationOpened, RelationResumed, RelationStopped
from distro_api.relations.models import ProductAuthorization, RelationStatus, Sells, SupplyRelation
from distro_api.relations.schemas import AuthorizationLine, LineResult, UpdateRelation
from distro_api.relations.states import TRANSITIONS, RelationAction

_USERNAME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_EVENTS = {RelationAction.STOP: RelationStopped, RelationAction.RESUME: RelationResumed}


@dataclass(frozen=True, slots=True)
class NewDistributor:
    organization: Organization
    owner: User
    relation: SupplyRelation


async def create_distributor(
    session: AsyncSession,
    notifier: Notifier,
    actor: Actor,
    supplier_id: UUID,
    *,
    name: str,
    phone: str,
    contact_name: str | None,
) -> NewDistributor:
    """A distributor from a name and a number: its relation is open, and the number gets a one-time password.

    Raises:
        InvalidPhone, PhoneTaken: with `distributor_id` when it is a distributor's, who can be added as a partner.
    """
    number, password = normal_phone(phone), passwords.generate()
    owner = NewUser(
        username="d-" + "".join(secrets.choice(_USERNAME_LETTERS) for _ in range(8)),
        password=password,
        name=contact_name or name,
        phone=number,
        password_change_required=True,
    )
    try:
        made, user = await create_organization(session, actor, kind=Kind.DISTRIBUTOR, name=name, owner=owner)
    except PhoneTaken as taken:
        raise PhoneTaken(distributor_id=await queries.distributor_of_phone(session, number)) from taken
    supplier = (await queries.organizations(session, [supplier_id]))[supplier_id]
    await notifier.send(
        session,
        to=number,
        template=Template.ONE_TIME_PASSWORD,
        params={"supplier": supplier.name, "name": name, "username": user.username, "password": password},
    )
    opened = await open_relation(session, actor, supplier_id, distributor_id=made.id)
    return NewDistributor(made, user, opened)


async def open_relation(
    session: AsyncSession,
    actor: Actor,
    supplier_id: UUID,
    *,
    distributor_id: UUID,
    tier: str | None = None,
    sells: Sells = Sells.ALL,
) -> SupplyRelation:
    """Take an existing distributor as a partner.

    Raises:
        UnknownDistributor, RelationExists
    """
    if await queries.open_distributor(session, distributor_id) is None:
        raise UnknownDistributor(distributor_id=distributor_id)
    opened = SupplyRelation(
        id=clock.new_id(),
        supplier_id=supplier_id,
        distributor_id=distributor_id,
        tier=tier,
        sells=sells,
        status=RelationStatus.ACTIVE,
    )
    try:
        async with session.begin_nested():
            session.add(opened)
            await session.flush()
    except IntegrityError as error:
        there = await queries.relation_between(session, supplier_id, distributor_id)
        if constraint_of(error) != "uq_supply_relations_supplier_id_distributor_id" or there is None:
            raise
        raise RelationExists(relation_id=there.id, relation_status=there.status) from error
    audit.record(
        session, actor, "relations.open", "relation", opened.id, distributor_id=distributor_id, tier=tier, sells=sells
    )
    outbox.publish(
        session, RelationOpened(supplier_id=supplier_id, distributor_id=distributor_id, relation_id=opened.id)
    )
    await _changed(session, opened)
    return opened


async def update_relation(
    session: AsyncSession, principal: Principal, relation_id: UUID, command: UpdateRelation, if_match: str | None
) -> SupplyRelation:
    """Change tier and what is sold.

    Raises:
        NotFoundHere, PreconditionFailed
    """
    found = await queries.relation(session, principal, relation_id, for_update=True)
    check_if_match(if_match, found.version)
    before = (found.tier, found.sells)
    if "tier" in command.model_fields_set:
        found.tier = command.tier
    if "sells" in command.model_fields_set:
        found.sells = command.sells
    if (found.tier, found.sells) != before:
        audit.record(session, principal.actor, "relations.update", "relation", found.id)
        await _changed(session, found)
    return found


async def apply(
    session: AsyncSession, principal: Principal, relation_id: UUID, action: RelationAction, if_match: str | None
) -> SupplyRelation:
    """Stop or resume the cooperation: the only writer of a relation's status.

    Raises:
        NotFoundHere, PreconditionFailed, StateConflict
    """
    found = await queries.relation(session, principal, relation_id, for_update=True)
    check_if_match(if_match, found.version)
    target = TRANSITIONS.get((found.status, action))
    if target is None:
        raise StateConflict(state=found.status, action=action)
    found.status = target
    audit.record(session, principal.actor, f"relations.{action}", "relation", found.id)
    event = _EVENTS[action]
    outbox.publish(
        session,
        event(supplier_id=found.supplier_id, distributor_id=found.distributor_id, relation_id=found.id),
    )
    await _changed(session, found)
    return found


async def authorize_products(
    session: AsyncSession, principal: Principal, relation_id: UUID, lines: Sequence[AuthorizationLine]
) -> list[LineResult]:
    """Authorise SKUs at settlement prices of their own, or give them new ones; a result for each line.

    Raises:
        NotFoundHere
    """
    found = await queries.relation(session, principal, relation_id, for_update=True)
    sku_ids = [line.sku_id for line in lines]
    mine = await queries.live_skus(session, found.supplier_id, sku_ids)
    there = await queries.authorized(session, found.id, mine)
    results, rows = [], []
    for line in lines:
        if line.sku_id not in mine:
            results.append(LineResult.UNKNOWN_SKU)
            continue
        old = there.get(line.sku_id)
        if old is not None and old.settlement_price == line.settlement_price:
            results.append(LineResult.UNCHANGED)
            continue
        results.append(LineResult.CREATED if old is None else LineResult.UPDATED)
        before = {} if old is None else {"settlement_price": old.settlement_price}
        _tell_price(session, found, line.sku_id, before, {"settlement_price": line.settlement_price})
        rows.append(
            {
                "relation_id": found.id,
                "sku_id": line.sku_id,
                "supplier_id": found.supplier_id,
                "distributor_id": found.distributor_id,
                "settlement_price": line.settlement_price,
                "created_at": clock.now(),
            }
        )
    if rows:
        written = insert(ProductAuthorization)
        await session.execute(
            written.on_conflict_do_update(
                index_elements=["relation_id", "sku_id"], set_={"settlement_price": written.excluded.settlement_price}
            ),
            rows,
        )
        audit.record(session, principal.actor, "relations.authorize", "relation", found.id)
        await _changed(session, found)
    return results


async def withdraw_product(session: AsyncSession, principal: Principal, relation_id: UUID, sku_id: UUID) -> None:
    """End an authorisation; live orders keep what was copied into them.

    Raises:
        NotFoundHere
    """
    found = await queries.relation(session, principal, relation_id, for_update=True)
    gone = await session.scalar(
        delete(ProductAuthorization)
        .where(ProductAuthorization.relation_id == found.id, ProductAuthorization.sku_id == sku_id)
        .returning(ProductAuthorization.settlement_price)
    )
    if gone is None:
        raise NotFoundHere
    _tell_price(session, found, sku_id, {"settlement_price": gone}, {})
    audit.record(session, principal.actor, "relations.withdraw", "relation", found.id, sku_id=sku_id)
    await _changed(session, found)


def _tell_price(
    session: AsyncSession, relation: SupplyRelation, sku_id: UUID, before: dict[str, Any], after: dict[str, Any]
) -> None:
    audit.changed(session, ProductAuthorization.__tablename__, f"{relation.id}/{sku_id}", before, after)


async def _changed(session: AsyncSession, relation: SupplyRelation) -> None:
    await session.flush()
    await products.bump_catalogue(session, relation.supplier_id)
