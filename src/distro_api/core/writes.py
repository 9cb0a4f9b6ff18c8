"""All that a transaction writes, as one statement: one round trip, however many tables it touches.

A lane holds rows that others wait for, and every round trip while it does costs both sides more than the rows in it.
Rows travel as one array per column. References between the parts are checked at the statement's end, so that their
order does not matter; no row may be in two parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from distro_api.core.db import Connection

Columns = tuple[tuple[str, str], ...]
"""(name, SQL type) pairs."""
Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Part:
    """One INSERT or UPDATE; `{rows}` in its text is a table `w` of the given columns, `{values}` are those columns."""

    text: str
    columns: Columns


class Writes:
    """Collects inserts and updates of several rooms; `run` writes them."""

    def __init__(self) -> None:
        self._parts: list[tuple[_Part, Rows]] = []
        self._maybe: set[int] = set()

    def insert(self, table: str, columns: Columns, rows: Rows, conflict: str = "") -> None:
        """Add new rows; `conflict` is an ON CONFLICT clause for rows that another process may have written."""
        if not rows:
            return
        if conflict:
            self._maybe.add(len(self._parts))
        self._parts.append((_insertion(table, columns, conflict), rows))

    def update(
        self, table: str, columns: Columns, rows: Rows, change: str, *, key: int = 1, proof: str = "true"
    ) -> None:
        """Change rows that the transaction has locked: `t` is the table's row, `w` the given one.

        Args:
            columns: of `w`; the first `key` of them name the row.
            change: the SET clause.
            proof: what must be true of the changed row; anything else is our bug and fails the transaction.
        """
        if rows:
            self._parts.append((_change(table, columns, change, key, proof), rows))

    async def run(self, connection: Connection) -> bool:
        """Write everything; whether every row with a conflict clause was new.

        Raises:
            AssertionError: a changed row is missing, or is not what was decided.
        """
        if not self._parts:
            return True
        sql = _statement(tuple(part for part, _ in self._parts))
        arrays = (list(array) for _, rows in self._parts for array in zip(*rows, strict=True))
        written = (await connection.fetch(sql, *arrays))[0]
        complete = True
        for number, (part, rows) in enumerate(self._parts):
            if written[number] == len(rows):
                continue
            assert number in self._maybe, f"{len(rows) - written[number]} rows not as decided: {part.text[:60]}"
            complete = False
        return complete


async def insert_many(connection: Connection, table: str, columns: Columns, rows: Rows, conflict: str = "") -> bool:
    """Insert `rows` into one table; whether every row was new."""
    writes = Writes()
    writes.insert(table, columns, rows, conflict)
    return await writes.run(connection)


@lru_cache(maxsize=256)
def _insertion(table: str, columns: Columns, conflict: str) -> _Part:
    names = ", ".join(name for name, _ in columns)
    text = f"INSERT INTO {table} ({names}) SELECT {{values}} FROM {{rows}} {conflict} RETURNING true AS proved"
    return _Part(text, columns)


@lru_cache(maxsize=256)
def _change(table: str, columns: Columns, change: str, key: int, proof: str) -> _Part:
    same = " AND ".join(f"t.{name} = w.{name}" for name, _ in columns[:key])
    text = f"UPDATE {table} t SET {change} FROM {{rows}} WHERE {same} RETURNING {proof} AS proved"
    return _Part(text, columns)


@lru_cache(maxsize=256)
def _statement(parts: tuple[_Part, ...]) -> str:
    named, first = [], 1
    for number, part in enumerate(parts):
        # JSON travels as text: what a connection does with jsonb depends on who opened it
        kinds = ["text" if kind == "jsonb" else kind for _, kind in part.columns]
        arrays = ", ".join(f"${i}::{kind}[]" for i, kind in enumerate(kinds, first))
        first += len(kinds)
        names = ", ".join(name for name, _ in part.columns)
        values = ", ".join(f"w.{name}::jsonb" if kind == "jsonb" else f"w.{name}" for name, kind in part.columns)
        text = part.text.format(rows=f"unnest({arrays}) AS w({names})", values=values)
        named.append(f"p{number} AS ({text})")
    counts = ", ".join(f"(SELECT count(*) FROM p{number} WHERE proved)" for number in range(len(parts)))
    return f"WITH {', '.join(named)} SELECT {counts}"
