"""Nothing personal and nothing secret reaches a log."""

import json
import subprocess
import sys

import pytest

from distro_api.core.logs import masked


@pytest.mark.parametrize(
    "text, shown",
    [
        ("call 13800138000 or +8613800138000", "call <phone> or <phone>"),
        ("id 11010519491231002X", "id <identity number>"),
        ("DETAIL:  Key (phone)=(+8613800138000) already exists.", "DETAIL: …"),
        ("[SQL: INSERT]\n[parameters: ('王小明', 'x')]", "[SQL: INSERT]\n[parameters: …]"),
        (
            "invalid input for query argument $2: '\\ud800 王小明' ('utf-8' codec can't encode)\n[SQL: SELECT]",
            "invalid input for query argument $2: …\n[SQL: SELECT]",
        ),
        ('invalid input syntax for type uuid: "王小明"', "invalid input syntax for type uuid: …"),
        ("Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1", "Bearer <token>"),
        ("postgresql://distro_app:hunter2@db/distro", "postgresql://distro_app:…@db/distro"),
        (
            "order 01a20029-cdab-740e-9e60-c73806311671 of 13000 fen",
            "order 01a20029-cdab-740e-9e60-c73806311671 of 13000 fen",
        ),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_every_line_is_json_tracebacks_included() -> None:
    program = """
import logging, structlog
from distro_api.core import logs
logs.configure("info")
password = "hunter2-local"
structlog.get_logger().info("placed", order="o-1", phone="13800138000")
structlog.get_logger().debug("not shown")
try:
    raise ValueError("phone 13800138000")
except ValueError:
    logging.getLogger("a.package").exception("it failed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    first, second = (json.loads(line) for line in done.stderr.splitlines())
    assert (first["event"], first["level"], first["order"], first["phone"]) == ("placed", "info", "o-1", "<phone>")
    assert second["logger"] == "a.package" and "ValueError: phone <phone>" in second["exception"]
    assert "hunter2" not in done.stderr and "13800138000" not in done.stderr
