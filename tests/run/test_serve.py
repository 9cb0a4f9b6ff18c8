"""`distro serve` in real processes: what it starts, what it leaves, and what survives."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from distro_api.core.embedded import LocalPostgres
from make.product import Served, distro, environment_of, processes_of, served, until_gone

PASSWORD = "Correct-Horse-7"


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the tests of this file, in their order: the first start is the slow one."""
    return tmp_path_factory.mktemp("served") / "var"


@pytest.fixture
def running(var: Path) -> Iterator[Served]:
    with served(var, "--workers", "2") as product:
        yield product


def test_the_first_start_makes_everything_and_sigterm_leaves_nothing(var: Path, running: Served) -> None:
    assert httpx.get(f"{running.url}/health/ready").json() == {"status": "ready"}
    assert f"{running.url}/docs" in running.said()
    assert (var / "postgres" / "data" / "PG_VERSION").exists()
    assert len(running.pids("distro_api.cli web")) == 2 and len(running.pids("distro_api.cli worker")) == 1
    made = distro("create-admin", "--username", "root", "--password", PASSWORD, "--var", str(var))
    assert (made.returncode, made.stdout) == (0, "administrator root created\n"), made.stderr
    assert running.sign_in("root", PASSWORD).status_code == 200
    proof = distro("ledger", "verify", "--var", str(var))
    assert proof.returncode == 0 and proof.stdout.startswith("the books are proved: "), proof

    same_folder = distro("serve", "--var", str(var), "--port", "1")
    assert same_folder.returncode == 1
    assert f"{var} is in use by distro serve (process {running.process.pid})" in same_folder.stderr
    same_port = distro("serve", "--var", str(var.parent / "other"), "--port", str(running.port))
    assert same_port.returncode == 1 and f"cannot listen on 127.0.0.1:{running.port}" in same_port.stderr
    assert not (var.parent / "other" / "postgres").exists(), "nothing is started when the port is taken"

    assert running.stop(signal.SIGTERM) == 0
    assert until_gone(var, within_s=0) == {}
    assert not (var / "postgres" / "data" / "postmaster.pid").exists()


def test_the_second_start_takes_seconds_and_brings_back_what_dies(var: Path) -> None:
    before = time.monotonic()
    with served(var) as running:
        assert time.monotonic() - before < 30  # three on an idle machine; others may be using it
        assert running.sign_in("root", PASSWORD).status_code == 200
        [web] = running.pids("distro_api.cli web")
        postgres = int((var / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(web, signal.SIGKILL)
        os.kill(postgres, signal.SIGKILL)
        answer = httpx.get(f"{running.url}/health/live", timeout=30)  # waits in the socket that the supervisor holds
        assert answer.status_code == 200
        assert running.pids("distro_api.cli web") != [web]
        until = time.monotonic() + 15
        while httpx.get(f"{running.url}/health/ready").status_code != 200 and time.monotonic() < until:
            time.sleep(0.1)
        assert running.sign_in("root", PASSWORD).status_code == 200
        running.process.kill()
        assert until_gone(var) == {}, "nobody outlives the supervisor"


def test_after_a_power_cut_the_next_start_recovers(var: Path) -> None:
    with served(var) as running:
        assert running.sign_in("root", PASSWORD).status_code == 200
        running.kill_everything()
        assert until_gone(var) == {}
        assert (var / "postgres" / "data" / "postmaster.pid").exists()
    with served(var) as running:
        assert running.sign_in("root", PASSWORD).status_code == 200
        assert running.stop(signal.SIGINT) == 0
        assert until_gone(var, within_s=0) == {}


async def test_a_named_server_is_used_and_published_passwords_sign_in_on_loopback_only(
    postgres: LocalPostgres, tmp_path: Path
) -> None:
    name = f"served_{uuid4().hex[:8]}"
    await _execute(postgres.url(), f"CREATE DATABASE {name}")
    # roles belong to the whole server and have the passwords of this session's key; the socket asks for none
    env = {
        "DISTRO_DATABASE_URL": postgres.url(name),
        "DISTRO_APP_DATABASE_URL": postgres.url(name, "distro_app"),
        "DISTRO_ENGINE_DATABASE_URL": postgres.url(name, "distro_engine"),
    }
    var = tmp_path / "var"
    for host, status in (("127.0.0.1", 200), ("0.0.0.0", 401)):
        with served(var, "--no-worker", env=env, host=host) as running:
            if host == "127.0.0.1":
                given = ("--username", "admin", "--password", "Admin-Demo-2026")
                made = distro("create-admin", *given, "--var", str(var), env=env)
                assert made.returncode == 0, made.stderr
            assert running.sign_in("admin", "Admin-Demo-2026").status_code == status
            assert running.pids("distro_api.cli worker") == []
            [web] = running.pids("distro_api.cli web")
            assert f"DISTRO_DATABASE_URL=postgresql:///{name}?" in environment_of(web), "the owner's login stays here"
            assert running.stop() == 0
    assert not (var / "postgres").exists()
    assert processes_of(var) == {}
    assert await _execute(postgres.url(name), "SELECT FROM users") == "SELECT 1"
    await _execute(postgres.url(), f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(dsn: str, sql: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        status: str = await connection.execute(sql)
        return status
    finally:
        await connection.close()
