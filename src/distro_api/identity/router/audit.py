"""The trail of what people did."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends

from distro_api.core.db import Read
from distro_api.core.http import API, capability
from distro_api.core.idempotency import IdempotentRoute
from distro_api.core.pagination import Page, Paging, filters, page
from distro_api.identity import queries
from distro_api.identity.models import AuditRow
from distro_api.identity.principal import Principal, Require
from distro_api.identity.queries import AuditFilters
from distro_api.identity.schemas import AuditOut

router = APIRouter(prefix=f"{API}/audit", tags=["audit"], route_class=IdempotentRoute)


@router.get("", response_model=Page[AuditOut], openapi_extra=capability("I15", "X3"))
async def list_audit(
    principal: Annotated[Principal, Require("audit:read")],
    session: Read,
    paging: Paging,
    where: Annotated[AuditFilters, Depends(filters(AuditFilters))],
    sort: Literal["created_at", "-created_at"] = "-created_at",
) -> object:
    """Who did what, and what changed: my organization's people, or everybody for the platform. Personal data is hidden."""
    rows, cursor, total = await page(
        session,
        queries.audit_where(principal, where),
        paging,
        sorts={"created_at": AuditRow.id},  # ids are ordered by time, and have an index
        sort=sort,
        tie=AuditRow.id,
    )
    return {"items": rows, "next_cursor": cursor, "total": total}
