"""SKUs authorised to a distributor."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere
from distro_api.core.http import API, capability, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity.principal import Principal, Require
from distro_api.relations import queries, service
from distro_api.relations.models import ProductAuthorization
from distro_api.relations.schemas import (
    AuthorizationOut,
    AuthorizedOut,
    AuthorizeProducts,
    WithdrawnOut,
    WithdrawProducts,
)

router = APIRouter(
    prefix=f"{API}/supply-relations/{{relation_id}}/product-authorizations",
    tags=["relations"],
    route_class=IdempotentRoute,
)
Reader = Annotated[Principal, Require("relations:read")]
Manager = Annotated[Principal, Require("relations:manage")]
SORTS = {
    "created_at": ProductAuthorization.created_at,
    "settlement_price": ProductAuthorization.settlement_price,
}


@router.post(
    "",
    response_model=AuthorizedOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("R3"),
)
async def authorize_products(relation_id: UUID, command: AuthorizeProducts, principal: Manager, session: Tx) -> object:
    """Authorise SKUs in bulk, each at its settlement price; a SKU that is authorised already gets the new price."""
    results = await service.authorize_products(session, principal, relation_id, command.lines)
    return {
        "lines": [
            {"sku_id": line.sku_id, "settlement_price": line.settlement_price, "result": result}
            for line, result in zip(command.lines, results, strict=True)
        ]
    }


@router.get(
    "",
    response_model=Page[AuthorizationOut],
    responses=problems(NotFoundHere),
    openapi_extra=capability("R3"),
)
async def list_product_authorizations(
    relation_id: UUID,
    principal: Reader,
    session: Read,
    paging: Paging,
    product_id: UUID | None = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of a SKU's or product's name or code")] = None,
    sort: Literal["created_at", "-created_at", "settlement_price", "-settlement_price"] = "-created_at",
) -> object:
    """What is authorised in this relation, at which settlement price."""
    found = await queries.relation(session, principal, relation_id)
    rows, cursor, total = await page(
        session,
        queries.authorizations_of(found.id, product_id=product_id, q=q),
        paging,
        sorts=SORTS,
        sort=sort,
        tie=ProductAuthorization.sku_id,
    )
    names = await queries.sku_names(session, {row.sku_id for row in rows})
    items = [
        {
            "sku_id": row.sku_id,
            "sku_name": names[row.sku_id][0],
            "product_id": names[row.sku_id][1],
            "product_name": names[row.sku_id][2],
            "settlement_price": row.settlement_price,
            "created_at": row.created_at,
        }
        for row in rows
    ]
    return {"items": items, "next_cursor": cursor, "total": total}


@router.post(
    "/withdraw",
    response_model=WithdrawnOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("R3"),
)
async def withdraw_product_authorizations(
    relation_id: UUID, command: WithdrawProducts, principal: Manager, session: Tx
) -> object:
    """Withdraw many authorisations: gone from the distributor's offers at once; live orders are not affected."""
    results = await service.withdraw_products(session, principal, relation_id, command.sku_ids)
    return {
        "lines": [{"sku_id": sku_id, "result": result} for sku_id, result in zip(command.sku_ids, results, strict=True)]
    }


@router.delete(
    "/{sku_id}",
    status_code=204,
    responses=problems(NotFoundHere),
    openapi_extra=capability("R3"),
)
async def withdraw_product_authorization(relation_id: UUID, sku_id: UUID, principal: Manager, session: Tx) -> None:
    """Withdraw an authorisation; live orders are not affected."""
    await service.withdraw_product(session, principal, relation_id, sku_id)
