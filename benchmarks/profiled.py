"""The application with a sampler of its CPU time, for `--profile`: where the event loop's thread spends it.

Samples are taken by SIGPROF, which counts CPU time and not waiting; the signal costs next to nothing, which a tracing
profiler does not.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from fastapi import FastAPI

from distro_api.app import create_app as real_app
from distro_api.core import serve, supervise

INTERVAL_S = 0.002
DEPTH = 200


class Sampler:
    """Counts (function on top, functions on the stack) of the main thread."""

    def __init__(self) -> None:
        self.samples = 0
        self.top: Counter[str] = Counter()
        self.within: Counter[str] = Counter()

    def __call__(self, _number: int, frame: FrameType | None) -> None:
        self.samples += 1
        names: set[str] = set()
        top = True
        for _ in range(DEPTH):
            if frame is None:
                break
            name = _name(frame.f_code)
            if top:
                self.top[name] += 1
                top = False
            names.add(name)
            frame = frame.f_back
        self.within.update(names)

    def start(self) -> None:
        signal.signal(signal.SIGPROF, self)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)

    def stop(self, file: Path) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        found: dict[str, Any] = {"samples": self.samples, "top": self.top, "within": self.within}
        file.write_text(json.dumps(found))


@cache
def _name(code: CodeType) -> str:
    path = code.co_filename
    for mark in ("/site-packages/", "/src/"):
        if mark in path:
            path = path.rpartition(mark)[2]
            break
    else:
        path = "python/" + path.rpartition("/")[2].strip("<>")
    return f"{path}:{code.co_qualname}"


def create_app() -> FastAPI:
    """The application; samples are written when it shuts down."""
    app = real_app()
    lifespan, sampler = app.router.lifespan_context, Sampler()

    @asynccontextmanager
    async def sampled(inner: FastAPI) -> AsyncIterator[Any]:
        async with lifespan(inner) as state:
            sampler.start()
            try:
                yield state
            finally:
                sampler.stop(Path(os.environ["BENCH_PROFILE"], f"{os.getpid()}.json"))

    app.router.lifespan_context = sampled
    return app


def report(folder: Path, rows: int = 40) -> str:
    """What all processes' samples say, as text: shares of the API's CPU time."""
    samples, top, within = 0, Counter[str](), Counter[str]()
    for file in folder.glob("*.json"):
        found = json.loads(file.read_text())
        samples += found["samples"]
        top.update(found["top"])
        within.update(found["within"])
    packages: Counter[str] = Counter()
    for name, n in top.items():
        packages[name.partition("/")[0]] += n
    ours = Counter({name: n for name, n in within.items() if name.startswith("distro_api/")})
    theirs = Counter({name: n for name, n in within.items() if name not in ours})
    lines = [f"{samples} samples of CPU time"]
    parts = (
        ("packages, without what they call", packages, 15),
        ("functions, without what they call", top, rows),
        ("our functions, with what they call", ours, 2 * rows),
        ("the others, with what they call", theirs, rows),
    )
    for title, counted, most in parts:
        lines.append(f"\n{title}")
        lines += [f"{100 * n / max(samples, 1):6.1f} %  {name}" for name, n in counted.most_common(most)]
    return "\n".join(lines)


if __name__ == "__main__":
    supervise.die_with_parent()
    serve.web(int(sys.argv[-1]), "benchmarks.profiled:create_app")
