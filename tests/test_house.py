"""Rules of the house that no linter knows."""

import ast
import tomllib
from pathlib import Path

from distro_api.core.errors import RESERVED

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "distro_api"


def test_every_room_keeps_its_doors_in_order() -> None:
    """A new room must be named in the import contract, or nobody checks it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [doors] = [contract for contract in contracts if contract["id"] == "doors"]
    rooms = {path.parent.name for path in SOURCES.glob("*/__init__.py")} - {"core", "demo", "openapi"}
    assert {name.removeprefix("distro_api.") for name in doors["containers"]} == rooms


def test_only_core_commits() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES.rglob("*.py")
        if path.parent.name != "core"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert found == []


def test_no_file_is_a_drawer_for_everything() -> None:
    assert not [path for path in SOURCES.rglob("*.py") if path.stem in ("utils", "helpers", "constants", "common")]


def test_no_refusal_hides_a_member_of_the_problem() -> None:
    """`raise SomeConflict(status=...)` would be an internal error at the moment it is raised."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
        if RESERVED & {keyword.arg for keyword in node.exc.keywords}
    ]
    assert found == []


def test_secrets_are_checked_as_texts_are() -> None:
    """`SecretStr` takes half a character and fails where it is hashed: inputs use `core.schemas.Secret`."""
    found = [
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        if "SecretStr" in path.read_text() and path.parts[-2:] not in (("core", "schemas.py"), ("core", "settings.py"))
    ]
    assert found == []
