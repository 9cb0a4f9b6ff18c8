"""Which part of a process is not well is told by `/health/ready`, and what a request meets then is a 503."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.app import create_app
from distro_api.core import db, health, lanes
from distro_api.core.settings import Settings
from make.silence import wire_to
from make.store import OpenStore


async def test_a_month_without_leaf_is_named(client: httpx.AsyncClient, owner_connection: asyncpg.Connection) -> None:
    assert (await client.get("/health/ready")).json() == {"status": "ready"}
    coming = (datetime.now(UTC).replace(day=1) + timedelta(days=32)).replace(day=1)
    after = (coming + timedelta(days=32)).replace(day=1)
    leaf = f"events_{coming:%Y%m}"
    await owner_connection.execute(f"ALTER TABLE events DETACH PARTITION {leaf}")
    try:
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json() == {"status": "unavailable", "partitions": f"missing: {leaf}"}
    finally:
        await owner_connection.execute(
            f"ALTER TABLE events ATTACH PARTITION {leaf} FOR VALUES "
            f"FROM ('{coming:%Y-%m-%d} 00:00+00') TO ('{after:%Y-%m-%d} 00:00+00')"
        )
    assert (await client.get("/health/ready")).json() == {"status": "ready"}


async def test_a_lane_that_hangs_is_named(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.lanes, "troubles", lambda: ["lane 1 has been at one batch for 12 s"])
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "lanes": "lane 1 has been at one batch for 12 s"}


async def test_a_silent_database_is_named_and_left(
    settings: Settings, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process recovers by itself: requests are refused soon, and served again when the database speaks."""
    monkeypatch.setattr(db, "COMMAND_TIMEOUT_S", 0.5)
    monkeypatch.setattr(db, "CONNECT_TIMEOUT_S", 0.5)
    monkeypatch.setattr(health, "ANSWER_WITHIN_S", 1)
    monkeypatch.setattr(lanes, "COMMAND_TIMEOUT_S", 0.5)
    assert settings.app_database_url is not None and settings.engine_database_url is not None
    async with wire_to(settings.app_database_url) as wire:
        through = {
            "app_database_url": wire.dsn(settings.app_database_url),
            "engine_database_url": wire.dsn(settings.engine_database_url),
        }
        made = create_app(settings.model_copy(update=through))
        transport = httpx.ASGITransport(made, raise_app_exceptions=False)
        async with (
            made.router.lifespan_context(made),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            login = {"username": "nobody", "password": "Wrong-Horse-7"}
            assert (await client.get("/health/ready")).status_code == 200
            assert (await client.post("/api/v1/auth/login", json=login)).status_code == 401
            wire.silent = True
            answer = await asyncio.wait_for(client.get("/health/ready"), 10)
            assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "database": "TimeoutError"})
            refused = await asyncio.wait_for(client.post("/api/v1/auth/login", json=login), 20)
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            wire.silent = False
            assert (await client.post("/api/v1/auth/login", json=login)).status_code == 401
            assert (await client.get("/health/ready")).json() == {"status": "ready"}


async def test_what_the_driver_itself_meets_is_no_bug(opens: OpenStore, owner_connection: asyncpg.Connection) -> None:
    """Approving a recharge locks the account below SQLAlchemy."""
    store = await opens(money=0)
    asked = await store.distributor.post(f"/accounts/{store.account_id}/recharges", {"amount": 5, "method": "offline"})
    approve = f"/recharges/{asked['id']}/approve"
    async with owner_connection.transaction():
        await owner_connection.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", UUID(store.account_id))
        await store.supplier.refused(503, "overloaded", "POST", approve)
    await store.supplier.post(approve)
    assert await store.money() == (5, 0, 5)
