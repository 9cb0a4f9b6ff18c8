"""Load on the stage: wrk against the API, pgbench and a one-row insert against the same server."""

import json
import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from uuid import UUID

import asyncpg
import uvloop

from benchmarks.stage import Stage
from distro_api.core import clock
from distro_api.core.embedded import bin_dir

LUA = Path(__file__).parent / "lua"
THREADS = 2
TIMEOUT = "10s"
SLACK_S = 30.0
INSERT = "INSERT INTO bench_rows (id, at, note) VALUES ($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw. `refused` answers were not 2xx; `failed` requests had no answer."""

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    refused: int
    failed: int
    client_cpu_s: float
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def per_s(self) -> float:
        """Successful answers a second."""
        return (self.requests - self.refused) / self.seconds


def wrk(script: str, address: str, data: Path, *, clients: int, seconds: float) -> Load:
    """Run `script` with that many connections for that long.

    Raises:
        SystemExit: wrk is missing or failed.
    """
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    threads, length = str(min(THREADS, clients)), f"{max(1, round(seconds))}s"
    argv = ["wrk", "-t", threads, "-c", str(clients), "-d", length, "--timeout", TIMEOUT, "--latency"]
    environment = {**os.environ, "BENCH_DATA": str(data), "BENCH_LUA": str(LUA)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*argv, "-s", str(LUA / f"{script}.lua"), address],
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds + SLACK_S,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"^BENCH (.*)$", done.stdout, re.MULTILINE)
    if found is None:
        raise SystemExit(f"wrk failed: {done.stdout[-500:]}{done.stderr[-1000:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    load = Load(**json.loads(found[1]), client_cpu_s=used)
    if load.refused or load.failed:
        print(f"  ! {script}: {load.refused} refused, {load.failed} failed {done.stderr[:500]}")
    return load


def pgbench(stage: Stage, database: str, *, clients: int, seconds: float) -> float:
    """Transactions a second of the tpcb-like script."""
    where = ["-h", str(stage.server.socket_dir), "-U", "postgres"]
    how = ["-M", "prepared", "-j", "2", "-c", str(clients), "-T", str(max(1, round(seconds)))]
    done = subprocess.run(
        [bin_dir() / "pgbench", *where, *how, database],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + SLACK_S,
    )
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    return float(found[1])


def insert_p50_ms(dsn: str, seconds: float) -> float:
    """The median time of inserting one row through asyncpg, one after the other."""
    return uvloop.run(_insert(dsn, seconds))


async def _insert(dsn: str, seconds: float) -> float:
    connection = await asyncpg.connect(dsn)
    taken: list[float] = []
    try:
        end = time.perf_counter() + seconds
        while (begin := time.perf_counter()) < end:
            await connection.execute(INSERT, clock.new_id(), clock.now(), "one row")
            taken.append(time.perf_counter() - begin)
    finally:
        await connection.close()
    return median(taken[len(taken) // 10 :]) * 1000


@dataclass(frozen=True, slots=True)
class Buyer:
    organization_id: UUID
    token: str
    supplier: int


@dataclass(frozen=True, slots=True)
class Seller:
    """`offers`: (SKU, date) pairs."""

    organization_id: UUID
    token: str
    offers: Sequence[tuple[UUID, str]]


def write_market(file: Path, run: str, seed: int, buyers: Sequence[Buyer], sellers: Sequence[Seller]) -> None:
    """The Lua table of `place` and `mix`; sellers are named by their place in the list."""
    lines = [f"local d = {{run = {_quoted(run)}, seed = {seed}, buyers = {{}}, suppliers = {{}}, token_of = {{}}}}"]
    for seller in sellers:
        offers = ", ".join(_quoted(f'{sku}","quantity":1,"date":"{day}"') for sku, day in seller.offers)
        lines.append(f"table.insert(d.suppliers, {{offers = {{{offers}}}}})")
    lines += [
        f"table.insert(d.buyers, {{token = {_quoted(buyer.token)}, supplier = {buyer.supplier + 1}}})"
        for buyer in buyers
    ]
    tokens = [(one.organization_id, one.token) for one in buyers] + [
        (one.organization_id, one.token) for one in sellers
    ]
    lines += [f"d.token_of[{_quoted(str(organization_id))}] = {_quoted(token)}" for organization_id, token in tokens]
    file.write_text("\n".join([*lines, "return d\n"]))


def write_requests(file: Path, requests: Sequence[tuple[str, str, str, str]]) -> None:
    """The Lua table of `replay`: (method, path, token, body)."""
    lines = ['local d = {run = "", seed = 1, requests = {}}']
    for method, path, token, body in requests:
        size = len(body.encode())
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n" if body else "\r\n"
        lines.append(f"table.insert(d.requests, {_quoted(head + body)})")
    file.write_text("\n".join([*lines, "return d\n"]))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # for what we write, a string of Lua is one of JSON
