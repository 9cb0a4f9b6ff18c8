"""SKUs authorised to a distributor, at settlement prices of their own; live orders keep what was copied into them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.db import raw
from distro_api.core.errors import NotFoundHere
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.relations import queries
from distro_api.relations.models import ProductAuthorization, SupplyRelation
from distro_api.relations.schemas import AuthorizationLine, LineResult, WithdrawResult
from distro_api.relations.service.history import changed


async def authorize_products(
    session: AsyncSession, principal: Principal, relation_id: UUID, lines: Sequence[AuthorizationLine]
) -> list[LineResult]:
    """Authorise SKUs or give them new prices, in one write; a result for each line.

    Raises:
        NotFoundHere
    """
    found = await queries.relation(session, principal, relation_id, for_update=True)
    mine = await queries.live_skus(session, found.supplier_id, [line.sku_id for line in lines])
    prices = await queries.authorized_prices(session, found.id, mine)
    results = [_result(line, mine, prices) for line in lines]
    written = {
        line.sku_id: line.settlement_price
        for line, result in zip(lines, results, strict=True)
        if result in (LineResult.CREATED, LineResult.UPDATED)
    }
    if written:
        await _write(session, found, written)
        audit.record(session, principal.actor, "relations.authorize", "relation", found.id)
        for sku_id, price in written.items():
            _tell_price(session, found, sku_id, prices.get(sku_id), price)
        await changed(session, found)
    return results


async def withdraw_products(
    session: AsyncSession, principal: Principal, relation_id: UUID, sku_ids: Sequence[UUID]
) -> list[WithdrawResult]:
    """End authorisations, in one write; a result for each.

    Raises:
        NotFoundHere
    """
    found = await queries.relation(session, principal, relation_id, for_update=True)
    rows = await session.execute(
        delete(ProductAuthorization)
        .where(ProductAuthorization.relation_id == found.id, ProductAuthorization.sku_id.in_(sku_ids))
        .returning(ProductAuthorization.sku_id, ProductAuthorization.settlement_price)
    )
    ended = dict(list(rows))
    if ended:
        audit.record(session, principal.actor, "relations.withdraw", "relation", found.id)
        for sku_id, price in ended.items():
            _tell_price(session, found, sku_id, price, None)
        await changed(session, found)
    return [WithdrawResult.WITHDRAWN if sku_id in ended else WithdrawResult.NOT_AUTHORISED for sku_id in sku_ids]


async def withdraw_product(session: AsyncSession, principal: Principal, relation_id: UUID, sku_id: UUID) -> None:
    """End one authorisation.

    Raises:
        NotFoundHere
    """
    if await withdraw_products(session, principal, relation_id, [sku_id]) != [WithdrawResult.WITHDRAWN]:
        raise NotFoundHere


def _result(line: AuthorizationLine, mine: set[UUID], prices: Mapping[UUID, int]) -> LineResult:
    if line.sku_id not in mine:
        return LineResult.UNKNOWN_SKU
    if line.sku_id not in prices:
        return LineResult.CREATED
    return LineResult.UNCHANGED if prices[line.sku_id] == line.settlement_price else LineResult.UPDATED


def _tell_price(
    session: AsyncSession, relation: SupplyRelation, sku_id: UUID, before: int | None, after: int | None
) -> None:
    was, is_ = ({} if price is None else {"settlement_price": price} for price in (before, after))
    audit.changed(session, ProductAuthorization.__tablename__, f"{relation.id}/{sku_id}", was, is_)


async def _write(session: AsyncSession, relation: SupplyRelation, prices: Mapping[UUID, int]) -> None:
    """All of them in one statement."""
    connection = await raw(session)
    await connection.execute(
        "INSERT INTO product_authorizations (relation_id, supplier_id, distributor_id, created_at, sku_id, settlement_price) "
        "SELECT $1, $2, $3, $4, u.* FROM unnest($5::uuid[], $6::bigint[]) AS u "
        "ON CONFLICT (relation_id, sku_id) DO UPDATE SET settlement_price = excluded.settlement_price",
        relation.id,
        relation.supplier_id,
        relation.distributor_id,
        clock.now(),
        list(prices.keys()),
        list(prices.values()),
    )
