"""Who looks, and the one filter that keeps tenants apart: every `visible_*` of a room starts from `seen_by`."""

from typing import Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, false, true
from sqlalchemy.orm import QueryableAttribute

from distro_api.identity.models import Kind


class Viewer(Protocol):
    """What a read asks of the principal, who is defined above this file."""

    @property
    def user_id(self) -> UUID: ...
    @property
    def organization_id(self) -> UUID: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def session_id(self) -> UUID: ...


Owner = QueryableAttribute[UUID] | QueryableAttribute[UUID | None]


def seen_by(viewer: Viewer, *, supplier: Owner | None = None, distributor: Owner | None = None) -> ColumnElement[bool]:
    """Rows whose column for the viewer's kind names its organization; all of them for the platform.

    Who has no column in a table sees nothing of it.
    """
    match viewer.kind:
        case Kind.ADMIN:
            return true()
        case Kind.SUPPLIER:
            owner = supplier
        case Kind.DISTRIBUTOR:
            owner = distributor
        case Kind.CUSTOMER:
            owner = None
    return false() if owner is None else owner == viewer.organization_id
