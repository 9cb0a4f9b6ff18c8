"""Reads of identity."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import NotFoundHere
from distro_api.identity.models import (
    AuditRow,
    Kind,
    LoginRecord,
    Organization,
    OrganizationStatus,
    RefreshToken,
    User,
    UserSession,
)


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


def visible_organizations(viewer: Viewer) -> Select[Organization]:
    """All of them for the platform, their own for the others."""
    if viewer.kind is Kind.ADMIN:
        return select(Organization)
    return select(Organization).where(Organization.id == viewer.organization_id)


def organizations_where(
    viewer: Viewer, *, kind: Kind | None, status: OrganizationStatus | None, q: str | None
) -> Select[Organization]:
    found = visible_organizations(viewer)
    if kind is not None:
        found = found.where(Organization.kind == kind)
    if status is not None:
        found = found.where(Organization.status == status)
    if q:
        found = found.where(Organization.name.icontains(q, autoescape=True))
    return found


async def organization(
    session: AsyncSession, viewer: Viewer, organization_id: UUID, *, for_update: bool = False
) -> Organization:
    """One organization that `viewer` may see.

    Raises:
        NotFoundHere
    """
    found = visible_organizations(viewer).where(Organization.id == organization_id)
    row = await session.scalar(found.with_for_update() if for_update else found)
    if row is None:
        raise NotFoundHere
    return row


async def organization_in_use(session: AsyncSession, organization_id: UUID) -> Organization:
    """The organization under a share lock: it cannot be suspended before the caller's transaction ends.

    Locks of identity are taken in this order: organization, user, sessions.
    """
    found = select(Organization).where(Organization.id == organization_id).with_for_update(read=True)
    return (await session.scalars(found)).one()


async def owner_of(session: AsyncSession, organization_id: UUID) -> User | None:
    """The user that was opened with the organization; a house distributor has none."""
    first = select(User).where(User.organization_id == organization_id).order_by(User.id).limit(1)
    return await session.scalar(first)


async def house_of(session: AsyncSession, supplier_id: UUID) -> Organization | None:
    """The built-in distributor that carries a supplier's sales without a distributor."""
    return await session.scalar(select(Organization).where(Organization.house_of == supplier_id))


async def user_of_account(session: AsyncSession, account: str) -> tuple[User, Organization] | None:
    """Who signs in under `account` (in its normal form)."""
    row = await session.execute(
        select(User, Organization)
        .join(Organization, Organization.id == User.organization_id)
        .where(or_(User.username == account, User.phone == account, User.email == account))
    )
    found = row.one_or_none()
    return None if found is None else (found[0], found[1])


async def me(session: AsyncSession, viewer: Viewer) -> tuple[User, Organization]:
    """The caller and its organization."""
    row = await session.execute(
        select(User, Organization)
        .join(Organization, Organization.id == User.organization_id)
        .where(User.id == viewer.user_id)
    )
    found = row.one_or_none()
    if found is None:
        raise NotFoundHere
    return found[0], found[1]


def own_sessions(viewer: Viewer) -> Select[UserSession]:
    """The caller's sessions that are not over."""
    return select(UserSession).where(
        UserSession.user_id == viewer.user_id, UserSession.ended_at.is_(None), UserSession.expires_at > clock.now()
    )


async def scope_of_session(session: AsyncSession, viewer: Viewer) -> str:
    """What the caller's session was narrowed to."""
    return (await session.scalars(select(UserSession.scope).where(UserSession.id == viewer.session_id))).one()


async def session_of_token(session: AsyncSession, token_hash: bytes) -> UserSession | None:
    """The session that a refresh token belongs to, not locked."""
    joined = select(UserSession).join(RefreshToken, RefreshToken.session_id == UserSession.id)
    return await session.scalar(joined.where(RefreshToken.token_hash == token_hash))


def own_logins(viewer: Viewer) -> Select[LoginRecord]:
    return select(LoginRecord).where(LoginRecord.user_id == viewer.user_id)


def visible_audit(viewer: Viewer) -> Select[AuditRow]:
    """Everything for the platform, what an organization's own people did for the others."""
    if viewer.kind is Kind.ADMIN:
        return select(AuditRow)
    return select(AuditRow).where(AuditRow.organization_id == viewer.organization_id)


def audit_where(
    viewer: Viewer,
    *,
    action: str | None,
    object_id: UUID | None,
    created_from: datetime | None,
    created_to: datetime | None,
) -> Select[AuditRow]:
    found = visible_audit(viewer)
    if action is not None:
        found = found.where(AuditRow.action == action)
    if object_id is not None:
        found = found.where(AuditRow.object_id == object_id)
    if created_from is not None:
        found = found.where(AuditRow.created_at >= created_from)
    if created_to is not None:
        found = found.where(AuditRow.created_at < created_to)
    return found
