"""The product as it runs in earnest: a durable server, API processes, a worker. Nothing of it outlives the block.

The server lies on a real disk and flushes each commit; nothing but the connection limit differs from the embedded
default, because 64 clients of pgbench come on top of the product's own connections.
"""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import CpuTime, cpu_time, memory_mb
from distro_api.core import provision, supervise
from distro_api.core.embedded import DURABLE, LocalPostgres
from distro_api.core.serve import BACKLOG, COMMAND

ROOT = Path(__file__).parents[1]
PREPARED = ROOT / "var" / "bench"
SECRET = "the root key of the benchmarks, known to everybody"  # noqa: S105
SETTINGS = {**DURABLE, "max_connections": "200"}
STATEMENTS = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_planning": "on"}
WEB = [*COMMAND, "web"]
PROFILED = [sys.executable, "-m", "benchmarks.profiled"]
IN_MEMORY = ("tmpfs", "ramfs")
START_S = 60.0
COMPLAINTS = 5
STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class Product:
    """The running product on one database."""

    database: str
    address: str
    api: tuple[int, ...]
    worker: int
    postmaster: int
    logs: tuple[Path, ...]

    def cpu_time(self) -> CpuTime:
        return cpu_time(api=self.api, database=self.postmaster, worker=self.worker)

    def memory_mb(self) -> float:
        """Of the largest API process."""
        return max(map(memory_mb, self.api))

    def complaints(self) -> list[str]:
        """What its processes have logged: they log from warnings on."""
        lines = [(log.stem, line) for log in self.logs for line in log.read_text().splitlines()]
        counted = Counter((stem, json.loads(line)["event"] if line.startswith("{") else line) for stem, line in lines)
        return [f"{stem} logged {n} x {event[:300]}" for (stem, event), n in counted.most_common(COMPLAINTS)]


class Stage:
    """A running server in `home`, which one benchmark has for itself."""

    def __init__(self, home: Path, *, statements: bool = False) -> None:
        self.home = home
        self.server = LocalPostgres(
            home / "postgres", {**SETTINGS, **(STATEMENTS if statements else {})}, dies_with_starter=True
        )

    def __enter__(self) -> "Stage":
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = (self.home / "bench.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"another benchmark uses {self.home}") from None
        self.server.stop()  # left by a benchmark that was killed, perhaps with other settings
        self.server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.stop()
        self._lock.close()

    def url(self, database: str, user: str = "postgres") -> str:
        return self.server.url(database, user)

    @contextmanager
    def serve(self, database: str, *, workers: int, profile: Path | None = None) -> Iterator[Product]:
        """API and worker on `database`, ready to be asked; `profile` is a folder for samples of the API's CPU time."""
        environment = self._environment(database, profile)
        with ExitStack() as stack:
            port = stack.enter_context(socket.socket())
            port.bind(("127.0.0.1", 0))
            port.listen(BACKLOG)
            web = [*(PROFILED if profile else WEB), "--descriptor", str(port.fileno())]
            api = [
                stack.enter_context(self._process(web, f"api-{n}", environment, port.fileno()))
                for n in range(1, workers + 1)
            ]
            worker = stack.enter_context(self._process([*COMMAND, "worker"], "worker", environment))
            address = f"http://127.0.0.1:{port.getsockname()[1]}"
            self._await_ready(address, [*api, worker])
            postmaster = self.server.pid()
            assert postmaster is not None
            pids = tuple(process.pid for process in api)
            logs = tuple(self._log(name) for name in (*(f"api-{n}" for n in range(1, workers + 1)), "worker"))
            yield Product(database, address, pids, worker.pid, postmaster, logs)

    def _log(self, name: str) -> Path:
        return self.home / f"{name}.log"

    def _environment(self, database: str, profile: Path | None) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("DISTRO_")},
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            "DISTRO_VAR": str(self.home / "var"),
            "DISTRO_DATABASE_URL": self.url(database),
            "DISTRO_APP_DATABASE_URL": self.url(database, provision.APP),
            "DISTRO_ENGINE_DATABASE_URL": self.url(database, provision.ENGINE),
            "DISTRO_SECRET_KEY": SECRET,
            supervise.PARENT: str(os.getpid()),
            **({"BENCH_PROFILE": str(profile)} if profile else {}),
        }

    @contextmanager
    def _process(
        self, argv: list[str], name: str, environment: dict[str, str], *descriptors: int
    ) -> Iterator[subprocess.Popen[bytes]]:
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                argv, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, pass_fds=descriptors
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _await_ready(self, address: str, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end and all(process.poll() is None for process in processes):
            try:
                with urllib.request.urlopen(f"{address}/health/ready", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (OSError, urllib.error.HTTPError):
                time.sleep(0.1)
        tails = [f"{name}: {self._log(name).read_text()[-2000:]}" for name in ("api-1", "worker")]
        raise SystemExit("the product did not start\n" + "\n".join(tails))


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on a real disk that is gone afterwards."""
    parent = Path(tempfile.gettempdir())
    if _file_system(parent) in IN_MEMORY:
        parent = PREPARED
        parent.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="distro-bench-", dir=parent))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _file_system(path: Path) -> str:
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    inside = [mount for mount in mounts if path.resolve().is_relative_to(mount[1])]
    return max(inside, key=lambda mount: len(mount[1]))[2]
