"""Distributors that a supplier creates, supply relations, authorised products."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.db import Read, Tx
from distro_api.core.errors import NotFoundHere, PreconditionFailed, StateConflict
from distro_api.core.http import API, IfMatch, capability, etag, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity.errors import InvalidPhone, PhoneTaken
from distro_api.identity.models import Organization, User
from distro_api.identity.principal import Principal, Require
from distro_api.notifications.service import FromNotifier
from distro_api.relations import queries, service
from distro_api.relations.errors import RelationExists, UnknownDistributor
from distro_api.relations.models import ProductAuthorization, RelationStatus, Sells, SupplyRelation
from distro_api.relations.schemas import (
    AuthorizationOut,
    AuthorizedOut,
    AuthorizeProducts,
    CreateDistributor,
    DistributorOut,
    OpenRelation,
    RelationOut,
    UpdateRelation,
)
from distro_api.relations.states import RelationAction

distributors = APIRouter(prefix=f"{API}/distributors", tags=["relations"], route_class=IdempotentRoute)
router = APIRouter(prefix=f"{API}/supply-relations", tags=["relations"], route_class=IdempotentRoute)
Reader = Annotated[Principal, Require("relations:read")]
Manager = Annotated[Principal, Require("relations:manage")]
Sort = Literal["created_at", "-created_at"]


def _distributor_out(relation: SupplyRelation, organization: Organization, owner: User | None) -> dict[str, object]:
    return {
        "id": organization.id,
        "name": organization.name,
        "status": organization.status,
        "username": owner.username if owner else None,
        "contact_name": owner.name if owner else None,
        "phone": owner.phone if owner else None,
        "relation_id": relation.id,
        "tier": relation.tier,
        "relation_status": relation.status,
        "created_at": organization.created_at,
    }


@distributors.post(
    "",
    response_model=DistributorOut,
    status_code=201,
    responses=problems(PhoneTaken, InvalidPhone),
    openapi_extra=capability("R1"),
)
async def create_distributor(
    command: CreateDistributor,
    principal: Annotated[Principal, Require("distributors:create")],
    session: Tx,
    notifier: FromNotifier,
    response: Response,
) -> object:
    """Create a distributor from a name and a phone number, which gets a one-time password; the relation is open at once."""
    made = await service.create_distributor(
        session,
        notifier,
        principal.actor,
        principal.organization_id,
        name=command.name,
        phone=command.phone,
        contact_name=command.contact_name,
    )
    response.headers["Location"] = f"/api/v1/supply-relations/{made.relation.id}"
    return _distributor_out(made.relation, made.organization, made.owner)


@distributors.get("", response_model=Page[DistributorOut], openapi_extra=capability("R1", "R4"))
async def list_distributors(
    principal: Annotated[Principal, Require("distributors:read")],
    session: Read,
    paging: Paging,
    status: Annotated[RelationStatus | None, Query(description="Of the relation")] = None,
    tier: Annotated[str | None, Query(max_length=32)] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the name")] = None,
    sort: Sort = "-created_at",
) -> object:
    """My distributors with their contacts, newest relation first."""
    found = queries.relations_where(
        principal, supplier_id=None, distributor_id=None, status=status, tier=tier, sells=None, q=q
    )
    rows, cursor, total = await page(
        session, found, paging, sorts={"created_at": SupplyRelation.created_at}, sort=sort, tie=SupplyRelation.id
    )
    ids = {row.distributor_id for row in rows}
    organizations, owners = await queries.organizations(session, ids), await queries.owners(session, ids)
    items = [_distributor_out(row, organizations[row.distributor_id], owners.get(row.distributor_id)) for row in rows]
    return {"items": items, "next_cursor": cursor, "total": total}


async def _relations_out(session: AsyncSession, rows: Sequence[SupplyRelation]) -> list[dict[str, object]]:
    parties = await queries.parties(session, rows)
    plain = [name for name in RelationOut.model_fields if name not in ("supplier", "distributor")]
    return [
        {name: getattr(row, name) for name in plain}
        | {"supplier": parties[row.supplier_id], "distributor": parties[row.distributor_id]}
        for row in rows
    ]


async def _relation_out(session: AsyncSession, row: SupplyRelation, response: Response) -> dict[str, object]:
    response.headers["ETag"] = etag(row.version)
    return (await _relations_out(session, [row]))[0]


@router.post(
    "",
    response_model=RelationOut,
    status_code=201,
    responses=problems(UnknownDistributor, RelationExists),
    openapi_extra=capability("R2", "R4"),
)
async def open_supply_relation(command: OpenRelation, principal: Manager, session: Tx, response: Response) -> object:
    """Take an existing distributor as a partner."""
    opened = await service.open_relation(
        session,
        principal.actor,
        principal.organization_id,
        distributor_id=command.distributor_id,
        tier=command.tier,
        sells=command.sells,
    )
    response.headers["Location"] = f"/api/v1/supply-relations/{opened.id}"
    return await _relation_out(session, opened, response)


@router.get("", response_model=Page[RelationOut], openapi_extra=capability("R2", "R4"))
async def list_supply_relations(
    principal: Reader,
    session: Read,
    paging: Paging,
    supplier_id: UUID | None = None,
    distributor_id: UUID | None = None,
    status: RelationStatus | None = None,
    tier: Annotated[str | None, Query(max_length=32)] = None,
    sells: Sells | None = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of either side's name")] = None,
    sort: Sort = "-created_at",
) -> object:
    """Who works with whom: my own relations, all for the platform."""
    found = queries.relations_where(
        principal,
        supplier_id=supplier_id,
        distributor_id=distributor_id,
        status=status,
        tier=tier,
        sells=sells,
        q=q,
    )
    rows, cursor, total = await page(
        session, found, paging, sorts={"created_at": SupplyRelation.created_at}, sort=sort, tie=SupplyRelation.id
    )
    return {"items": await _relations_out(session, rows), "next_cursor": cursor, "total": total}


@router.get(
    "/{relation_id}",
    response_model=RelationOut,
    responses=problems(NotFoundHere),
    openapi_extra=capability("R2", "R4"),
)
async def get_supply_relation(relation_id: UUID, principal: Reader, session: Read, response: Response) -> object:
    """One relation."""
    return await _relation_out(session, await queries.relation(session, principal, relation_id), response)


@router.patch(
    "/{relation_id}",
    response_model=RelationOut,
    responses=problems(NotFoundHere, PreconditionFailed),
    openapi_extra=capability("R4"),
)
async def update_supply_relation(
    relation_id: UUID,
    command: UpdateRelation,
    principal: Manager,
    session: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> object:
    """Change the distributor's tier (null: none) and whether it sells all or listed SKUs."""
    row = await service.update_relation(session, principal, relation_id, command, if_match)
    return await _relation_out(session, row, response)


@router.post(
    "/{relation_id}/stop",
    response_model=RelationOut,
    responses=problems(NotFoundHere, StateConflict, PreconditionFailed),
    openapi_extra=capability("R2"),
)
async def stop_supply_relation(
    relation_id: UUID, principal: Manager, session: Tx, response: Response, if_match: IfMatch = None
) -> object:
    """Stop the cooperation: no new orders, no new recharges; running orders finish."""
    row = await service.apply(session, principal, relation_id, RelationAction.STOP, if_match)
    return await _relation_out(session, row, response)


@router.post(
    "/{relation_id}/resume",
    response_model=RelationOut,
    responses=problems(NotFoundHere, StateConflict, PreconditionFailed),
    openapi_extra=capability("R2"),
)
async def resume_supply_relation(
    relation_id: UUID, principal: Manager, session: Tx, response: Response, if_match: IfMatch = None
) -> object:
    """Go on with a stopped cooperation."""
    row = await service.apply(session, principal, relation_id, RelationAction.RESUME, if_match)
    return await _relation_out(session, row, response)


@router.post(
    "/{relation_id}/product-authorizations",
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
    "/{relation_id}/product-authorizations",
    response_model=Page[AuthorizationOut],
    responses=problems(NotFoundHere),
    openapi_extra=capability("R3"),
)
async def list_product_authorizations(
    relation_id: UUID, principal: Reader, session: Read, paging: Paging, sort: Sort = "-created_at"
) -> object:
    """What is authorised in this relation, at which settlement price."""
    found = await queries.relation(session, principal, relation_id)
    rows, cursor, total = await page(
        session,
        queries.authorizations_of(found.id),
        paging,
        sorts={"created_at": ProductAuthorization.created_at},
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


@router.delete(
    "/{relation_id}/product-authorizations/{sku_id}",
    status_code=204,
    responses=problems(NotFoundHere),
    openapi_extra=capability("R3"),
)
async def withdraw_product_authorization(relation_id: UUID, sku_id: UUID, principal: Manager, session: Tx) -> None:
    """Withdraw an authorisation; live orders are not affected."""
    await service.withdraw_product(session, principal, relation_id, sku_id)
