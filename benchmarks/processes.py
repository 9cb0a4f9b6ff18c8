"""What processes use of the machine, read from /proc."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S: int = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class CpuTime:
    """Seconds of CPU, by group of processes."""

    api: float
    database: float
    worker: float
    api_by_process: dict[int, float]

    def since(self, before: "CpuTime") -> "CpuTime":
        """What was used between the two."""
        each = {pid: s - before.api_by_process.get(pid, 0) for pid, s in self.api_by_process.items()}
        return CpuTime(self.api - before.api, self.database - before.database, self.worker - before.worker, each)

    @property
    def busiest(self) -> float:
        """The share of the busiest API process: connections are not spread evenly by the kernel."""
        return max(self.api_by_process.values()) / max(self.api, 1 / TICKS_PER_S)


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


def cpu_time(*, api: Sequence[int], database: int, worker: int) -> CpuTime:
    """What the trees under these process ids have used so far."""
    stats = _stats()

    def each(root: int) -> dict[int, float]:
        return {pid: stats[pid].ticks / TICKS_PER_S for pid in _tree(root, stats)}

    by_process = {root: sum(each(root).values()) for root in api}
    return CpuTime(sum(by_process.values()), sum(each(database).values()), sum(each(worker).values()), by_process)


def database_cpu_ns(postmaster: int) -> int:
    """Nanoseconds of CPU that a server's processes have used so far; none of them may end in between."""
    used = 0
    for pid in _tree(postmaster, _stats()):
        used += int((PROC / str(pid) / "schedstat").read_text().split()[0])
    return used


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    status = (PROC / str(pid) / "status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:"))
