"""Platform parameters as the administrator sets them."""

from typing import Any

import httpx
from fastapi import FastAPI

from make import identity


async def set_parameter(client: httpx.AsyncClient, app: FastAPI, name: str, value: Any) -> None:
    admin = await identity.admin(app)
    answer = await client.put(f"/api/v1/parameters/{name}", json={"value": value}, headers=admin.headers)
    assert answer.status_code == 200, answer.text
