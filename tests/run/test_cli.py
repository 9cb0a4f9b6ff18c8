"""The commands beside `serve`, each as a process against the database of this run."""

from collections.abc import Mapping
from pathlib import Path

import asyncpg
import httpx
import pytest

from distro_api.core.settings import Settings
from make.market import market
from make.product import distro, settings_env


@pytest.fixture
def env(settings: Settings) -> Mapping[str, str]:
    """The environment of a command that uses this run's database."""
    return settings_env(settings)


@pytest.mark.capability("Y11")
async def test_ledger_verify_proves_or_names_what_is_wrong(
    clean: None, owner_connection: asyncpg.Connection, env: Mapping[str, str]
) -> None:
    made = await market(owner_connection, money=5000)
    proved = distro("ledger", "verify", env=env)
    assert proved.returncode == 0, proved
    [line] = proved.stdout.splitlines()
    assert line.startswith("the books are proved: ") and "1 transfers, 2 entries" in line

    await owner_connection.execute(
        "UPDATE accounts SET posted = posted + 1 WHERE id = $1", made.account_ids[made.distributor_id]
    )
    broken = distro("ledger", "verify", env=env)
    assert broken.returncode == 1
    assert "broken: balances are the sums of their entries (1)" in broken.stdout
    assert f"id={made.account_ids[made.distributor_id]}" in broken.stdout
    assert broken.stdout.splitlines()[-1].startswith("1 broken of ")


@pytest.mark.capability("I1")
async def test_create_admin_prints_the_password_it_makes(client: httpx.AsyncClient, env: Mapping[str, str]) -> None:
    made = distro("create-admin", "--username", "Chief", env=env)
    assert made.returncode == 0, made.stderr
    sentence, _, password = made.stdout.strip().rpartition(" ")
    assert sentence == "administrator chief created; password:"
    signed_in = await client.post("/api/v1/auth/login", json={"username": "chief", "password": password})
    assert signed_in.status_code == 200
    twice = distro("create-admin", "--username", "chief", "--password", "Correct-Horse-7", env=env)
    assert twice.returncode == 1 and "(username_taken)" in twice.stderr and "Traceback" not in twice.stderr
    weak = distro("create-admin", "--username", "other", "--password", "12345678", env=env)
    assert weak.returncode == 1 and "(weak_password)" in weak.stderr


@pytest.mark.parametrize("username", ["x y", "13800138000", "ab", "名字", "a" * 33, "a\nb"])
def test_create_admin_keeps_the_rule_for_usernames(env: Mapping[str, str], username: str) -> None:
    refused = distro("create-admin", "--username", username, env=env)
    assert refused.returncode == 1 and len(refused.stderr.splitlines()) == 1
    assert refused.stderr.startswith("distro: --username: ") and "the first is a letter" in refused.stderr


def test_a_document_that_lags_behind_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    missing = distro("openapi", "--check")
    assert missing.returncode == 1 and "openapi/openapi.json" in missing.stderr
    assert distro("openapi", "--write").returncode == 0
    assert distro("openapi", "--check").returncode == 0


def test_what_a_person_can_mend_is_one_line(tmp_path: Path) -> None:
    unreachable = {
        "DISTRO_VAR": str(tmp_path),
        "DISTRO_DATABASE_URL": "postgresql://nobody:secret-word@127.0.0.1:1/none",
    }
    refused = distro("ledger", "verify", env=unreachable)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1 and refused.stderr.startswith("distro: ")
    wrong = distro("openapi", env={"DISTRO_LANES": "none"})
    assert wrong.returncode == 1 and wrong.stderr.startswith("distro: DISTRO_LANES: ")
    for nowhere in ("Nowhere", "Asia", "../etc/passwd", ""):
        wrong = distro("openapi", env={"DISTRO_TIME_ZONE": nowhere})
        assert wrong.returncode == 1 and len(wrong.stderr.splitlines()) == 1, wrong.stderr
        assert wrong.stderr.startswith("distro: DISTRO_TIME_ZONE: ")


@pytest.mark.capability("Y11")
def test_ledger_verify_does_not_prove_what_is_not_there(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    done = distro("ledger", "verify", "--var", str(nowhere), env={})
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"distro: there is no database under {nowhere}"] and not nowhere.exists()
