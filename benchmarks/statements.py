"""For `--statements`: what the database spent its time on, by pg_stat_statements."""

import asyncio
import re
from collections.abc import Callable

import asyncpg

from benchmarks.stage import Stage

ROWS = 25
WIDTH = 150
DEAREST = """
SELECT calls, total_exec_time, total_plan_time, rows, wal_bytes, shared_blks_hit + shared_blks_read, query
FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1 AND calls > 0
ORDER BY total_exec_time + total_plan_time DESC LIMIT $2
"""


def printer(stage: Stage) -> Callable[[str, int], None]:
    """Prints, after each measurement, the dearest statements of the database since the one before; of no orders: forgets."""

    def after(database: str, orders: int) -> None:
        asyncio.run(_print(stage.url(database), database, orders))

    return after


async def _print(dsn: str, database: str, orders: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        rows = await connection.fetch(DEAREST, database, ROWS if orders else 0)
        await connection.execute("SELECT pg_stat_statements_reset()")
    finally:
        await connection.close()
    if rows:
        print(" µs/order    calls  ms each planning   rows  WAL kB  blocks  statement")
    for calls, ran, planned, found, wal, blocks, query in rows:
        each = (ran + planned) / calls
        print(
            f"{1000 * (ran + planned) / orders:9.1f} {calls:8} {each:8.3f} {planned / calls:8.3f} "
            f"{found / calls:6.0f} {float(wal) / calls / 1024:7.1f} {blocks / calls:7.0f}  {_short(query)}"
        )


def _short(query: str) -> str:
    return re.sub(r"\s+", " ", query)[:WIDTH]
