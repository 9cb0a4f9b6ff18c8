"""Distributors that a supplier creates, and those it works with."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from distro_api.core.db import Read, Tx
from distro_api.core.http import API, capability, problems
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, page
from distro_api.identity.errors import InvalidPhone, PhoneTaken
from distro_api.identity.models import Organization, User
from distro_api.identity.principal import Principal, Require
from distro_api.notifications.service import FromNotifier
from distro_api.relations import queries, service
from distro_api.relations.models import RelationStatus, SupplyRelation
from distro_api.relations.schemas import CreateDistributor, DistributorOut

router = APIRouter(prefix=f"{API}/distributors", tags=["relations"], route_class=IdempotentRoute)


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


@router.post(
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
    """Create a distributor from a name and a phone number, which gets a one-time password; the relation is open at once.

    A number that is taken is no reason to make a second account: invite its owner (`POST /partner-invitations`).
    """
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


@router.get("", response_model=Page[DistributorOut], openapi_extra=capability("R1", "R4"))
async def list_distributors(
    principal: Annotated[Principal, Require("distributors:read")],
    session: Read,
    paging: Paging,
    status: Annotated[RelationStatus | None, Query(description="Of the relation")] = None,
    tier: Annotated[str | None, Query(max_length=32)] = None,
    q: Annotated[
        str | None, Query(max_length=100, description="Part of the name, or of its owner's name or number")
    ] = None,
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> object:
    """My distributors with their contacts, newest relation first."""
    found = queries.distributors_where(principal, status=status, tier=tier, q=q)
    rows, cursor, total = await page(
        session, found, paging, sorts={"created_at": SupplyRelation.created_at}, sort=sort, tie=SupplyRelation.id
    )
    ids = {row.distributor_id for row in rows}
    organizations, owners = await queries.organizations(session, ids), await queries.owners(session, ids)
    items = [_distributor_out(row, organizations[row.distributor_id], owners.get(row.distributor_id)) for row in rows]
    return {"items": items, "next_cursor": cursor, "total": total}
