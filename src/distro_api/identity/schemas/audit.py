"""The audit trail."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Out


class AuditOut(Out):
    id: UUID
    created_at: datetime
    organization_id: UUID | None
    user_id: UUID | None
    action: Annotated[str, Field(examples=["identity.create_organization"])]
    object_type: str
    object_id: UUID | None
    detail: dict[str, Any]
    request_id: str
    address: str
