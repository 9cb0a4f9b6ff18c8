"""Child processes that are kept alive while their supervisor lives, and not a moment longer.

A child that dies is started again after a pause that doubles; one that dies before the product was ready ends the
start. A supervisor that is killed takes its children with it: each asks the kernel for that (`die_with_parent`).
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

log = structlog.get_logger()
PARENT = "DISTRO_SUPERVISOR_PID"
"""Environment variable by which a child knows whom to die with."""
PR_SET_PDEATHSIG = 1
GRACE_S = 15.0
"""How long a child may take to end after SIGTERM."""
FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 30.0
HEALTHY_S = 60.0
"""A child that lived this long starts again with the first pause."""


class CannotStart(Exception):
    """What the person at the command line has to know or do; shown without a traceback."""


@dataclass(frozen=True, slots=True)
class Child:
    """A command to keep running; it inherits `descriptors`."""

    name: str
    argv: Sequence[str]
    descriptors: tuple[int, ...] = ()


def die_with_parent() -> None:
    """In a supervised child: be killed by the kernel as soon as the supervisor is gone, even by SIGKILL."""
    parent = os.environ.pop(PARENT, None)
    if parent is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it died before the line above
        os._exit(1)


async def supervise(
    children: Sequence[Child],
    environment: Mapping[str, str],
    *,
    until_ready: Callable[[], Awaitable[None]],
    when_ready: Callable[[], None],
    chores: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
) -> None:
    """Run the children until SIGINT or SIGTERM, then end them; a second signal ends them at once.

    Raises:
        CannotStart: a child died before `until_ready` returned, or that gave up waiting.
    """
    kept = _Kept(dict(environment) | {PARENT: str(os.getpid())})
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, kept.end)
    try:
        async with asyncio.TaskGroup() as tasks:
            for child in children:
                tasks.create_task(kept.keep(child))
            others = [tasks.create_task(kept.announce(until_ready, when_ready))]
            others += [tasks.create_task(chore()) for chore in chores]
            await kept.ending.wait()
            for task in others:
                task.cancel()
    except* CannotStart as failures:
        raise failures.exceptions[0] from None


class _Kept:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._ready = False
        self.ending = asyncio.Event()

    def end(self) -> None:
        if self.ending.is_set():
            for process in self._running.values():
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        self.ending.set()

    async def announce(self, until_ready: Callable[[], Awaitable[None]], when_ready: Callable[[], None]) -> None:
        await until_ready()
        self._ready = True
        when_ready()

    async def keep(self, child: Child) -> None:
        pause_s = FIRST_PAUSE_S
        while not self.ending.is_set():
            started = time.monotonic()
            code = await self._run(child)
            if self.ending.is_set():
                return
            if not self._ready:
                raise CannotStart(f"{child.name} ended with code {code} while starting; the lines above say why")
            lived_s = time.monotonic() - started
            pause_s = FIRST_PAUSE_S if lived_s > HEALTHY_S else min(pause_s * 2, LAST_PAUSE_S)
            log.error("child_died", child=child.name, code=code, lived_s=round(lived_s, 1), again_in_s=pause_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ending.wait(), pause_s)

    async def _run(self, child: Child) -> int:
        """Start it and wait until it has ended, by itself or because all is ending."""
        process = await asyncio.create_subprocess_exec(
            *child.argv,
            env=self._environment,
            pass_fds=child.descriptors,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is for the supervisor, which then ends them in order
        )
        self._running[child.name] = process
        ended, told = asyncio.create_task(process.wait()), asyncio.create_task(self.ending.wait())
        try:
            await asyncio.wait({ended, told}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(ended), GRACE_S)
        finally:
            told.cancel()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await ended
            del self._running[child.name]
        return ended.result()
