"""Another process of the application, and what one sends to the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import event

from distro_api.app import create_app
from distro_api.core.settings import Settings

POLLS = ("FROM access_changes", "FROM revocations", "FROM parameter")


@asynccontextmanager
async def another_process(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to an application with a lifespan of its own: nothing is shared but the database."""
    made = create_app(settings)
    async with (
        made.router.lifespan_context(made),
        httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://test") as client,
    ):
        yield client


@asynccontextmanager
async def statements(app: FastAPI) -> AsyncIterator[list[str]]:
    """What the pool of requests sends to the database meanwhile, the polls left out, which have nothing to catch up on."""
    await app.state.access.refresh()
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not any(table in statement for table in POLLS):
            seen.append(statement)

    engine = app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
