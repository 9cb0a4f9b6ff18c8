"""Lanes without HTTP: the heart alone, on real connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from distro_api.core.lanes import Lanes
from distro_api.core.settings import Settings
from distro_api.orders.service.batch import executor
from distro_api.orders.service.source import RandomSource
from make.engine import OpenLanes, OrderLanes


@pytest.fixture
def open_lanes(settings: Settings, clean: None) -> OpenLanes:
    """Opens the lanes of one process; open it several times for several processes."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[OrderLanes]:
        assert settings.engine_database_url is not None
        async with Lanes(
            settings.engine_database_url, executor(RandomSource(settings.time_zone), settings.time_zone)
        ) as lanes:
            yield lanes

    return opened


@pytest.fixture
async def lanes(open_lanes: OpenLanes) -> AsyncIterator[OrderLanes]:
    async with open_lanes() as made:
        yield made
