"""The embedded server comes back, and leaves nothing behind in the process that started it."""

import os
import signal
import time
from pathlib import Path

import pytest

from distro_api.core.embedded import DISPOSABLE, LocalPostgres


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_server_that_ended_is_started_again_and_leaves_no_zombie(tmp_path: Path, how: signal.Signals) -> None:
    server = LocalPostgres(tmp_path, DISPOSABLE)
    server.start()
    try:
        first = server.pid()
        assert first is not None
        os.kill(first, how)
        end = time.monotonic() + 20
        while server.pid() is not None:
            assert time.monotonic() < end
            time.sleep(0.02)
        server.start()
        assert server.pid() not in (None, first)
        assert not Path(f"/proc/{first}").exists()
    finally:
        server.stop()
