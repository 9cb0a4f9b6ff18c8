"""A server that takes bytes and says nothing, as behind a firewall that has forgotten the connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit, urlunsplit

SOCKET = ".s.PGSQL.5432"


class Wire:
    """Between a client and PostgreSQL; while `silent`, nothing that the server says arrives, and nobody is let in."""

    def __init__(self, server: Path, folder: Path) -> None:
        self._server, self._folder = server, folder
        self.silent = False

    def dsn(self, dsn: str) -> str:
        """`dsn` through this wire."""
        return urlunsplit(urlsplit(dsn)._replace(query=f"host={self._folder}"))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server = await asyncio.open_unix_connection(self._server / SOCKET)
        await asyncio.gather(self._pump(reader, to_server[1]), self._pump(to_server[0], writer, answers=True))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, answers: bool = False) -> None:
        try:
            while data := await source.read(65536):
                if not (answers and self.silent):
                    sink.write(data)
        except OSError:
            pass
        finally:
            sink.close()


@asynccontextmanager
async def wire_to(dsn: str) -> AsyncIterator[Wire]:
    """A wire to the server of `dsn`, which has a Unix socket."""
    with TemporaryDirectory(prefix="wire-") as folder:
        wire = Wire(Path(parse_qs(urlsplit(dsn).query)["host"][0]), Path(folder))
        server = await asyncio.start_unix_server(wire.serve, Path(folder, SOCKET))
        try:
            yield wire
        finally:
            server.close()
