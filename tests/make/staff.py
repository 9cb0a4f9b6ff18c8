"""Employees and their imports, over HTTP."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from fastapi import FastAPI

from make.identity import Signed
from make.jobs import do_long_work
from make.spreadsheets import XLSX

API = "/api/v1"
TITLES = ("工号", "姓名", "部门", "岗位", "手机号", "邮箱", "状态")


@dataclass(frozen=True)
class Desk:
    """Somebody who looks after an organization's employees."""

    app: FastAPI
    client: httpx.AsyncClient
    owner_connection: asyncpg.Connection
    who: Signed

    async def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        headers = self.who.headers | how.pop("headers", {})
        return await self.client.request(method, f"{API}{path}", headers=headers, **how)

    async def ok(self, method: str, path: str, **how: Any) -> Any:
        answer = await self.send(method, path, **how)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def refused(self, status: int, code: str, method: str, path: str, **how: Any) -> Any:
        answer = await self.send(method, path, **how)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        return answer.json()

    async def hire(self, number: str, name: str = "王小明", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.ok("POST", "/employees", json={"number": number, "name": name, **more})
        return made

    async def staff(self, query: str = "") -> list[dict[str, Any]]:
        """Everybody on the list, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while cursor is not None:
            page = await self.ok(
                "GET", f"/employees?limit=200&cursor={cursor}{query}" if cursor else f"/employees?limit=200{query}"
            )
            found += page["items"]
            cursor = page["next_cursor"]
        return found

    async def upload(self, content: bytes, name: str = "员工.xlsx", **how: Any) -> httpx.Response:
        return await self.send("POST", "/files", files={"file": (name, content, how.pop("content_type", XLSX))}, **how)

    async def start(self, content: bytes, mode: str = "valid_only", **more: Any) -> dict[str, Any]:
        """The job of an import that nobody has begun yet."""
        uploaded = await self.upload(content)
        assert uploaded.status_code == 201, uploaded.text
        body = {"file_id": uploaded.json()["id"], "mode": mode, **more}
        started = await self.send("POST", "/employees/imports", json=body, headers={"Idempotency-Key": str(uuid4())})
        assert started.status_code == 202, started.text
        job: dict[str, Any] = started.json()
        return job

    async def imported(self, content: bytes, mode: str = "valid_only", **more: Any) -> dict[str, Any]:
        """The job of an import, when it is over."""
        job = await self.start(content, mode, **more)
        await do_long_work(self.app, self.owner_connection)
        return await self.job(job)

    async def job(self, job: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = await self.ok("GET", f"/jobs/{job['id']}")
        return found

    async def row_errors(self, job: dict[str, Any]) -> dict[int, list[tuple[str | None, str]]]:
        """Row → (field, code) of what was wrong."""
        page = await self.ok("GET", f"/jobs/{job['id']}/row-errors?limit=200")
        return {item["row"]: [(error["field"], error["code"]) for error in item["errors"]] for item in page["items"]}

    async def download(self, file_id: str) -> httpx.Response:
        file = await self.ok("GET", f"/files/{file_id}")
        return await self.client.get(file["url"])
