"""Imports that are cancelled, killed, done twice at once, or at the same time as others: nothing happens twice or by halves."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from distro_api.jobs import service as jobs
from distro_api.jobs.service import Later
from distro_api.jobs.service.long_work import ATTEMPTS
from distro_api.spreadsheets.service import importing
from distro_api.staff.service.importing import IMPORTER
from distro_api.worker import long_work
from make import identity
from make.jobs import do_long_work
from make.spreadsheets import text_file, workbook
from make.staff import TITLES, Desk
from make.worker import worker_sessions

pytestmark = pytest.mark.capability("I10")
Deliver = Callable[[dict[str, Any]], Awaitable[None]]
Apply = Callable[..., Awaitable[importing.Applied]]


def people(count: int, start: int = 0) -> bytes:
    return text_file(("工号", "姓名"), *((f"A{number:05d}", "王小明") for number in range(start, start + count)))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK", 10)


@pytest.fixture
async def deliver(app: FastAPI) -> AsyncIterator[Deliver]:
    """Hands a job to a worker, once more each time it is called."""
    async with worker_sessions(app.state.settings) as sessions:
        [handler] = jobs.entrypoint(sessions, long_work(app.state.storage)).values()

        async def handed(job: dict[str, Any]) -> None:
            await handler({"job_id": job["id"]})

        yield handed


@pytest.fixture
def at_chunk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], Awaitable[None]]], None]:
    """Lets something happen before a chunk of an import is written, the first time it is reached."""

    def register(number: int, happens: Callable[[], Awaitable[None]]) -> None:
        seen = 0

        async def apply(*arguments: Any) -> importing.Applied:
            nonlocal seen
            seen += 1
            if seen == number:
                await happens()
            return await real(*arguments)

        real: Apply = IMPORTER.apply
        monkeypatch.setattr("distro_api.staff.jobs.IMPORTER", replace(IMPORTER, apply=apply))

    return register


async def told(connection: asyncpg.Connection) -> Sequence[int]:
    """How many employees the trail tells of, and how many different ones."""
    row = await connection.fetchrow(
        "SELECT count(*), count(DISTINCT object_id) FROM audit_log WHERE action = 'staff.create_employee'"
    )
    return list(row)


@pytest.mark.parametrize("mode, left", [("valid_only", 20), ("all_or_nothing", 0)])
async def test_a_running_import_is_cancelled_at_its_next_step(desk: Desk, at_chunk: Any, mode: str, left: int) -> None:
    job = await desk.start(people(50), mode)

    async def cancel() -> None:
        shown = await desk.ok("POST", f"/jobs/{job['id']}/cancel")
        assert (shown["status"], shown["cancel_asked"], shown["done"]) == ("running", True, 20)

    at_chunk(3, cancel)
    await do_long_work(desk.app, desk.owner_connection)
    over = await desk.job(job)
    assert (over["status"], over["total"], len(await desk.staff())) == ("cancelled", 50, left)
    await desk.refused(409, "state_conflict", "POST", f"/jobs/{job['id']}/cancel")


async def test_a_waiting_import_is_cancelled_at_once(desk: Desk) -> None:
    job = await desk.start(people(5))
    cancelled = await desk.ok("POST", f"/jobs/{job['id']}/cancel")
    assert cancelled["status"] == "cancelled" and cancelled["finished_at"]
    await do_long_work(desk.app, desk.owner_connection)
    assert (await desk.job(job))["status"] == "cancelled" and await desk.staff() == []


@pytest.mark.parametrize("mode", ["valid_only", "all_or_nothing"])
async def test_what_passes_by_itself_is_tried_again_and_nothing_is_done_twice(
    desk: Desk, deliver: Deliver, at_chunk: Any, owner_connection: asyncpg.Connection, mode: str
) -> None:
    job = await desk.start(people(45), mode)

    async def lose_the_database() -> None:
        raise ConnectionResetError("gone")

    at_chunk(3, lose_the_database)
    async with worker_sessions(desk.app.state.settings) as sessions:
        [again] = jobs.entrypoint(sessions, long_work(desk.app.state.storage)).values()
        with pytest.raises(Later):
            await again({"job_id": job["id"]})
        between = await desk.job(job)
        assert between["status"] == "running" and between["done"] == 20
        assert len(await desk.staff()) == (20 if mode == "valid_only" else 0)
        await again({"job_id": job["id"]})
    over = await desk.job(job)
    assert (over["status"], over["done"], over["counts"]) == ("succeeded", 45, {"created": 45})
    assert await told(owner_connection) == [45, 45]


@pytest.mark.parametrize("mode", ["valid_only", "all_or_nothing"])
async def test_a_worker_that_was_only_slow_finds_itself_superseded(
    desk: Desk, app: FastAPI, deliver: Deliver, at_chunk: Any, owner_connection: asyncpg.Connection, mode: str
) -> None:
    """The queue took it for dead and gave the job to another one, which ends it; then the first goes on."""
    job = await desk.start(people(45), mode)
    slow, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        slow.set()
        await go_on.wait()

    at_chunk(3, pause)
    async with worker_sessions(app.state.settings) as sessions:
        [first] = jobs.entrypoint(sessions, long_work(app.state.storage)).values()
        running = asyncio.create_task(first({"job_id": job["id"]}))
        await slow.wait()
        if mode == "valid_only":
            await deliver(job)
            assert (await desk.job(job))["counts"] == {"created": 45}
            go_on.set()
            await running
        else:
            with pytest.raises(Later):  # the rows are the slow one's until it ends
                await deliver(job)
            go_on.set()
            await running
            assert await desk.staff() == [], "it wrote all of them, and may not keep them"
            await deliver(job)
    over = await desk.job(job)
    assert (over["status"], over["counts"], len(await desk.staff())) == ("succeeded", {"created": 45}, 45)
    assert await told(owner_connection) == [45, 45]


async def test_what_keeps_dying_is_given_up(desk: Desk, deliver: Deliver, owner_connection: asyncpg.Connection) -> None:
    job = await desk.start(people(5))
    await owner_connection.execute("UPDATE jobs SET status = 'running', started_at = now(), attempt = $1", ATTEMPTS)
    await deliver(job)
    over = await desk.job(job)
    assert (over["status"], over["error"]["code"], await desk.staff()) == ("failed", "job_gave_up", [])


async def test_a_fault_of_ours_is_told_without_its_insides(desk: Desk, at_chunk: Any) -> None:
    async def bug() -> None:
        raise ValueError("select secret from password")

    at_chunk(2, bug)
    job = await desk.imported(people(25))
    assert (job["status"], job["error"]["code"]) == ("failed", "internal_error")
    assert "secret" not in json.dumps(job)
    assert job["counts"] == {"created": 10} == {"created": len(await desk.staff())}, "what is committed is told"


async def test_imports_of_one_organization_wait_for_each_other(
    desk: Desk, other_desk: Desk, deliver: Deliver, at_chunk: Any
) -> None:
    first, second, elsewhere = (
        await desk.start(people(30)),
        await desk.start(people(30, 15)),
        await other_desk.start(people(30)),
    )

    async def meanwhile() -> None:
        with pytest.raises(Later):
            await deliver(second)
        assert (await desk.job(second))["status"] == "queued"
        await deliver(elsewhere)
        assert (await other_desk.job(elsewhere))["counts"] == {"created": 30}

    at_chunk(2, meanwhile)
    async with worker_sessions(desk.app.state.settings) as sessions:
        [handler] = jobs.entrypoint(sessions, long_work(desk.app.state.storage)).values()
        await handler({"job_id": first["id"]})
    await deliver(second)
    assert (await desk.job(second))["counts"] == {"created": 15, "unchanged": 15}
    assert len(await desk.staff()) == 45 and len(await other_desk.staff()) == 30


async def test_somebody_hires_the_same_employee_meanwhile(desk: Desk, deliver: Deliver, at_chunk: Any) -> None:
    """The import meets an employee that was not there when it looked, and brings it up to date."""
    job = await desk.start(people(25), "all_or_nothing")

    async def hire() -> None:
        await desk.hire("A00024", "李晓雨")

    at_chunk(2, hire)
    async with worker_sessions(desk.app.state.settings) as sessions:
        [handler] = jobs.entrypoint(sessions, long_work(desk.app.state.storage)).values()
        await handler({"job_id": job["id"]})
    assert (await desk.job(job))["counts"] == {"created": 24, "updated": 1}


async def test_many_imports_of_one_file_at_once(desk: Desk, deliver: Deliver) -> None:
    jobs_of_all = [await desk.start(people(25)) for _ in range(4)]
    waiting = list(jobs_of_all)
    while waiting:
        outcomes = await asyncio.gather(*(deliver(job) for job in waiting), return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, Later) for outcome in outcomes), outcomes
        waiting = [job for job, outcome in zip(waiting, outcomes, strict=True) if outcome is not None]
    counts = [(await desk.job(job))["counts"] for job in jobs_of_all]
    assert sorted(counts, key=str) == [{"created": 25}, *[{"unchanged": 25}] * 3]
    assert len(await desk.staff()) == 25


async def test_jobs_of_others(desk: Desk, other_desk: Desk, app: FastAPI) -> None:
    job = await desk.imported(workbook(TITLES, ("A001", None)))
    platform = Desk(app, desk.client, desk.owner_connection, await identity.admin(app))
    for stranger in (other_desk, platform):
        for method, path in (("GET", ""), ("GET", "/row-errors"), ("POST", "/cancel")):
            await stranger.refused(404, "not_found", method, f"/jobs/{job['id']}{path}")
        assert (await stranger.ok("GET", "/jobs"))["items"] == []
    listed = await desk.ok("GET", "/jobs?kind=staff.import_employees&status=succeeded&with_total=true")
    assert [item["id"] for item in listed["items"]] == [job["id"]] and listed["total"] == 1


async def test_a_queue_does_not_grow_without_end(desk: Desk, other_desk: Desk) -> None:
    file = (await desk.upload(people(1))).json()
    body = {"file_id": file["id"], "mode": "valid_only"}
    started = [await desk.ok("POST", "/employees/imports", json=body) for _ in range(20)]
    answer = await desk.send("POST", "/employees/imports", json=body)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "too_many_jobs", "30")
    await other_desk.start(people(1))
    await desk.ok("POST", f"/jobs/{started[0]['id']}/cancel")
    await desk.ok("POST", "/employees/imports", json=body)
