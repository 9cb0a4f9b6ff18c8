"""The sixty days before the anchor, one after another: shifts, upkeep, and what the worker would have done."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core import clock, consume
from distro_api.core.lanes import Lanes
from distro_api.core.money import allocate
from distro_api.core.outbox import ParkedRow
from distro_api.core.settings import Settings
from distro_api.demo import reading, showcase
from distro_api.demo.fates import BOUNDARIES
from distro_api.demo.partners import top_up
from distro_api.demo.stage import DAYS_BACK, Market, Stage, read_market, relations
from distro_api.demo.trading import OrderLanes, Shift, Trading
from distro_api.offers.service import Terms
from distro_api.orders.jobs import close_over
from distro_api.orders.service.batch import executor
from distro_api.orders.service.source import RandomSource
from distro_api.subscriptions import subscribers
from distro_api.tickets.jobs import EXPIRE_LIMIT, expire_tickets
from distro_api.worker import relay_once

SEED = "distro-api demo 2026"
OPEN_FOR = timedelta(days=3)
"""How long orders wait that somebody will pay: longer than the platform's window, so that some are still there to be
looked at when the data has been loaded."""
LAST_ROUNDS = 20
EVENTS_AT_ONCE = 1000
Sessions = async_sessionmaker[AsyncSession]


class DemoIncomplete(RuntimeError):
    """Something that the demo data relies on did not happen; what is there is not marked as complete."""


def plan_shifts(stage: Stage, total: int) -> dict[date, list[Shift]]:
    """How many orders are placed by the end of each shift: more at weekends, more towards the end, none after the anchor."""
    rng = Random(SEED)
    spans: list[tuple[date, datetime, datetime]] = []
    weights: list[int] = []
    for number in range(DAYS_BACK + 1):
        day = stage.first_day + timedelta(days=number)
        busy = (1.5 if day.isoweekday() >= 6 else 1.0) * (0.8 + 0.4 * number / DAYS_BACK) * rng.uniform(0.85, 1.15)
        for opens, closes in itertools.pairwise(BOUNDARIES):
            start, end = stage.instant(day, opens), stage.instant(day, closes)
            if start < end:
                spans.append((day, start, end))
                weights.append(int(busy * (end - start).total_seconds()))
    shifts: dict[date, list[Shift]] = {}
    placed = 0
    for (day, start, end), quota in zip(spans, allocate(total, weights), strict=True):
        placed += quota
        shifts.setdefault(day, []).append(Shift(start, end, placed))
    return shifts


@dataclass(slots=True)
class Season:
    """What the days need. `app` and `engine` are sessions of the two logins."""

    stage: Stage
    settings: Settings
    app: Sessions
    engine: Sessions
    engine_dsn: str
    placed: int = 0
    market: Market = field(init=False)
    trading: Trading = field(init=False)

    async def open(self, since: datetime) -> None:
        """Read the market, and what is still open of a run that was interrupted after `since`."""
        async with self.app() as session:
            self.market = await read_market(session)
            waiting = await reading.open_sales(session)
            self.placed = await reading.placed(session)
        terms = Terms(self.app)
        self.trading = Trading(
            stage=self.stage,
            market=self.market,
            terms=terms,
            rng=Random(f"{SEED} {(since - self.stage.anchor).days}"),
            window=timedelta(seconds=self.settings.payment_window_s),
            open_until=clock.now() + OPEN_FOR,
        )
        for sale in waiting:
            self.trading.expect(sale, since)
        await _read_all_terms(terms, self.market)

    async def day(self, shifts: Sequence[Shift], progress: Callable[[int], None]) -> None:
        """Accounts in the morning, then orders and what is due of the older ones, upkeep at night."""
        with clock.at(shifts[0].start):
            async with self.app.begin() as session:
                await session.connection()
                await top_up(session, self.market)
            async with self._lanes() as lanes:
                for shift in shifts:
                    self.placed += await self.trading.work(lanes, shift, shift.placed_by_end - self.placed)
                    progress(self.placed)
        with clock.at(self.stage.instant(clock.local_date(shifts[-1].end, self.stage.time_zone), 23)):
            await self._night()

    async def last_moments(self, shifts: Sequence[Shift], progress: Callable[[int], None]) -> None:
        """What sold-out days have left unplaced, and orders in every state for the first distributor to look at.

        Raises:
            DemoIncomplete: orders are refused that should not be.
        """
        last, rounds = shifts[-1], 0
        until_now = replace(last, start=last.end, end=self.stage.anchor)
        with clock.at(self.stage.anchor):
            async with self._lanes() as lanes:
                while self.placed < last.placed_by_end:
                    if (rounds := rounds + 1) > LAST_ROUNDS:
                        raise DemoIncomplete(f"orders were refused: {dict(self.trading.refusals)}")
                    self.placed += await self.trading.work(lanes, last, last.placed_by_end - self.placed)
                await self.trading.work(lanes, until_now, 0)
        for basket in showcase.baskets(self.trading):  # one by one: what they make is listed in their order
            with clock.at(basket.at):
                async with self._lanes() as lanes:
                    if not await self.trading.carry_out(lanes, [basket]):
                        raise DemoIncomplete(f"an order was refused: {dict(self.trading.refusals)}")
                self.placed += 1
        async with self._lanes() as lanes:
            while await close_over(self.engine, lanes, self.stage.time_zone):
                pass  # their time has run out while this was loaded
        with clock.at(self.stage.anchor):
            await self._night()
        progress(self.placed)

    def _lanes(self) -> OrderLanes:
        """Lanes whose clock is the present one: ids that they make belong to the day they were opened on."""
        time_zone = self.settings.time_zone
        run_batch = executor(RandomSource(time_zone), time_zone)
        return Lanes(self.engine_dsn, run_batch, count=self.settings.lanes, queue_limit=self.settings.lane_queue)

    async def _night(self) -> None:
        """The worker's part of the day: codes expire, every subscriber hears what has happened.

        Raises:
            DemoIncomplete: a subscriber failed.
        """
        today = clock.local_date(clock.now(), self.stage.time_zone)
        expired = EXPIRE_LIMIT
        while expired == EXPIRE_LIMIT:
            async with self.engine.begin() as session:
                expired = await expire_tickets(session, today)
        await settle(self.engine, self.settings)


async def settle(engine: Sessions, settings: Settings) -> None:
    """Relay what is published and let every subscriber handle it, and what that publishes, until nothing is left.

    Raises:
        DemoIncomplete: a subscriber failed.
    """
    fed = subscribers(settings)
    moved = True
    await consume.register(engine, fed)
    while moved:
        moved = await relay_once(engine) > 0
        for subscriber in fed:
            while await consume.consume(engine, subscriber, EVENTS_AT_ONCE):
                pass
    if await _parked(engine) is not None:  # perhaps of an earlier run, whose cause is gone
        for subscriber in fed:
            while await consume.retry_parked(engine, subscriber):
                pass
        if (left := await _parked(engine)) is not None:
            raise DemoIncomplete(f"{left.subscriber} could not handle {left.name}: {left.error}")


async def _parked(engine: Sessions) -> ParkedRow | None:
    async with engine() as session:
        return await session.scalar(select(ParkedRow).limit(1))


async def _read_all_terms(terms: Terms, market: Market) -> None:
    """Know all prices before the first order, so that orders are quoted in the order in which they are placed."""
    for distributor, relation in relations():
        skus = [ware.id for ware in market.wares.values() if ware.supplier == relation.supplier]
        await terms.get(market.people[distributor.username].organization_id, skus)
