"""Where contents are: a folder, or a bucket that speaks S3, behind one interface. Nothing in it is public."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from distro_api.core.settings import Settings
from distro_api.files.errors import FileGone

CHUNK = 256 * 1024
PART = 5 * 1024 * 1024
"""Of a multipart upload; the smallest that S3 takes."""
SPOOLED = 1024 * 1024
"""Up to so many bytes wait in memory, more on disk."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    size: int
    sha256: bytes


class Storage:
    """Puts, gets and deletes streams by key; a content is there whole or not at all."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, key: str, source: IO[bytes]) -> Written:
        """Store what `source` holds from its beginning, some of it in memory at a time."""
        digest, size = hashlib.sha256(), 0
        source.seek(0)

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal size
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        await obstore.put_async(self._store, key, chunks(), chunk_size=PART, max_concurrency=2)
        return Written(size, digest.digest())

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """The content, opened before this answers and given piece by piece.

        Raises:
            FileGone
        """
        try:
            found = await obstore.get_async(self._store, key)
        except FileNotFoundError as error:
            raise FileGone from error
        return aiter(found.stream(min_chunk_size=CHUNK))

    async def fetch(self, key: str) -> IO[bytes]:
        """The content as a file that is gone when closed.

        Raises:
            FileGone
        """
        made: IO[bytes] = SpooledTemporaryFile(max_size=SPOOLED)  # noqa: SIM115 (the caller closes it)
        try:
            async for chunk in await self.stream(key):
                made.write(chunk)
        except BaseException:
            made.close()
            raise
        made.seek(0)
        return made

    async def delete(self, key: str) -> None:
        """Remove the content; one that is gone already is no fault."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return


def open_storage(settings: Settings) -> Storage:
    """What the settings name: `DISTRO_FILES_URL`, else a folder under `DISTRO_VAR` that only its owner reads."""
    if settings.files_url is None:
        folder: Path = settings.var / "files"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Storage(LocalStore(folder.resolve()))
    options: dict[str, Any] = {}
    if settings.files_url.startswith("s3"):
        given = {
            "endpoint": settings.files_endpoint,
            "region": settings.files_region,
            "access_key_id": settings.files_access_key_id,
            "secret_access_key": settings.files_secret_access_key
            and settings.files_secret_access_key.get_secret_value(),
        }
        options = {name: value for name, value in given.items() if value}
        if (settings.files_endpoint or "").startswith("http://"):
            options["client_options"] = {"allow_http": True}
    return Storage(from_url(settings.files_url, **options))
