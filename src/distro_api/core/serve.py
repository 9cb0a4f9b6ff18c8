"""What `distro serve` does: one folder, one port, one database made ready, and the processes that serve from it."""

import asyncio
import contextlib
import fcntl
import ipaddress
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import structlog
import uvicorn

from distro_api.core import clock, migrate
from distro_api.core.embedded import LocalPostgres
from distro_api.core.provision import Urls, embedded_server, provision, urls_of
from distro_api.core.settings import Settings
from distro_api.core.supervise import CannotStart, Child, supervise

log = structlog.get_logger()
COMMAND = (sys.executable, "-m", "distro_api.cli")
BACKLOG = 2048
GRACEFUL_SHUTDOWN_S = 5
READY_WITHIN_S = 120.0
DATABASE_WITHIN_S = 60.0
WATCH_S = 1.0
OTHER_CONNECTIONS = 56
"""Of the worker, of commands, and what the server keeps for itself."""
NOT_YET = (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError)
"""What a server answers, or does not, while it starts."""
PARTITIONS_BACK, PARTITIONS_AHEAD = timedelta(days=31), timedelta(days=92)

Seed = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How to serve, as the command line says it."""

    host: str
    port: int
    workers: int
    with_worker: bool
    migrate: bool

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def url(self) -> str:
        """Where a person on this machine finds it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def serve(settings: Settings, serving: Serving, *, seed: Seed | None, when_ready: Callable[[], None]) -> None:
    """Make everything ready, serve until SIGINT or SIGTERM, and leave nothing running.

    Raises:
        CannotStart: the folder or the port is taken, the database can't be reached, or a process did not come up.
    """
    with (
        _signals(),
        in_use(settings.var),
        listener(serving) as port,
        contextlib.suppress(KeyboardInterrupt),
        embedded(settings, serving.workers) as server,
    ):
        if serving.migrate:
            asyncio.run(prepare(settings))
        if seed is not None:
            asyncio.run(seed())
        port.listen(BACKLOG)
        asyncio.run(_supervise(settings, serving, port, server, when_ready))


async def _supervise(
    settings: Settings,
    serving: Serving,
    port: socket.socket,
    server: LocalPostgres | None,
    when_ready: Callable[[], None],
) -> None:
    web = [*COMMAND, "web", "--descriptor", str(port.fileno())]
    children = [Child(f"web-{n}", web, (port.fileno(),)) for n in range(1, serving.workers + 1)]
    if serving.with_worker:
        children.append(Child("worker", [*COMMAND, "worker"]))

    async def watch() -> None:
        while server is not None:
            await asyncio.sleep(WATCH_S)
            if server.pid() is None:
                log.error("database_died")
                start(server)  # from this thread: the server dies with the thread that started it

    await supervise(
        children,
        _environment(settings, serving),
        until_ready=lambda: ready(serving),
        when_ready=when_ready,
        chores=(watch,),
    )


def _environment(settings: Settings, serving: Serving) -> dict[str, str]:
    """What children start with: their own two logins, never the one that migrates."""
    demo = serving.loopback and (settings.demo_passwords or "demo_passwords" not in settings.model_fields_set)
    made = os.environ | {"DISTRO_VAR": str(settings.var.resolve()), "DISTRO_DEMO_PASSWORDS": str(demo).lower()}
    if settings.database_url is not None:
        urls = urls_of(settings)
        made["DISTRO_DATABASE_URL"] = re.sub("//[^/@]*@", "//", urls.migrate)
        made["DISTRO_APP_DATABASE_URL"], made["DISTRO_ENGINE_DATABASE_URL"] = urls.app, urls.engine
    return made


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM is Ctrl-C until the supervisor listens itself; while things are being ended nothing interrupts."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background commands with it ignored
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def in_use(var: Path) -> Iterator[None]:
    """Hold the folder. The kernel lets go of the lock with the process, however that ends.

    Raises:
        CannotStart: another process holds it.
    """
    var.mkdir(parents=True, exist_ok=True)
    with (var / "serve.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise CannotStart(
                f"{var.resolve()} is in use by {holder}; stop it, or name another folder with --var"
            ) from None
        file.truncate(0)
        file.write(f"{' '.join(['distro', *sys.argv[1:2]])} (process {os.getpid()})")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


@contextlib.contextmanager
def listener(serving: Serving) -> Iterator[socket.socket]:
    """The port, taken but not answering: clients are refused until the first process can serve them.

    Raises:
        CannotStart: the address is taken or not ours.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            serving.host, serving.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotStart(f"cannot listen on {serving.host}: {error.strerror or error}") from None
    with found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(address)
        except OSError as error:
            raise CannotStart(
                f"cannot listen on {serving.host}:{serving.port}: {error.strerror}; choose another port with --port"
            ) from None
        yield found


@contextlib.contextmanager
def embedded(settings: Settings, workers: int = 1) -> Iterator[LocalPostgres | None]:
    """The embedded server running for the length of the block, with room for the connections of as many processes of
    the API; None when another server is named."""
    server = embedded_server(settings, connections=workers * (settings.pool_size + settings.lanes) + OTHER_CONNECTIONS)
    if server is None:
        yield None
        return
    start(server)
    try:
        yield server
    finally:
        ignored = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        server.stop()
        for number, handler in ignored.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def database(settings: Settings, *, migrated: bool = True, existing: bool = False) -> Iterator[None]:
    """The database of a single command: the server named, that of a running `distro serve`, or the embedded one for the moment.

    Args:
        migrated: bring its schema up to date first.
        existing: refuse to make one.

    Raises:
        CannotStart: it can't be reached, or is not there.
    """
    server = embedded_server(settings)
    if server is None or server.pid() is not None:
        yield
        return
    if existing and not server.exists():
        raise CannotStart(f"there is no database under {settings.var}")
    with in_use(settings.var), embedded(settings):
        if migrated:
            asyncio.run(prepare(settings))
        yield


def start(server: LocalPostgres) -> None:
    """Start it, to end with this process even by SIGKILL.

    Raises:
        CannotStart: with the end of its log.
    """
    end = time.monotonic() + DATABASE_WITHIN_S
    while True:
        try:
            return server.start()
        except RuntimeError as error:
            # after SIGKILL its last processes may hold the shared memory for another moment
            if "shared memory block" not in str(error) or time.monotonic() > end:
                raise CannotStart(str(error)) from None
        time.sleep(0.2)


async def prepare(settings: Settings) -> None:
    """Roles, newest schema and this season's partitions; does nothing where all of it is there.

    Raises:
        CannotStart: the database can't be reached, or its login may not do this.
    """
    urls = urls_of(settings)
    if settings.database_url is not None:
        await _until_connected(urls)
    try:
        await provision(settings)
    except asyncpg.InsufficientPrivilegeError as error:
        raise CannotStart(
            f"the login of DISTRO_DATABASE_URL may not prepare the database ({error}); as a superuser, create the roles "
            "distro_owner (NOLOGIN), distro_app and distro_engine (LOGIN) and grant distro_owner to it"
        ) from None
    await migrate.upgrade(urls.migrate)
    today = clock.local_date(clock.now(), settings.time_zone)
    connection = await asyncpg.connect(urls.engine)
    try:
        await connection.execute("SELECT ensure_partitions($1, $2)", today - PARTITIONS_BACK, today + PARTITIONS_AHEAD)
    finally:
        await connection.close()


async def _until_connected(urls: Urls) -> None:
    """A server that is just starting, or recovering from a crash, is waited for; one that says no is not."""
    end = asyncio.get_running_loop().time() + DATABASE_WITHIN_S
    while True:
        try:
            connection = await asyncpg.connect(urls.migrate, timeout=10)
        except (*NOT_YET, asyncpg.PostgresError) as error:
            if not isinstance(error, NOT_YET) or asyncio.get_running_loop().time() > end:
                raise CannotStart(f"cannot connect to the database: {error or type(error).__name__}") from None
            await asyncio.sleep(0.2)
        else:
            await connection.close()
            return


async def ready(serving: Serving) -> None:
    """Return when the server answers that it is ready.

    Raises:
        CannotStart: it did not within `READY_WITHIN_S`.
    """
    host, _, port = serving.url.removeprefix("http://").rpartition(":")
    answer = "no answer"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                    answer = await _get(host.strip("[]"), int(port), "/health/ready")
                    if answer.startswith("HTTP/1.1 200"):
                        return
                await asyncio.sleep(0.1)
    raise CannotStart(f"the server did not become ready: {answer}")


async def _get(host: str, port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return (await reader.read(4096)).decode("latin-1")
    finally:
        writer.close()


def web(descriptor: int, application: str, trusted_proxies: str) -> None:
    """One process of the API on the listening socket that it was given; `application` makes it, as `module:function`."""
    config = uvicorn.Config(
        application,
        factory=True,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=trusted_proxies,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])
