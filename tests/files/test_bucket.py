"""The same files in a bucket that speaks S3."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from distro_api.core.settings import Settings
from distro_api.files.errors import FileGone
from distro_api.files.service import Storage, open_storage
from simulators.s3 import S3Simulator
from simulators.server import listening

pytestmark = pytest.mark.capability("I10")


@pytest.fixture
async def bucket() -> AsyncIterator[tuple[S3Simulator, Storage]]:
    simulator = S3Simulator()
    async with listening(simulator) as address:
        yield simulator, open_storage(settings(simulator, address))


def settings(simulator: S3Simulator, address: str, **changed: Any) -> Settings:
    given = {
        "files_url": f"s3://{simulator.bucket}/distro",
        "files_endpoint": address,
        "files_region": "cn-north-1",
        "files_access_key_id": simulator.key_id,
        "files_secret_access_key": SecretStr(simulator.secret),
    }
    return Settings(**(given | changed))


async def content(storage: Storage, key: str) -> bytes:
    with await storage.fetch(key) as found:
        return found.read()


async def test_small_and_large_go_there_and_back(bucket: tuple[S3Simulator, Storage]) -> None:
    simulator, storage = bucket
    for size in (0, 1, 300_000, 12_000_001):
        given = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        written = await storage.put("org/file", io.BytesIO(given))
        assert written.size == size and await content(storage, "org/file") == given
    assert list(simulator.objects) == ["distro/org/file"] and simulator.refused == 0
    assert simulator.largest_body <= 5 * 1024 * 1024 + 300_000, "large ones go in parts"
    await storage.delete("org/file")
    await storage.delete("org/file")
    assert simulator.objects == {}
    with pytest.raises(FileGone):
        await storage.stream("org/file")


async def test_a_broken_source_leaves_nothing(bucket: tuple[S3Simulator, Storage]) -> None:
    simulator, storage = bucket

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 6_000_000:
                raise OSError("disk")
            return super().read(size)

    with pytest.raises(OSError, match="disk"):
        await storage.put("org/file", Broken(bytes(9_000_000)))
    assert simulator.objects == {}


async def test_a_wrong_secret_opens_nothing() -> None:
    simulator = S3Simulator()
    async with listening(simulator) as address:
        storage = open_storage(settings(simulator, address, files_secret_access_key=SecretStr("another")))
        with pytest.raises(Exception, match="403"):
            await storage.put("org/file", io.BytesIO(b"x"))
    assert simulator.refused >= 1 and simulator.objects == {}
