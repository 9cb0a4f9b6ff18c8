"""The audit trail."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Out


class ChangeOut(Out):
    table: str
    id: str
    before: Annotated[dict[str, Any], Field(description="The fields that changed as they were; empty: it is new")]
    after: Annotated[
        dict[str, Any], Field(description="As they are now; empty: it is deleted. `***` hides secrets and people")
    ]


class AuditOut(Out):
    id: UUID
    created_at: datetime
    organization_id: UUID | None
    user_id: UUID | None
    api_key_id: Annotated[UUID | None, Field(description="A program acted with this key of the user's")]
    on_behalf_of: Annotated[UUID | None, Field(description="The organization for which the platform's people acted")]
    action: Annotated[str, Field(examples=["identity.create_organization"])]
    object_type: str
    object_id: UUID | None
    detail: dict[str, Any]
    changes: Annotated[
        list[ChangeOut] | None, Field(description="What changed; orders and tickets tell it in `detail`")
    ]
    request_id: str
    address: str
