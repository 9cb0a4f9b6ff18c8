"""Proofs by SQL: a check is a query for rows that must not exist."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from distro_api.core.db import Connection

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` selects what breaks the rule; no row means that it holds."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule, how often, and the first cases."""

    name: str
    count: int
    first: tuple[dict[str, Any], ...]


async def run_checks(connection: Connection, checks: Iterable[Check], time_zone: str) -> list[Finding]:
    """The broken rules; days are those of `time_zone`."""
    findings = []
    await connection.execute("SELECT set_config('TimeZone', $1, false)", time_zone)
    for check in checks:
        rows = await connection.fetch(f"SELECT f.*, count(*) OVER () AS found FROM ({check.sql}) f LIMIT {SHOWN}")
        if rows:
            first = tuple({key: value for key, value in row.items() if key != "found"} for row in rows)
            findings.append(Finding(check.name, rows[0]["found"], first))
    return findings
