"""The wheel that the image installs: complete, migrations included."""

import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from distro_api.core.embedded import LocalPostgres
from make.product import distro

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def dsn(postgres: LocalPostgres) -> AsyncIterator[str]:
    """An empty database."""
    name = f"package_{uuid4().hex[:8]}"
    connection = await asyncpg.connect(postgres.url())
    await connection.execute(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Where the wheel is unpacked."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert all(name.startswith("distro_api") for name in archive.namelist())
        archive.extractall(tmp_path / "installed")
    return tmp_path / "installed"


async def test_the_wheel_migrates_by_itself(dsn: str, installed: Path, tmp_path: Path) -> None:
    ours = _names(ROOT / "migrations/versions")
    assert _names(installed / "distro_api/migrations/versions") == ours
    # roles belong to the whole server: their logins are those of this run
    urls = {
        "DISTRO_VAR": str(tmp_path / "var"),
        "DISTRO_DATABASE_URL": dsn,
        "DISTRO_APP_DATABASE_URL": dsn.replace("postgres@", "distro_app@"),
        "DISTRO_ENGINE_DATABASE_URL": dsn.replace("postgres@", "distro_engine@"),
    }
    done = distro("migrate", env={"PYTHONPATH": str(installed), **urls})
    assert (done.returncode, done.stdout) == (0, "the schema is up to date\n"), done.stderr
    connection = await asyncpg.connect(dsn)
    try:
        newest = max(name.split("_")[0] for name in ours)
        assert await connection.fetchval("SELECT version_num FROM alembic_version") == newest
    finally:
        await connection.close()


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.py")}
