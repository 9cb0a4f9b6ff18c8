"""Loading the demo data once: steps in order, each marked when it is done, so that an interrupted load is finished.

A load takes the better part of a minute, and whoever starts the platform for the first time may well stop it meanwhile.
The marks are rows of the audit trail: what is marked is not done again, and the first mark holds the instant that the
data is made for. The steps that build the market are one transaction each, mark included. A day of orders goes through
the lanes and is no transaction: after an interruption its orders are counted, what is open is read, and the day goes on.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock, tenancy
from distro_api.core.db import Database, sqlalchemy_engine
from distro_api.core.provision import urls_of
from distro_api.core.settings import Settings
from distro_api.demo import opening, partners, rewards, selling, showcase
from distro_api.demo.season import Season, plan_shifts, settle
from distro_api.demo.stage import DEMO, Stage
from distro_api.identity.models import AuditRow, Organization
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Actor

Progress = Callable[[str, int, int], None]
Step = Callable[[AsyncSession, Stage], Awaitable[None]]
ACTION, STARTED, COMPLETE = "demo.load", "started", "complete"
LOCK = 0x0DE50
MONTHS_BACK = timedelta(days=100)
BUILDING: tuple[tuple[str, Step], ...] = (
    ("organizations", opening.organizations),
    ("applicant", opening.applicant),
    ("products", opening.catalogue),
    ("stock calendar", opening.stock),
    ("relations", partners.open_relations),
    ("strategies", selling.open_strategies),
    ("accounts", partners.open_accounts),
    ("incentive rules", rewards.open_rules),
)
AFTERWARDS: tuple[tuple[str, Step], ...] = (
    ("points redeemed", rewards.redeem),
    ("products not on sale", opening.unsold),
    ("strategies not in use", selling.set_aside),
    ("waiting for decisions", partners.unfinished),
)
ORDERS, LAST = "orders", "last orders"


class NotEmpty(RuntimeError):
    """The demo data is loaded into an empty database only."""

    def __init__(self) -> None:
        super().__init__(
            "数据库中已有数据，不再载入演示数据 / the database holds data: the demo data goes into an empty one"
        )


async def is_empty(settings: Settings) -> bool:
    """Whether `load` has something to do: nobody is there yet, or an earlier load was interrupted."""
    database = Database(*_logins(settings), pool_size=1)
    try:
        async with database.sessions() as session:
            return await _to_do(session)
    finally:
        await database.close()


async def load(settings: Settings, progress: Progress, scale: float = 1.0) -> None:
    """Load the demo data, or finish loading it; `progress` hears (step, done, total).

    Args:
        scale: from 0 to 1, how much of orders and products.

    Raises:
        NotEmpty: somebody else's data is there.
        DemoIncomplete: an order or an event was refused that should not be.
    """
    assert 0 < scale <= 1, scale
    app_dsn, engine_dsn = _logins(settings)
    database = Database(app_dsn, engine_dsn, pool_size=4)
    engine = sqlalchemy_engine(engine_dsn, 4)
    turn = await asyncpg.connect(app_dsn)  # a second starter waits here, and then finds the work done
    try:
        await turn.execute("SELECT pg_advisory_lock($1)", LOCK)
        loader = _Loader(settings, database, async_sessionmaker(engine, expire_on_commit=False), progress)
        with tenancy.platform():
            await loader.run(scale)
    finally:
        await turn.close()
        await engine.dispose()
        await database.close()


class _Loader:
    """One load."""

    def __init__(
        self, settings: Settings, database: Database, engine: async_sessionmaker[AsyncSession], progress: Progress
    ) -> None:
        self._settings, self._database, self._engine, self._progress = settings, database, engine, progress

    async def run(self, scale: float) -> None:
        async with self._database.sessions() as session:
            if not await _to_do(session):
                if await _marks(session):
                    return
                raise NotEmpty
        stage = await self._start(scale)
        await self._build(stage, BUILDING)
        await self._trade(stage)
        await self._build(stage, AFTERWARDS)
        await settle(self._engine, self._settings)
        await self._mark(COMPLETE)

    async def _start(self, scale: float) -> Stage:
        """Partitions for the past, and the first mark; an interrupted load goes on with its own anchor and scale."""
        now = clock.now().replace(microsecond=0)
        async with self._engine.begin() as session:
            days = {"first": (now - MONTHS_BACK).date(), "last": (now + timedelta(days=31)).date()}
            await session.execute(text("SELECT ensure_partitions(:first, :last)"), days)
        async with self._database.sessions.begin() as session:
            if (detail := (await _marks(session)).get(STARTED)) is None:
                detail = {"anchor": now.isoformat(), "scale": scale}
                _mark(session, STARTED, **detail)
        anchor, settings = datetime.fromisoformat(detail["anchor"]), self._settings
        return Stage(anchor, settings.time_zone, settings.bonus_point_amount, detail["scale"])

    async def _build(self, stage: Stage, steps: tuple[tuple[str, Step], ...]) -> None:
        for name, step in steps:
            self._progress(name, 0, 1)
            async with self._database.sessions.begin() as session:
                if name not in await _marks(session):
                    await step(session, stage)
                    _mark(session, name)
            self._progress(name, 1, 1)

    async def _trade(self, stage: Stage) -> None:
        async with self._database.sessions() as session:
            done = await _marks(session)
        if LAST in done:
            return
        days = plan_shifts(stage, stage.orders - showcase.COUNT)
        left = {day: shifts for day, shifts in days.items() if day.isoformat() not in done}
        season = Season(stage, self._settings, self._database.sessions, self._engine, self._database.engine_dsn)

        def progress(placed: int) -> None:
            self._progress(ORDERS, min(placed, stage.orders), stage.orders)

        await season.open(next(iter(left.values()))[0].start if left else stage.anchor)
        progress(season.placed)
        for day, shifts in left.items():
            await season.day(shifts, progress)
            await self._mark(day.isoformat())
        await season.last_moments(days[max(days)], progress)
        await self._mark(LAST)

    async def _mark(self, name: str) -> None:
        async with self._database.sessions.begin() as session:
            _mark(session, name)


def _logins(settings: Settings) -> tuple[str, str]:
    urls = urls_of(settings)
    return urls.app, urls.engine


def _mark(session: AsyncSession, step: str, **detail: object) -> None:
    audit.record(session, Actor(), ACTION, "demo", DEMO, step=step, **detail)


async def _marks(session: AsyncSession) -> dict[str, dict[str, Any]]:
    """What has been marked, with its details; the index is on the object."""
    found = await session.scalars(select(AuditRow.detail).where(AuditRow.object_id == DEMO, AuditRow.action == ACTION))
    return {detail["step"]: detail for detail in found}


async def _to_do(session: AsyncSession) -> bool:
    if await session.scalar(select(func.count()).select_from(select(Organization.id).limit(1).subquery())) == 0:
        return True
    marks = await _marks(session)
    return STARTED in marks and COMPLETE not in marks
