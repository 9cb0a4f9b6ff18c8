"""The worker as a process of its own; ends on SIGTERM."""

import asyncio
import signal

from distro_api.core.settings import Settings
from distro_api.worker import run


async def _main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(Settings(), stop)


if __name__ == "__main__":
    asyncio.run(_main())
