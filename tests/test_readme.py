"""What the README says is so: its commands run and print what they are said to print, its tables are complete."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from distro_api.core.settings import Settings
from distro_api.identity.service.demo import DEMO_ACCOUNTS
from make.product import distro, environment, served

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
RUN = re.compile(r"<!-- run -->\n```bash\n(.*?)```", re.DOTALL)
SAID = re.compile(r"# → (.+)$", re.MULTILINE)


@pytest.mark.capability(
    "R1",
    "R3",
    "Y1",
    "Y2",
    "P1",
    "N1",
    "N5",
    "G2",
    "G3",
    "G5",
    "O1",
    "O2",
    "O8",
    "Y3",
    "O14",
    "O6",
    "Y6",
    "Y4",
    "V1",
    "V2",
)
@pytest.mark.timeout(300)
def test_the_whole_job_in_curl(tmp_path: Path) -> None:
    script = "set -euo pipefail\n" + "\n".join(RUN.findall(README))
    said = SAID.findall(script)
    assert len(said) > 30
    var = tmp_path / "var"
    command = tmp_path / "distro"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m distro_api.cli "$@"\n')
    command.chmod(0o755)
    with served(var) as product:
        made = distro("create-admin", "--username", "admin", "--password", DEMO_ACCOUNTS["admin"], "--var", str(var))
        assert made.returncode == 0, made.stderr
        given = {
            "API": f"{product.url}/api/v1",
            "VAR": str(var),
            "DISTRO": str(command),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # past shims that are slower than the calls
        }
        done = subprocess.run(
            ["bash", "-c", script],
            env=environment({}) | given,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        assert product.stop() == 0
    printed = done.stdout.splitlines()
    for line, expected in zip(printed, said, strict=True):
        assert re.fullmatch(".*".join(map(re.escape, expected.split("…"))), line), f"{line!r} is not {expected!r}"


def test_every_setting_is_in_the_table() -> None:
    table = README.split("<!-- settings -->\n")[1].split("<!-- /settings -->")[0]
    assert table == settings_table(), f"put this there:\n{settings_table()}"


def settings_table() -> str:
    """Name, default and meaning of each setting, from the code."""
    lines = ["| variable | default | what |", "|---|---|---|"]
    for name, setting in Settings.model_fields.items():
        assert setting.description, name
        default = (
            ""
            if setting.default is None
            else f"`{str(setting.default).lower() if setting.annotation is bool else setting.default}`"
        )
        lines.append(f"| `DISTRO_{name.upper()}` | {default} | {setting.description} |")
    return "\n".join(lines) + "\n"


def test_every_variable_that_is_read_is_told() -> None:
    files = [*(ROOT / "src").rglob("*.py"), ROOT / "Makefile", ROOT / "compose.yaml", ROOT / "Dockerfile"]
    internal = {"DISTRO_SUPERVISOR_PID"}
    read = {name for file in files for name in re.findall(r"\bDISTRO_[A-Z_]*[A-Z]\b", file.read_text())}
    assert len(read) > 10
    assert {name for name in read - internal if name not in README} == set()


def test_the_demo_accounts_are_listed() -> None:
    for username, password in DEMO_ACCOUNTS.items():
        assert f"| `{username}` | `{password}` |" in README


def test_the_targets_and_files_it_names_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"`?\bmake ([a-z-]+)", README)) - {"sure"}
    assert {"run", "test", "check", "bench", "kill", "browser"} <= targets
    assert {target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()
    assert [link for link in re.findall(r"\]\(([a-z/.]+)\)", README) if not (ROOT / link).exists()] == []


def test_every_room_stands_on_its_floor_in_the_picture() -> None:
    floors = README.split("```\ncli | demo\n")[1].split("```")[0]
    rooms = {path.parent.name for path in (ROOT / "src/distro_api").glob("*/__init__.py")} - {"demo"}
    assert {room for room in rooms if not re.search(rf"^(.*\| )?{room}\b", floors, re.MULTILINE)} == set()
