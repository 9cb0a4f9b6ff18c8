"""Files go up as forms, are judged by what they hold, and come down by links that expire."""

import asyncio
import struct
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from distro_api.core import clock
from distro_api.files.router import MAX_UPLOAD_BYTES
from distro_api.files.service import CSV, keeping
from distro_api.files.service.contents import plain_name
from make import identity
from make.jobs import do_long_work
from make.spreadsheets import parts, text_file, workbook
from make.staff import TITLES, Desk
from make.worker import worker_sessions

pytestmark = pytest.mark.capability("I10")
TABLE = text_file(TITLES, ("A001", "王小明"))


def understated(count: int, *, zip64: bool) -> bytes:
    """A workbook of many parts whose end tells of two; in a ZIP64 end it tells the truth."""
    raw = parts(workbook(TITLES), **{f"xl/media/{n}.xml": b"<x/>" for n in range(count)})
    at = raw.rfind(b"PK\x05\x06")
    table_size, table_at = struct.unpack_from("<LL", raw, at + 12)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, 200 if zip64 else table_size, table_at, 0)
    if not zip64:
        return raw[:at] + end
    big = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, table_size, table_at)
    return raw[:at] + big + struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1) + end


@pytest.fixture
async def desk(app: FastAPI, client: httpx.AsyncClient, owner_connection: asyncpg.Connection) -> Desk:
    return Desk(app, client, owner_connection, await identity.supplier(app))


async def contents(desk: Desk) -> int:
    """How many contents are in the store."""
    folder = desk.app.state.settings.var / "files" / str(desk.who.organization_id)
    return len(list(folder.iterdir())) if folder.exists() else 0


async def test_up_and_down(desk: Desk) -> None:
    uploaded = await desk.upload(TABLE, "C:\\表格\\员工 (1).csv", content_type="application/octet-stream")
    assert uploaded.status_code == 201 and uploaded.headers["location"] == f"/api/v1/files/{uploaded.json()['id']}"
    file = uploaded.json()
    assert (file["name"], file["content_type"], file["size"], file["purpose"]) == (
        "员工 (1).csv",
        "text/csv",
        len(TABLE),
        "import",
    )
    answer = await desk.download(file["id"])
    assert answer.status_code == 200 and answer.content == TABLE
    assert answer.headers["content-type"].startswith("text/csv")
    assert (
        answer.headers["content-disposition"]
        == "attachment; filename=\" (1).csv\"; filename*=UTF-8''%E5%91%98%E5%B7%A5%20%281%29.csv"
    )
    assert answer.headers["x-content-type-options"] == "nosniff" and "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "name, content",
    [
        ("photo.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(200)),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)),
        ("null.csv", "工号,姓名\nA001,王\0明\n".encode()),
        ("latin.csv", b"\xff\xfe\xfd\xff"),
        ("empty.csv", b""),
        ("archive.xlsx", b"PK\x03\x04 and nothing else"),
        ("end.xlsx", b"PK\x05\x06" + bytes(18)),
        ("document.xlsx", parts(workbook(TITLES), **{"[Content_Types].xml": b"<Types/>"})),
        (
            "macros.xlsm",
            parts(workbook(TITLES), **{"[Content_Types].xml": b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"}),
        ),
        ("bomb.xlsx", parts(workbook(TITLES), sheet=b"<x>" + bytes(120_000_000))),
        ("more than it tells.xlsx", understated(1001, zip64=False)),
        ("overruled.xlsx", understated(1001, zip64=True)),
        ("many.xlsx", parts(workbook(TITLES), **{f"xl/media/{n}.xml": b"<x/>" for n in range(1001)})),
    ],
)
async def test_what_a_file_holds_counts_not_its_name(desk: Desk, name: str, content: bytes) -> None:
    answer = await desk.upload(content, name)
    assert (answer.status_code, answer.json()["code"]) == (422, "unsupported_file")
    assert answer.json()["detail"] == "可用：.csv .xlsx"
    assert await contents(desk) == 0
    assert (await desk.ok("GET", "/files"))["items"] == []


async def test_a_workbook_called_csv_is_a_workbook(desk: Desk) -> None:
    file = (await desk.upload(workbook(TITLES), "员工.csv", content_type="text/csv")).json()
    assert file["name"] == "员工.csv.xlsx" and file["content_type"].endswith("spreadsheetml.sheet")


async def test_names_mislead_nobody(desk: Desk) -> None:
    for given, kept in (
        ("../../etc/passwd", "passwd.csv"),
        ("..\\..\\a.csv", "a.csv"),
        ("x\u202egnp.csv", "xgnp.csv"),
        ("a\x7f;?<b>: c|d*.csv", "a;b cd.csv"),
        ("名" * 500, "名" * 120 + ".csv"),
        ("...", "file.csv"),
    ):
        file = (await desk.upload(TABLE, given)).json()
        assert file["name"] == kept
        assert (await desk.download(file["id"])).status_code == 200
    assert plain_name('a"; b\r\nSet-Cookie: c=d', CSV) == "a; bSet-Cookie c=d.csv", (
        "as clients send it that do not escape"
    )


async def test_too_large_is_refused_before_and_while_it_arrives(desk: Desk) -> None:
    large = b"a," * (MAX_UPLOAD_BYTES // 2 + 100_000)
    answer = await desk.upload(large)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    async def endless() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(1000):
            yield b"a," * 50_000
        raise AssertionError("was read to the end")

    answer = await desk.send(
        "POST", "/files", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    just = b"a," * (MAX_UPLOAD_BYTES // 2)
    assert (await desk.upload(just)).status_code == 201, "2 MB is the limit elsewhere, not here"
    await desk.refused(
        413, "body_too_large", "POST", "/employees", content=just, headers={"Content-Type": "application/json"}
    )


@pytest.mark.parametrize(
    "how",
    [
        {"json": {"file": "a"}},
        {"data": {"purpose": "import"}},
        {"files": {"other": ("a.csv", TABLE)}},
        {"files": {"file": ("a.csv", TABLE)}, "data": {"purpose": "result"}},
        {"files": {"file": ("a.csv", TABLE)}, "data": {"extra": "1"}},
        {"files": [("file", ("a.csv", TABLE)), ("file", ("b.csv", TABLE))]},
        {"content": b"--b\r\nnonsense", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
    ],
)
async def test_forms_that_are_none(desk: Desk, how: dict[str, object]) -> None:
    await desk.refused(400, "malformed_form", "POST", "/files", **how)


async def test_nobody_reads_what_a_stranger_sends(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("was read")
        yield b""

    answer = await client.post(
        "/api/v1/files", content=body(), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 401


async def test_the_same_key_is_the_same_file(desk: Desk) -> None:
    key = {"Idempotency-Key": "upload-1"}
    first, again = await desk.upload(TABLE, headers=key), await desk.upload(TABLE, headers=key)
    assert first.json()["id"] == again.json()["id"] and again.headers["idempotency-replayed"] == "true"
    other = await desk.upload(TABLE + "A002,李晓雨\r\n".encode(), headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await desk.ok("GET", "/files"))["items"]) == 1
    at_once = await asyncio.gather(*(desk.upload(TABLE, headers={"Idempotency-Key": "upload-2"}) for _ in range(5)))
    assert len({answer.json()["id"] for answer in at_once}) == 1


async def test_links_are_good_for_what_they_say_and_no_longer(desk: Desk, client: httpx.AsyncClient) -> None:
    file = (await desk.upload(TABLE)).json()
    other = (await desk.upload(TABLE)).json()
    link = urlsplit(file["url"])
    asked = {name: value[0] for name, value in parse_qs(link.query).items()}

    async def code(path: str = link.path, **changed: str) -> str:
        answer = await client.get(path, params=asked | changed)
        return "ok" if answer.status_code == 200 else str(answer.json()["code"])

    assert await code() == "ok", "without signing in"
    assert await code(signature=asked["signature"][:-2] + "AA") == "bad_link"
    assert await code(signature="é" * 43) == "bad_link"
    assert await code(expires=str(int(asked["expires"]) + 1)) == "bad_link"
    assert await code(expires=str(2**33)) == "bad_link"
    assert await code(organization_id=str(uuid4())) == "bad_link"
    assert await code(urlsplit(other["url"]).path) == "bad_link"
    with clock.at(clock.now() + timedelta(minutes=10, seconds=1)):
        assert await code() == "link_expired"
    assert await code() == "ok"
    await desk.ok("DELETE", f"/files/{file['id']}")
    assert await code() == "not_found"
    assert urlunsplit(link) == file["url"]


async def test_files_of_others(
    desk: Desk, app: FastAPI, client: httpx.AsyncClient, owner_connection: asyncpg.Connection
) -> None:
    file = (await desk.upload(TABLE)).json()
    for other in (await identity.supplier(app), await identity.distributor(app), await identity.admin(app)):
        stranger = Desk(app, client, owner_connection, other)
        await stranger.refused(404, "not_found", "GET", f"/files/{file['id']}")
        await stranger.refused(404, "not_found", "DELETE", f"/files/{file['id']}")
        assert (await stranger.ok("GET", "/files"))["items"] == []
        body = {"file_id": file["id"], "mode": "valid_only"}
        await stranger.refused(422, "unknown_file", "POST", "/employees/imports", json=body)


async def test_a_result_is_nothing_to_import(desk: Desk) -> None:
    job = await desk.imported(workbook(TITLES, ("A001", None)))
    await desk.refused(
        422, "unknown_file", "POST", "/employees/imports", json={"file_id": job["result_file_id"], "mode": "valid_only"}
    )


async def test_what_nobody_needs_is_swept_away(desk: Desk) -> None:
    kept = (await desk.upload(TABLE)).json()
    deleted = (await desk.upload(TABLE)).json()
    await desk.ok("DELETE", f"/files/{deleted['id']}")
    left = (await desk.upload(TABLE)).json()
    await desk.owner_connection.execute(
        "UPDATE files SET status = 'writing', sha256 = '' WHERE id = $1", UUID(left["id"])
    )
    gone = (await desk.upload(TABLE)).json()
    await desk.owner_connection.execute("DELETE FROM files WHERE id = $1", UUID(gone["id"]))
    (desk.app.state.settings.var / "files" / str(desk.who.organization_id) / gone["id"]).unlink()
    assert await contents(desk) == 3
    async with worker_sessions(desk.app.state.settings) as sessions:
        assert await keeping.sweep(sessions, desk.app.state.storage) == 1, "what is being written is not disturbed"
        with clock.at(clock.now() + timedelta(hours=7)):
            assert await keeping.sweep(sessions, desk.app.state.storage) == 1
        assert [file["id"] for file in (await desk.ok("GET", "/files"))["items"]] == [kept["id"]]
        with clock.at(clock.now() + timedelta(days=31)):
            assert await keeping.sweep(sessions, desk.app.state.storage) == 1
            assert await keeping.sweep(sessions, desk.app.state.storage) == 0
    assert await contents(desk) == 0


async def test_a_content_that_is_gone_is_told(desk: Desk) -> None:
    file = (await desk.upload(TABLE)).json()
    (desk.app.state.settings.var / "files" / str(desk.who.organization_id) / file["id"]).unlink()
    answer = await desk.download(file["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "file_gone")
    body = {"file_id": file["id"], "mode": "valid_only"}
    started = await desk.ok("POST", "/employees/imports", json=body)
    await do_long_work(desk.app, desk.owner_connection)
    assert (await desk.job(started))["error"]["code"] == "file_gone"
