"""Run the migrations from code: the same for the command line, the tests and the benchmarks."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config


def scripts() -> Path:
    """The folder of the migrations: inside the installed package, else at the top of the checkout."""
    package = Path(__file__).parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parents[1] / "migrations"


def config(dsn: str) -> Config:
    """Alembic's configuration for one database."""
    made = Config()
    made.set_main_option("script_location", str(scripts()))
    made.attributes["dsn"] = dsn
    return made


async def upgrade(dsn: str, revision: str = "head") -> None:
    await asyncio.to_thread(command.upgrade, config(dsn), revision)


async def downgrade(dsn: str, revision: str) -> None:
    await asyncio.to_thread(command.downgrade, config(dsn), revision)
