"""The worker's part, done by hand at a moment the test chooses."""

import json
from typing import Any

import asyncpg
from fastapi import FastAPI

from distro_api.core.outbox import Subscriber
from distro_api.jobs import service as jobs
from distro_api.notifications import service as notifications
from distro_api.worker import long_work
from make.worker import settle, worker_sessions


async def deliver_messages(app: FastAPI, owner_connection: asyncpg.Connection) -> list[dict[str, Any]]:
    """Deliver what waits; the lines that were written for it."""
    settings = app.state.settings
    [(name, deliver)] = notifications.entrypoints(settings, app.state.database.sessions).items()
    file = settings.var / notifications.FILE_NAME
    before = len(file.read_text().splitlines()) if file.exists() else 0
    taken = await owner_connection.fetch(
        "DELETE FROM jobs.pgqueuer WHERE entrypoint = $1 RETURNING id, convert_from(payload, 'UTF8')", name
    )
    for _, payload in sorted(taken):
        await deliver(json.loads(payload))
    lines = file.read_text().splitlines() if file.exists() else []
    return [json.loads(line) for line in lines[before:]]


async def work_off(app: FastAPI, *subscribers: Subscriber) -> None:
    """Relay what is published and let these subscribers handle it, as the worker does."""
    await settle(app, subscribers)


async def do_long_work(app: FastAPI, owner_connection: asyncpg.Connection) -> int:
    """Do the long work that waits, in the order in which it was asked for, as a worker does; how many jobs."""
    done = 0
    async with worker_sessions(app.state.settings) as sessions:
        [(name, handler)] = jobs.entrypoint(sessions, long_work(app.state.storage)).items()
        while taken := await owner_connection.fetch(
            "DELETE FROM jobs.pgqueuer WHERE entrypoint = $1 RETURNING id, convert_from(payload, 'UTF8')", name
        ):
            for _, payload in sorted(taken):
                await handler(json.loads(payload))
                done += 1
    return done
