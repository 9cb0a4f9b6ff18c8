"""The product as its users start it: `distro` in processes of its own, in a folder of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from distro_api.core.settings import Settings

READY_WITHIN_S = 120.0
ENDED_WITHIN_S = 30.0


def distro(*arguments: str, env: Mapping[str, str] = {}, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """One command, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "distro_api.cli", *arguments],
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def processes_of(var: Path) -> dict[int, str]:
    """Every live process that works in the folder: its command line by its id."""
    found = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            stopped = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            if os.fsencode(var) in command + environment and not stopped and int(entry.name) != os.getpid():
                found[int(entry.name)] = command.replace(b"\0", b" ").decode()
    return found


def environment_of(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


class Served:
    """A running `distro serve`."""

    def __init__(self, var: Path, *options: str, env: Mapping[str, str] = {}, host: str = "127.0.0.1") -> None:
        self.var, self.port = var, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = var.parent / f"{var.name}.{self.port}.log"
        arguments = ["serve", "--var", str(var), "--port", str(self.port), "--host", host, *options]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "distro_api.cli", *arguments],
                env=environment(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def until_ready(self) -> None:
        end = time.monotonic() + READY_WITHIN_S
        while "is ready" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        return self.output.read_text()

    def pids(self, part: str) -> list[int]:
        """Ids of its processes whose command line holds `part`."""
        return [pid for pid, command in processes_of(self.var).items() if part in command]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(ENDED_WITHIN_S)

    def kill_everything(self) -> None:
        """As a power cut: SIGKILL for the supervisor, the API, the worker and the database."""
        for pid in [self.process.pid, *processes_of(self.var)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(ENDED_WITHIN_S)

    def sign_in(self, username: str, password: str) -> httpx.Response:
        return httpx.post(
            f"{self.url}/api/v1/auth/login", json={"username": username, "password": password}, timeout=30
        )


@contextlib.contextmanager
def served(var: Path, *options: str, env: Mapping[str, str] = {}, host: str = "127.0.0.1") -> Iterator[Served]:
    """`distro serve`, ready; whatever happens, nothing of it is left afterwards."""
    product = Served(var, *options, env=env, host=host)
    try:
        product.until_ready()
        yield product
    finally:
        if product.process.poll() is None:
            product.kill_everything()


@contextlib.contextmanager
def working(env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A `distro worker` of its own; it is killed in the end."""
    command = [sys.executable, "-m", "distro_api.cli", "worker"]
    process = subprocess.Popen(command, env=environment(env), stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait(ENDED_WITHIN_S)


def peak_mib(pid: int) -> int:
    """The most memory that the process has ever had resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def settings_env(settings: Settings) -> dict[str, str]:
    """The environment of a command that uses the database of this run."""
    assert settings.database_url and settings.app_database_url and settings.engine_database_url and settings.secret_key
    return {
        "DISTRO_VAR": str(settings.var),
        "DISTRO_DATABASE_URL": settings.database_url,
        "DISTRO_APP_DATABASE_URL": settings.app_database_url,
        "DISTRO_ENGINE_DATABASE_URL": settings.engine_database_url,
        "DISTRO_SECRET_KEY": settings.secret_key.get_secret_value(),
    }


def until_gone(var: Path, within_s: float = 10) -> dict[int, str]:
    """Processes of the folder that are still there after a while: none, if all is well."""
    end = time.monotonic() + within_s
    while (left := processes_of(var)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def environment(env: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DISTRO_")}
    if path := os.environ.get("DISTRO_PG_BIN"):
        kept["DISTRO_PG_BIN"] = path
    return kept | dict(env)
