"""What processes use of the machine, read from /proc."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S: int = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class CpuTime:
    """Seconds of CPU, by group of processes."""

    api: float
    database: float
    worker: float

    def since(self, before: "CpuTime") -> "CpuTime":
        """What was used between the two."""
        return CpuTime(*(getattr(self, f.name) - getattr(before, f.name) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    ticks: int


def _stats() -> dict[int, _Stat]:
    """Every process: its parent and its ticks, those of children it has waited for included."""
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                values = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            found[int(entry.name)] = _Stat(int(values[1]), sum(map(int, values[11:15])))
    return found


def _tree(root: int, stats: dict[int, _Stat]) -> Iterator[int]:
    if root in stats:
        yield root
    for pid, stat in stats.items():
        if stat.parent == root:
            yield from _tree(pid, stats)


def cpu_time(*, api: int, database: int, worker: int) -> CpuTime:
    """What the trees under these process ids have used so far."""
    stats = _stats()
    return CpuTime(
        *(sum(stats[pid].ticks for pid in _tree(root, stats)) / TICKS_PER_S for root in (api, database, worker))
    )


def memory_mb(root: int) -> list[float]:
    """Resident memory of each process under `root`, largest first."""
    sizes = []
    for pid in _tree(root, _stats()):
        try:
            status = (PROC / str(pid) / "status").read_text()
        except OSError:
            continue
        sizes += [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:")]
    return sorted(sizes, reverse=True)
