"""The application without something, to see what it costs: `BENCH_WITHOUT` names it. For `benchmarks.cost` only."""

import os
import sys

from fastapi import FastAPI

from distro_api.app import create_app as real_app
from distro_api.core import serve, supervise
from distro_api.identity.service import audit


def create_app() -> FastAPI:
    """The same application, less one thing."""
    match os.environ["BENCH_WITHOUT"]:
        case "audit":
            audit.record_many = lambda _writes, _acts: None
        case other:
            raise SystemExit(f"nothing is known of {other}")
    return real_app()


if __name__ == "__main__":
    supervise.die_with_parent()
    serve.web(int(sys.argv[-1]), "benchmarks.without:create_app")
