"""Kill API and database in mid-load: no acknowledged order may be lost, none doubled.

Real processes on a disk: `distro serve` with its worker and its own PostgreSQL. Sixteen clients place paid orders, each
under a key of its own; then everything gets SIGKILL. After the restart, every order that was answered with 201 must be
there, every key without an answer is sent again and must give one order, and the books must be proved.

The control does the same with `synchronous_commit = off` and `wal_writer_delay = 10s`, where an answer comes before its
order is on disk. It must lose orders: otherwise this test could not see a loss.

    python benchmarks/kill.py [--kills 10] [--load-s 2.5] [--skip-control]
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from distro_api.core.embedded import LocalPostgres
from make.product import Served, distro, processes_of, until_gone
from make.shop import ADMIN, DISTRIBUTOR, PASSWORD, Caller, Shop, open_shop, until_ready

CLIENTS = 16
UNSAFE = ("synchronous_commit = off", "wal_writer_delay = '10s'")


@dataclass
class Told:
    """What the clients know: the order of every key that was answered, and the keys that were not."""

    orders: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    """Number of the order's body by key."""
    refused: list[str] = field(default_factory=list)
    sent: int = 0


@dataclass
class Round:
    """One kill, as a line of the table."""

    first: str
    load_s: float
    acknowledged: int
    unknown: int
    restart_s: float = 0.0
    found_placed: int = 0
    lost: int = 0
    doubled: int = 0
    books: str = ""

    def line(self, number: int) -> str:
        return (
            f"{number:>4}  {self.first:<9} {self.load_s:>6.1f} {self.acknowledged:>12} {self.unknown:>9} "
            f"{self.found_placed:>13} {self.restart_s:>9.1f} {self.lost:>6} {self.doubled:>8}  {self.books}"
        )


HEADER = "kill  first     load s acknowledged no answer  placed though restart s   lost  doubled  books"


class Arena:
    """The product in a folder of its own, and what its clients were told."""

    def __init__(self, home: Path) -> None:
        self.home, self.var, self.told = home, home / "var", Told()
        self.database = LocalPostgres(self.var / "postgres")
        self.shop: Shop | None = None

    def start(self) -> None:
        self.product = Served(self.var)
        self.product.until_ready()
        self.http = httpx.AsyncClient(base_url=self.product.url, timeout=20, limits=httpx.Limits(max_connections=64))

    async def prepare(self, settings: tuple[str, ...]) -> None:
        """Open the shop; `settings` are put into the database's own configuration."""
        self.start()
        made = distro("create-admin", "--username", ADMIN, "--password", PASSWORD, "--var", str(self.var))
        if made.returncode:
            raise RuntimeError(made.stderr)
        self.shop = await open_shop(self.http)
        for setting in settings:
            await self.sql(f"ALTER SYSTEM SET {setting}")
        await self.sql("SELECT pg_reload_conf()")

    async def sql(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.database.url("distro"))
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def load(self, seconds: float) -> Round:
        """Place orders until everything has been killed."""
        before, first = len(self.told.orders), random.choice(("api", "database"))
        distributor = await Caller(self.http, DISTRIBUTOR).sign_in()
        dead = asyncio.Event()
        clients = [asyncio.create_task(self._client(distributor, dead)) for _ in range(CLIENTS)]
        await asyncio.sleep(seconds)
        self._kill(first)
        dead.set()
        await asyncio.gather(*clients)
        await self.http.aclose()
        return Round(first, seconds, len(self.told.orders) - before, len(self.told.unknown))

    async def _client(self, distributor: Caller, dead: asyncio.Event) -> None:
        assert self.shop is not None
        while not dead.is_set():
            self.told.sent += 1
            number = self.told.sent
            key = f"kill-{number}"
            self.told.unknown[key] = number
            await self._place(distributor, key, number)

    async def _place(self, distributor: Caller, key: str, number: int) -> httpx.Response | None:
        assert self.shop is not None
        try:
            answer = await distributor.send("POST", "/orders", self.shop.order(number), key=key)
        except httpx.TransportError:
            return None
        if answer.status_code == 201:
            order_id = answer.json()["id"]
            if self.told.orders.setdefault(key, order_id) != order_id:
                raise RuntimeError(f"{key} was answered with two orders")
            self.told.unknown.pop(key, None)
        elif answer.status_code < 500:
            self.told.refused.append(answer.text)
        return answer

    def _kill(self, first: str) -> None:
        """SIGKILL for every process, API or database first, with a moment between that differs each time."""
        postmaster = self.database.pid()
        database = [] if postmaster is None else [postmaster, *_children(postmaster)]
        others = [pid for pid in processes_of(self.var) if pid not in database]
        groups = [others, database] if first == "api" else [database, others]
        for group in groups:
            for pid in group:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(random.uniform(0, 0.05))
        self.product.process.wait(30)
        if left := until_gone(self.var):
            raise RuntimeError(f"still alive: {left}")

    async def judge(self, done: Round) -> None:
        """Start again, ask for what was not answered, and compare."""
        began = time.monotonic()
        self.start()
        await until_ready(self.http)
        done.restart_s = time.monotonic() - began
        placed = {str(row[0]) for row in await self.sql("SELECT id FROM orders")}
        lost = {key for key, order_id in self.told.orders.items() if order_id not in placed}
        done.lost = len(lost)
        for key in lost:
            del self.told.orders[key]
        distributor = await Caller(self.http, DISTRIBUTOR).sign_in()
        for key, number in list(self.told.unknown.items()):
            answer = await self._place(distributor, key, number)
            if answer is None or answer.status_code != 201:
                raise RuntimeError(f"{key} again: {answer and answer.text}")
            done.found_placed += answer.headers.get("Idempotency-Replayed") == "true"
        for key in random.sample(list(self.told.orders), min(20, len(self.told.orders))):
            answer = await self._place(distributor, key, int(key.removeprefix("kill-")))
            if answer is None or answer.headers.get("Idempotency-Replayed") != "true":
                raise RuntimeError(f"{key} was placed again")
        known = set(self.told.orders.values())
        done.doubled = len({str(row[0]) for row in await self.sql("SELECT id FROM orders")} - known)
        proof = await asyncio.to_thread(distro, "ledger", "verify", "--var", str(self.var), timeout_s=300)
        done.books = "proved" if proof.returncode == 0 else proof.stdout + proof.stderr
        if self.told.refused:
            raise RuntimeError(f"refused: {self.told.refused[:3]}")

    async def run(self, kills: int, load_s: float, *, until_lost: bool) -> list[Round]:
        rounds = []
        print(HEADER)
        for number in range(1, kills + 1):
            done = await self.load(random.uniform(0.5, 1.5) * load_s)
            await self.judge(done)
            rounds.append(done)
            print(done.line(number), flush=True)
            if until_lost and done.lost:
                break
        await self.http.aclose()
        self.product.stop()
        return rounds


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found


async def _campaign(kills: int, load_s: float, settings: tuple[str, ...] = ()) -> list[Round]:
    home = Path(tempfile.mkdtemp(prefix="distro-kill-"))
    arena = Arena(home)
    try:
        await arena.prepare(settings)
        return await arena.run(kills, load_s, until_lost=bool(settings))
    finally:
        for pid in processes_of(arena.var):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until_gone(arena.var)
        shutil.rmtree(home, ignore_errors=True)


def main() -> int:
    options: Any = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=10)
    options.add_argument("--load-s", type=float, default=2.5)
    options.add_argument("--skip-control", action="store_true")
    given = options.parse_args()
    rounds = asyncio.run(_campaign(given.kills, given.load_s))
    good = all(r.lost == r.doubled == 0 and r.books == "proved" for r in rounds)
    total = sum(r.acknowledged for r in rounds)
    print(f"{len(rounds)} kills, {total} acknowledged orders: {'none lost, none doubled' if good else 'FAILED'}\n")
    if not given.skip_control:
        print("control, where an answer does not wait for the disk:")
        control = asyncio.run(_campaign(given.kills, given.load_s, UNSAFE))
        seen = sum(r.lost for r in control)
        print(f"the control lost {seen} acknowledged orders" if seen else "FAILED: the control lost nothing")
        good = good and seen > 0
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
