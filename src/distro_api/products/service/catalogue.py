"""The catalogue version: one row a supplier, by which caches of what it sells know that they are stale."""

from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.identity.models import Kind, Organization
from distro_api.products.models import CatalogueVersion


async def bump_catalogue(session: AsyncSession, supplier_id: UUID) -> None:
    """Say that what the supplier sells, or how, changes with this transaction.

    The row stays locked until commit: call it after the other locks are taken.
    """
    first = insert(CatalogueVersion).values(supplier_id=supplier_id, version=1)
    await session.execute(
        first.on_conflict_do_update(
            index_elements=[CatalogueVersion.supplier_id], set_={"version": CatalogueVersion.version + 1}
        )
    )


async def bump_all_catalogues(session: AsyncSession) -> None:
    """The same for every supplier, when something changes that all prices depend on."""
    suppliers = select(Organization.id, literal(1)).where(Organization.kind == Kind.SUPPLIER).order_by(Organization.id)
    first = insert(CatalogueVersion).from_select(["supplier_id", "version"], suppliers)
    await session.execute(
        first.on_conflict_do_update(
            index_elements=[CatalogueVersion.supplier_id], set_={"version": CatalogueVersion.version + 1}
        )
    )
