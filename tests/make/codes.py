"""Codes out of the messages that carry them."""

import re
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from make.jobs import deliver_messages

PASSWORD = "Correct-Horse-7"


def code_in(message: dict[str, Any]) -> str:
    """The six digits of one message."""
    found = re.search(r"[:：] ?(\d{6})\b", message["text"])
    assert found is not None, message["template"]
    return found[1]


def another(code: str) -> str:
    """Six digits that are not `code`."""
    return f"{(int(code) + 1) % 1_000_000:06}"


async def codes(app: FastAPI, connection: asyncpg.Connection) -> dict[str, str]:
    """Deliver what waits; the code that each number or address got."""
    delivered = await deliver_messages(app, connection)
    return {message["to"]: code_in(message) for message in delivered if message["template"].startswith("code_")}


async def forget_quotas(connection: asyncpg.Connection) -> None:
    """As if the time between two codes had passed."""
    await connection.execute("DELETE FROM code_quotas")


def application(username: str, phone: str, email: str, **more: Any) -> dict[str, Any]:
    """A body to register with, without codes."""
    owner = {"username": username, "password": PASSWORD, "phone": phone, "email": email}
    return {"kind": "supplier", "name": "云海山旅游发展公司", "owner": owner} | more


async def with_codes(
    app: FastAPI, client: httpx.AsyncClient, connection: asyncpg.Connection, body: dict[str, Any]
) -> dict[str, Any]:
    """The body with the codes that were asked for phone and e-mail."""
    owner = body["owner"]
    for to in (owner["phone"], owner["email"]):
        asked = await client.post("/api/v1/auth/register/codes", json={"to": to})
        assert asked.status_code == 202, asked.text
    got = list((await codes(app, connection)).values())
    return body | {"owner": owner | {"phone_code": got[0], "email_code": got[1]}}
