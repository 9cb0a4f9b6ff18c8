"""Another process of the application, and what one sends to the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import event

from distro_api.app import create_app
from distro_api.core.settings import Settings


@asynccontextmanager
async def another_process(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to an application with a lifespan of its own: nothing is shared but the database."""
    made = create_app(settings)
    async with (
        made.router.lifespan_context(made),
        httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://test") as client,
    ):
        yield client


_COUNTED: ContextVar[list[str] | None] = ContextVar("_COUNTED", default=None)


@asynccontextmanager
async def statements(app: FastAPI) -> AsyncIterator[list[str]]:
    """What this task sends to the database meanwhile by the pool of requests; what polls beside it is not its own."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if _COUNTED.get() is seen:
            seen.append(statement)

    engine = app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    token = _COUNTED.set(seen)
    try:
        yield seen
    finally:
        _COUNTED.reset(token)
        event.remove(engine, "before_cursor_execute", note)
