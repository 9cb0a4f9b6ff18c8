"""Official holidays: filled from what is published, edited by the platform."""

from collections.abc import Iterable
from datetime import date

import chinese_calendar
from chinese_calendar.constants import Holiday as Known
from chinese_calendar.constants import holidays as days_off
from chinese_calendar.constants import workdays
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import NotFoundHere
from distro_api.identity.principal import Principal
from distro_api.identity.service import audit
from distro_api.products.service import bump_all_catalogues
from distro_api.strategies.models import DayKind, Holiday
from distro_api.strategies.schemas import PutHoliday


async def fill_holidays(session: AsyncSession, years: Iterable[int]) -> list[int]:
    """Add the published days of `years`; days that are there already stay as they are. The years that are published."""
    filled = [year for year in years if _published(year)]
    rows = [
        {"day": day, "name": _chinese(name), "kind": kind}
        for kind, days in ((DayKind.HOLIDAY, days_off), (DayKind.WORKDAY, workdays))
        for day, name in sorted(days.items())
        if day.year in filled
    ]
    if rows:
        await session.execute(insert(Holiday).on_conflict_do_nothing(), rows)
        await bump_all_catalogues(session)
    return filled


async def put_holiday(session: AsyncSession, principal: Principal, day: date, command: PutHoliday) -> Holiday:
    """Set what a day is; prices by holiday and weekday follow at once."""
    row = insert(Holiday).values(day=day, name=command.name, kind=command.kind)
    old = await session.get(Holiday, day)
    before = {} if old is None else {"name": old.name, "kind": old.kind}
    await session.execute(
        row.on_conflict_do_update(index_elements=[Holiday.day], set_={"name": command.name, "kind": command.kind})
    )
    audit.changed(session, Holiday.__tablename__, day, before, {"name": command.name, "kind": command.kind})
    audit.record(session, principal.actor, "holidays.put", "holiday", None, day=day, kind=command.kind)
    await bump_all_catalogues(session)
    return await session.get_one(Holiday, day, populate_existing=True)


async def delete_holiday(session: AsyncSession, principal: Principal, day: date) -> None:
    """Let the day be what its weekday says.

    Raises:
        NotFoundHere
    """
    if (row := await session.get(Holiday, day)) is None:
        raise NotFoundHere
    await session.delete(row)
    audit.record(session, principal.actor, "holidays.delete", "holiday", None, day=day)
    await session.flush()
    await bump_all_catalogues(session)


def _published(year: int) -> bool:
    try:
        chinese_calendar.get_holidays(date(year, 1, 1), date(year, 12, 31))
    except NotImplementedError:
        return False
    return True


def _chinese(name: str) -> str:
    return str(Known(name).chinese)
