"""Every operation keeps to the OpenAPI document, whatever fits its schema or does not is sent to it.

Data is generated from the document (schemathesis), the same in every run; ids in it are swapped for real ones half of the
time, so that requests get past "not found". The application runs in a loop of its own, in a thread: generators are
synchronous.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import anyio.from_thread
import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from distro_api.app import create_app
from distro_api.core.settings import Settings
from distro_api.identity.models import Kind
from distro_api.identity.permissions import PERMISSIONS
from strangers import FOREIGN, World, world

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 6, GenerationMode.NEGATIVE: 3}
LEFT_OUT = {"log_in", "get_token"}
"""Guessing at passwords is slow by design and tested by hand."""
AT_THE_END = [
    "suspend_account",
    "stop_supply_relation",
    "pause_strategy",
    "unpublish_product",
    "change_password",
    "end_my_session",
    "end_my_sessions",
    "disable_user",
    "delete_user",
    "limit_organization",
    "suspend_organization",
]
"""What takes away from the others what they work with."""

pytestmark = [pytest.mark.capability("K4"), pytest.mark.filterwarnings("default"), pytest.mark.timeout(600)]


@dataclass
class Platform:
    """The application with somebody of each kind and one of everything."""

    document: dict[str, Any]
    run: Callable[..., Any]
    world: World
    ids: dict[str, str] = field(default_factory=dict)

    def send(self, case: Case, who: Kind | None) -> httpx.Response:
        """The case as the caller of that kind sends it."""
        wanted = case.as_transport_kwargs(base_url="http://test")
        prepared = requests.Request(
            **{k: v for k, v in wanted.items() if k in requests.Request.__init__.__code__.co_varnames}
        ).prepare()
        headers = {name: value for name, value in prepared.headers.items() if name.lower() != "authorization"}
        if who is not None:
            headers |= self.caller(who)
        raw = [(n.encode("latin-1"), v if isinstance(v, bytes) else v.encode("latin-1")) for n, v in headers.items()]
        assert prepared.url is not None and prepared.method is not None
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
        answer: httpx.Response = self.run(_request, self.world.client, prepared.method, prepared.url, raw, body)
        return answer

    def caller(self, who: Kind) -> dict[str, str]:
        signed = {
            Kind.SUPPLIER: self.world.supplier,
            Kind.DISTRIBUTOR: self.world.distributor,
            Kind.ADMIN: self.world.admin,
        }[who]
        return signed.headers

    def put_in_real_ids(self, case: Case) -> None:
        for name in set(case.path_parameters or ()) & self.ids.keys():
            case.path_parameters[name] = self.ids[name]
        if isinstance(case.body, dict):
            case.body = self._known(case.body)
        if case.headers:
            case.headers.pop("If-Match", None)

    def _known(self, value: Any) -> Any:
        match value:
            case dict():
                return {
                    name: self.ids[name] if name in self.ids and part is not None else self._known(part)
                    for name, part in value.items()
                }
            case list():
                return [self._known(part) for part in value]
            case _:
                return value


async def _request(
    client: httpx.AsyncClient, method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes | None
) -> httpx.Response:
    return await client.request(method, url, headers=headers, content=body)


@contextmanager
def platform(settings: Settings) -> Iterator[Platform]:
    app = create_app(settings)
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
    ):

        async def build() -> tuple[World, dict[str, str]]:
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test"
            )
            made = await world(app, client)
            ids = {name: await made.id(name) for name in FOREIGN}
            order = await made.get("distributor", f"/orders/{ids['order_id']}")
            owned = {"supplier_id": order["supplier_id"], "distributor_id": order["distributor_id"]}
            return made, ids | owned | {"line_id": order["lines"][0]["id"]}

        made, ids = portal.call(build)
        yield Platform(app.openapi(), portal.call, made, ids)
        portal.call(made.client.aclose)


@pytest.mark.timeout(600)  # every operation many times over
@pytest.mark.parametrize("mode", list(EXAMPLES))
@pytest.mark.usefixtures("clean")
def test_answers_are_as_documented(settings: Settings, mode: GenerationMode) -> None:
    wrong: dict[str, str] = {}
    seen: Counter[str] = Counter()
    with platform(settings) as there:
        schema = schemathesis.openapi.from_dict(there.document)
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) > 90
        for operation in sorted(operations, key=_turn):
            name = operation.definition.raw["operationId"]
            if name not in LEFT_OUT:
                for who in _callers(operation):
                    _try(there, operation, who, mode, wrong, seen)
    print(dict(seen))
    assert not wrong, "\n\n".join(f"{name}\n{what}" for name, what in wrong.items())
    assert sum(seen.values()) > 500
    assert seen["2xx"] > 100 or mode is GenerationMode.NEGATIVE


def _turn(operation: APIOperation) -> int:
    name = operation.definition.raw["operationId"]
    return AT_THE_END.index(name) if name in AT_THE_END else -1


def _callers(operation: APIOperation) -> list[Kind | None]:
    """Everybody who may call it."""
    scopes = [
        scope for way in operation.definition.raw.get("security", ()) for scopes in way.values() for scope in scopes
    ]
    if not scopes:
        return [None]
    return sorted(frozenset.intersection(*(PERMISSIONS[scope].kinds for scope in scopes)) - {Kind.CUSTOMER})


def _try(
    there: Platform,
    operation: APIOperation,
    who: Kind | None,
    mode: GenerationMode,
    wrong: dict[str, str],
    seen: Counter[str],
) -> None:
    name = operation.definition.raw["operationId"]
    responses = there.document["paths"][operation.path][operation.method]["responses"]
    tries = 0

    @seed(20261001)
    @settings_of(mode)
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Case) -> None:
        nonlocal tries
        tries += 1
        if mode is GenerationMode.POSITIVE:
            if tries % 4:
                there.put_in_real_ids(case)
            if case.headers and "Idempotency-Key" in case.headers:
                case.headers["Idempotency-Key"] = str(uuid4())
        answer = there.send(case, who)
        seen[f"{answer.status_code // 100}xx"] += 1
        try:
            case.validate_response(
                answer, checks=CHECKS + ([negative_data_rejection] if mode is GenerationMode.NEGATIVE else [])
            )
            _check_code(there.document, responses, answer)
        except (Failure, FailureGroup, AssertionError) as error:
            problems = [str(part) for part in getattr(error, "exceptions", [error])]
            what = f"{name} by {who}: {answer.status_code}"
            wrong.setdefault(what, f"{case.as_curl_command()}\n{answer.text[:500]}\n" + "\n".join(problems)[:1500])

    try:
        one()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, name  # nothing in it can be wrong


def _check_code(document: dict[str, Any], responses: dict[str, Any], answer: httpx.Response) -> None:
    """A refusal's code is one that the operation tells of."""
    if answer.status_code < 400:
        return
    told = responses[str(answer.status_code)]
    if "$ref" in told:
        told = document["components"]["responses"][told["$ref"].rpartition("/")[2]]
    assert answer.json()["code"] in told["x-codes"], f"{answer.json()['code']} is not told"


def settings_of(mode: GenerationMode) -> settings:
    return settings(
        max_examples=EXAMPLES[mode],
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
