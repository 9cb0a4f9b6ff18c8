"""What something costs a request: the product with and without it, in turns, on one database of one server.

python -m benchmarks.cost audit [--rounds 8] [--seconds 4] [--home folder]

Both stand ready all the time and are asked alternately, the order changing with each round, so that what else the machine
does falls on both alike. What is compared is CPU time an answer, of API and database, which waiting does not change.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import asyncpg

from benchmarks import stage as stages
from benchmarks.databases import Databases
from benchmarks.programme import Plan, Programme
from benchmarks.stage import Product, Stage, scratch

PIECES = {"audit": ("hot64", "spread64")}
WITHOUT = [sys.executable, "-m", "benchmarks.without"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("what", choices=PIECES)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--home", type=Path, help="folder for the server, kept [a temporary one]")
    given = parser.parse_args()
    with _home(given.home) as home, Stage(home) as stage:
        Cost(stage, given.what, given.rounds, given.seconds).run()


class Cost:
    """Runs the turns and prints what each piece costs."""

    def __init__(self, stage: Stage, what: str, rounds: int, seconds: float) -> None:
        self._stage, self._what, self._rounds = stage, what, rounds
        plan = Plan(
            pieces=frozenset(PIECES[what]), rounds=rounds, seconds=seconds, warm_up_s=2, workers=2, profile=None
        )
        self._programme = Programme(stage, plan, _tell, lambda _database, _orders: None)

    def run(self) -> None:
        database = Databases(self._stage, _tell).small()
        with (
            self._stage.serve(database, workers=2) as product,
            _without(self._what),
            self._stage.serve(database, workers=2) as bare,
        ):
            both = {"with": product, "without": bare}
            for number in range(self._rounds + 1):  # the first warms up
                for piece in PIECES[self._what]:
                    for name in sorted(both, reverse=bool(number % 2)):
                        self._turn(both[name], piece, number, name)
        self._print()

    def _turn(self, product: Product, piece: str, number: int, name: str) -> None:
        rows = asyncio.run(_audit_rows(self._stage.url(product.database)))
        self._programme.measure(product, piece, number, label=f"{piece} {name}")
        added = asyncio.run(_audit_rows(self._stage.url(product.database))) - rows
        assert not number or (added > 0) == (name == "with" or self._what != "audit"), "the switch does not switch"

    def _print(self) -> None:
        cpu: dict[str, dict[int, float]] = {}
        for figure in self._programme.figures:
            cpu.setdefault(figure.piece, {})[figure.round] = figure.cpu_ms["api"] + figure.cpu_ms["database"]
        for piece in PIECES[self._what]:
            there, bare = cpu[f"{piece} with"], cpu[f"{piece} without"]
            ratios = sorted(there[n] / bare[n] for n in bare if n)
            print(
                f"{piece}: {median(there[n] for n in there if n):.3f} ms of CPU with {self._what}, "
                f"{median(bare[n] for n in bare if n):.3f} without; by round "
                f"{', '.join(f'{100 * (r - 1):+.1f}' for r in ratios)} %, median {100 * (median(ratios) - 1):+.1f} %"
            )


async def _audit_rows(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM audit_log"))
    finally:
        await connection.close()


@contextmanager
def _without(what: str) -> Iterator[None]:
    """What is served inside runs without it."""
    usual = stages.WEB
    os.environ["BENCH_WITHOUT"], stages.WEB = what, WITHOUT
    try:
        yield
    finally:
        stages.WEB = usual


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given.resolve()
        return
    with scratch() as home:
        yield home


_STARTED = time.monotonic()


def _tell(text: str) -> None:
    print(f"{time.monotonic() - _STARTED:6.1f} s  {text}", flush=True)


if __name__ == "__main__":
    main()
