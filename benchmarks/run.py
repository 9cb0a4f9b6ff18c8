"""`make bench`: the programme from the command line. `make bench ARGS="--quick --only hot64"` is the quick look."""

import argparse
import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

import distro_api
from benchmarks import profiled, results, statements
from benchmarks.databases import LARGE, SMALL, Tell
from benchmarks.programme import PIECES, Plan, Programme
from benchmarks.stage import PREPARED, ROOT, Stage, scratch
from distro_api.cli import CHECKS
from distro_api.core.verify import run_checks


def main() -> None:
    given = _arguments()
    if not Path(distro_api.__file__).is_relative_to(ROOT):
        raise SystemExit(f"{distro_api.__file__} is not of this checkout: set PYTHONPATH to its src")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything started is ended
    started = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {text}", flush=True)

    with _home(given) as home, Stage(home, statements=given.statements) as stage:
        profile = _empty(home / "profile") if given.profile else None
        plan = Plan(
            pieces=frozenset(given.only),
            rounds=given.rounds,
            seconds=given.seconds,
            warm_up_s=given.warm_up,
            workers=given.workers,
            profile=profile,
        )
        programme = Programme(stage, plan, tell, statements.printer(stage) if given.statements else _nothing)
        programme.run()
        proved = True if given.quick else asyncio.run(_proved(stage, tell))
        if profile is not None:
            print(profiled.report(profile))
        print("\n" + results.table(results.medians(programme.figures)))
        checked = results.targets(programme.figures, programme.memory_mb)
        print("\n" + results.target_table([target for target in checked if target.value is not None]))
        if given.write:
            options = {"rounds": given.rounds, "seconds": given.seconds, "workers": given.workers}
            tell(f"written {results.write(programme.figures, programme.memory_mb, options, proved).relative_to(ROOT)}")
    if not proved:
        raise SystemExit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="2 short rounds on prepared databases, nothing written or proved"
    )
    parser.add_argument(
        "--only", type=_pieces, default=list(PIECES), help=f"beginnings of names, with commas: {', '.join(PIECES)}"
    )
    parser.add_argument("--rounds", type=int, help="[5; quick 2]")
    parser.add_argument("--seconds", type=float, help="length of each measurement [10; quick 3]")
    parser.add_argument("--warm-up", type=float, help="seconds of load before the first round [10; quick 2]")
    parser.add_argument("--workers", type=int, default=2, help="API processes [2]")
    parser.add_argument("--home", type=Path, help="folder for the server, kept [a temporary one; quick: var/bench]")
    parser.add_argument("--statements", action="store_true", help="print the dearest statements of each measurement")
    parser.add_argument("--profile", action="store_true", help="print where the API spends its CPU time")
    given = parser.parse_args()
    given.rounds = given.rounds or (2 if given.quick else 5)
    given.warm_up = given.warm_up or (2.0 if given.quick else 10.0)
    given.seconds = given.seconds or (3.0 if given.quick else 10.0)
    given.write = not given.quick and set(given.only) == set(PIECES)
    return given


def _pieces(text: str) -> list[str]:
    beginnings = tuple(text.split(","))
    found = [piece for piece in PIECES if piece.startswith(beginnings)]
    if not found:
        raise argparse.ArgumentTypeError(f"choose from {', '.join(PIECES)}")
    return found


@contextmanager
def _home(given: argparse.Namespace) -> Iterator[Path]:
    kept: Path | None = given.home or (PREPARED if given.quick else None)
    if kept is not None:
        yield kept.resolve()
        return
    with scratch() as home:
        yield home


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _nothing(_database: str, _orders: int) -> None:
    pass


async def _proved(stage: Stage, tell: Tell) -> bool:
    """Whether the books of what was written to hold."""
    broken = False
    admin = await asyncpg.connect(stage.url("postgres"))
    present = {row[0] for row in await admin.fetch("SELECT datname FROM pg_database")}
    await admin.close()
    for database in sorted(present & {SMALL, LARGE}):
        connection = await asyncpg.connect(stage.url(database))
        try:
            for finding in await run_checks(connection, CHECKS, "Asia/Shanghai"):
                broken = True
                tell(f"{database}: broken: {finding.name} ({finding.count}) {finding.first}")
        finally:
            await connection.close()
        tell(f"{database}: the books are {'BROKEN' if broken else 'proved'}")
    return not broken


if __name__ == "__main__":
    main()
