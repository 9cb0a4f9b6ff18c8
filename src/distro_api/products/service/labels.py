"""Categories and brands, which the platform keeps for everybody."""

from typing import TypeVar
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.http import check_if_match
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.products import queries
from distro_api.products.errors import LabelInUse, LabelTaken
from distro_api.products.models import Brand, Category

LabelT = TypeVar("LabelT", Category, Brand)


async def create_label(session: AsyncSession, principal: Principal, model: type[LabelT], name: str) -> LabelT:
    """A new category or brand.

    Raises:
        LabelTaken
    """
    label = model(name=name)
    session.add(label)
    await _flush(session)
    audit.record(session, principal.actor, f"{model.__tablename__}.create", model.__tablename__, label.id)
    return label


async def rename_label(
    session: AsyncSession, principal: Principal, model: type[LabelT], label_id: UUID, name: str, if_match: str | None
) -> LabelT:
    """Another name for a category or brand.

    Raises:
        NotFoundHere, PreconditionFailed, LabelTaken
    """
    label = await queries.label(session, model, label_id, lock=True)
    check_if_match(if_match, label.version)
    label.name = name
    await _flush(session)
    audit.record(session, principal.actor, f"{model.__tablename__}.rename", model.__tablename__, label_id)
    return label


async def delete_label(
    session: AsyncSession, principal: Principal, model: type[LabelT], label_id: UUID, if_match: str | None
) -> None:
    """Delete a category or brand that no product uses.

    Raises:
        NotFoundHere, PreconditionFailed, LabelInUse
    """
    label = await queries.label(session, model, label_id, lock=True)
    check_if_match(if_match, label.version)
    try:
        async with session.begin_nested():
            await session.execute(delete(model).where(model.id == label_id))
    except IntegrityError as error:
        raise LabelInUse from error
    audit.changed(session, model.__tablename__, label_id, {"name": label.name}, {})
    audit.record(session, principal.actor, f"{model.__tablename__}.delete", model.__tablename__, label_id)


async def _flush(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        raise LabelTaken from error
