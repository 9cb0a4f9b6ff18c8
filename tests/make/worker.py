"""The worker's part of what follows an event, done at a moment the test chooses."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker

from distro_api.core import consume
from distro_api.core.db import sqlalchemy_engine
from distro_api.core.outbox import ParkedRow, Subscriber
from distro_api.core.settings import Settings
from distro_api.subscriptions import subscribers
from distro_api.worker import Sessions, relay_once


@asynccontextmanager
async def worker_sessions(settings: Settings) -> AsyncIterator[Sessions]:
    """Sessions as the worker has them: under its login, one connection for each that is open at once."""
    assert settings.engine_database_url is not None
    engine = sqlalchemy_engine(settings.engine_database_url, 8)
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


async def settle(app: FastAPI | Settings, only: Sequence[Subscriber] | None = None) -> None:
    """Relay what is published and let every subscriber handle it, and what that publishes, until nothing is left.

    An event that a subscriber fails on fails the test.
    """
    settings = app if isinstance(app, Settings) else app.state.settings
    fed = subscribers(settings) if only is None else only
    async with worker_sessions(settings) as sessions:
        await consume.register(sessions, fed)
        while await relay_once(sessions) + sum([await consume.consume(sessions, subscriber) for subscriber in fed]):
            pass
        async with sessions() as session:
            parked = (await session.scalars(select(ParkedRow))).all()
            assert not parked, [(row.subscriber, row.name, row.error) for row in parked]
