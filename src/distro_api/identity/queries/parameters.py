"""Reads of platform parameters: the administrator's, so nobody's rows are hidden."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.identity.models import ParameterChange


async def newest_changes(session: AsyncSession) -> Sequence[ParameterChange]:
    """The change that holds, of each parameter that was ever touched."""
    newest = select(ParameterChange).ext(distinct_on(ParameterChange.name))
    return (await session.scalars(newest.order_by(ParameterChange.name, ParameterChange.version.desc()))).all()


async def newest_change(session: AsyncSession, name: str) -> ParameterChange | None:
    return await session.scalar(changes_of(name).order_by(ParameterChange.version.desc()).limit(1))


async def values_set(session: AsyncSession) -> dict[str, Any]:
    """The values that are not left to the default, as JSON, by name."""
    return {change.name: change.value for change in await newest_changes(session) if change.value is not None}


def changes_of(name: str) -> Select[ParameterChange]:
    """A parameter's history."""
    return select(ParameterChange).where(ParameterChange.name == name)
