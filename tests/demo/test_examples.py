"""The examples of the OpenAPI document are sent to the demo data, in their order, and work."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from distro_api import demo
from distro_api.app import create_app
from distro_api.core import clock
from distro_api.core.settings import Settings
from distro_api.identity.service.demo import DEMO_ACCOUNTS
from distro_api.openapi import EXAMPLES
from distro_api.openapi.example import Ahead, Example, Find

pytestmark = [pytest.mark.timeout(300), pytest.mark.capability("K4")]

API = "/api/v1"
SCALE = 0.03
SIGNING_IN = ("get_token", "log_in")
FORMS = {"upload_file"}
"""What is sent as a form, with a file."""
NAMED = {"put_holiday": {"day": "2030-05-06"}}
"""What stands in a path and is no id."""


class Caller:
    """The demo accounts, each signed in when it first says something."""

    def __init__(self, http: httpx.AsyncClient, settings: Settings) -> None:
        self._http, self._settings, self._tokens, self._keys = http, settings, dict[str, str](), count(1)

    async def send(self, who: str, method: str, path: str, body: Any = None, *, form: bool = False) -> httpx.Response:
        if who not in self._tokens:
            account = {"username": who, "password": DEMO_ACCOUNTS[who.rstrip("0123456789")]}
            self._tokens[who] = (await self._http.post(f"{API}/auth/login", json=account)).json()["access_token"]
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        if method == "POST":
            headers["Idempotency-Key"] = f"example-{next(self._keys)}"
        if form:
            fields = {name: value for name, value in body.items() if name != "file"}
            file = {"file": ("example", body["file"].encode())}
            return await self._http.request(method, API + path, data=fields, files=file, headers=headers)
        return await self._http.request(method, API + path, json=body, headers=headers)

    async def put_in(self, who: str, value: Any) -> Any:
        """The value with what its hints say."""
        match value:
            case Find():
                found = (await self.send(value.who or who, "GET", value.path)).json()
                for step in value.at.split("."):
                    found = found[int(step) if step.isdigit() else step]
                return found
            case Ahead():
                today = clock.local_date(clock.now(), self._settings.time_zone)
                return (today + timedelta(days=value.days)).isoformat()
            case dict():
                return {name: await self.put_in(who, part) for name, part in value.items()}
            case list():
                return [await self.put_in(who, part) for part in value]
            case _:
                return value


@pytest.fixture
async def demo_settings(
    settings: Settings, clean: None, sweep: Callable[[], Awaitable[None]]
) -> AsyncIterator[Settings]:
    await demo.load(settings, lambda step, done, total: None, SCALE)
    yield settings.model_copy(update={"demo_passwords": True})
    await sweep()


async def test_the_examples_of_the_document_work_on_the_demo_data(demo_settings: Settings) -> None:
    app = create_app(demo_settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            caller = Caller(http, demo_settings)
            paths = {
                operation["operationId"]: (method.upper(), path.removeprefix(API))
                for path, methods in app.openapi()["paths"].items()
                for method, operation in methods.items()
            }
            wrong = [
                f"{name}: {answer}"
                for name, examples in EXAMPLES.items()
                for example in examples
                if (answer := await _tried(caller, http, name, *paths[name], example)) is not None
            ]
    assert not wrong, "\n".join(wrong)


async def _tried(
    caller: Caller, http: httpx.AsyncClient, name: str, method: str, path: str, example: Example
) -> str | None:
    """What went wrong with one example."""
    if name in SIGNING_IN:
        given = {"data" if name == "get_token" else "json": example.value}
        answer = await http.post(API + path, **given)
    else:
        try:
            values = NAMED.get(name, {}) | await caller.put_in(example.who, dict(example.path))
            body = await caller.put_in(example.who, example.value)
        except (LookupError, TypeError) as error:
            return f"{example.hints()}: {error!r}"
        answer = await caller.send(example.who, method, path.format(**values), body, form=name in FORMS)
    return None if answer.is_success else f"{answer.status_code} {answer.text}"
