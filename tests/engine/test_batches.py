"""What only shows when commands come together: a batch is written as a whole, whatever its size."""

import asyncpg
import pytest

from distro_api.core.settings import Settings
from distro_api.orders.service.batch import execute
from distro_api.orders.service.source import RandomSource
from make.engine import assert_clean, counted
from make.market import market


@pytest.mark.parametrize("size", [1, 4, 7, 8, 30])
async def test_a_batch_of_any_size_is_written_at_once(
    settings: Settings, clean: None, owner_connection: asyncpg.Connection, size: int
) -> None:
    """Some tables get few rows, others many of the same batch, and rows refer to each other."""
    m = await market(owner_connection)
    commands = [m.place(m.line()) for _ in range(size)]
    async with owner_connection.transaction():
        outcomes = await execute(RandomSource(settings.time_zone), settings.time_zone, owner_connection, commands)
    assert counted(outcomes) == {"201": size}
    await assert_clean(owner_connection)
