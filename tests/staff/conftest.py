"""A supplier's owner, who looks after its employees."""

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from make import identity
from make.staff import Desk


@pytest.fixture
async def desk(app: FastAPI, client: httpx.AsyncClient, owner_connection: asyncpg.Connection) -> Desk:
    return Desk(app, client, owner_connection, await identity.supplier(app, "黄山景区"))


@pytest.fixture
async def other_desk(app: FastAPI, client: httpx.AsyncClient, owner_connection: asyncpg.Connection) -> Desk:
    """Of another organization."""
    return Desk(app, client, owner_connection, await identity.distributor(app, "远方旅行社"))
