"""What a route lets in: query parameters that it knows, once each, and a body of its kind and size or none.

A request that is not let in is told so only when the caller may call the route at all.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from pydantic_core import from_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distro_api.core.errors import BodyTooLarge, DomainError, MalformedJson, UnsupportedMediaType

MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_SMALL_BODY_BYTES = 16 * 1024
"""Of routes that anybody may call, and of those that take no body."""
MAX_VALUES = 20_000
"""Each value of a JSON body can be an error of its own, which costs some microseconds to find and to tell."""
FORM = "application/x-www-form-urlencoded"
READS = {"GET", "HEAD"}
SCOPE_KEY = "max_body_bytes"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Admission = Callable[[Request], Awaitable[None]]
EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])


def body_limit(size: int) -> Callable[[EndpointT], EndpointT]:
    """Declare how many bytes the body of an endpoint may have, instead of the usual limit."""

    def mark(endpoint: EndpointT) -> EndpointT:
        endpoint.max_body_bytes = size  # type: ignore[attr-defined]
        return endpoint

    return mark


class ApiRoute(APIRoute):
    """The base of every router's route class; `Admission` says what it refuses.

    `app.state.authenticate(scopes, request)` answers the caller or refuses.
    """

    def get_route_handler(self) -> Handler:
        handle, admit = super().get_route_handler(), admission(self)

        async def admitted(request: Request) -> Response:
            await admit(request)
            return await handle(request)

        return admitted

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[SCOPE_KEY] = self.max_body_bytes
        await super().handle(scope, receive, send)

    @cached_property
    def max_body_bytes(self) -> int:
        """What `BodyLimit` keeps to once the route is found."""
        usual = MAX_BODY_BYTES if self.takes_body and self.scopes else MAX_SMALL_BODY_BYTES
        declared: int = getattr(self.endpoint, "max_body_bytes", usual)
        return declared

    @property
    def scopes(self) -> list[str]:
        """The permissions that the route asks for; empty: anybody may call it."""
        named = (scope for part in _dependants(self.dependant) for scope in part.own_oauth_scopes or ())
        return list(dict.fromkeys(named))

    @property
    def takes_body(self) -> bool:
        return self.body_field is not None or self.reads_body_itself

    @property
    def reads_body_itself(self) -> bool:
        """Whether the endpoint takes the body from the request, and says in OpenAPI what it may be."""
        return "requestBody" in (self.openapi_extra or {})


def admission(route: ApiRoute) -> Admission:
    """What `route` does with a request before its endpoint sees it.

    Raises:
        RequestValidationError: an unknown or repeated query parameter; a condition (`If-Match`) that would not be looked
            at; a body where none is taken, or of too many values.
        UnsupportedMediaType, MalformedJson, BodyTooLarge
    """
    known, scopes, check_body = _query_parameters(route.dependant), route.scopes, _body_check(route)
    conditional = (route.methods or set()) <= READS or "If-Match" in _headers(route.dependant)

    async def admit(request: Request) -> None:
        try:
            if request.scope["query_string"]:
                _check_query(request, known)
            if not conditional and "if-match" in request.headers:
                raise RequestValidationError([_error("extra_forbidden", ("header", "If-Match"), "Not looked at here")])
            if check_body is not None:
                await check_body(request)
        except (DomainError, RequestValidationError):
            if scopes:
                await request.app.state.authenticate(scopes, request)
            raise

    return admit


def is_json(request: Request) -> bool:
    kind = _kind(request)
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for part in dependant.dependencies:
        yield from _dependants(part)


def _query_parameters(dependant: Dependant) -> Mapping[str, bool]:
    """Every query parameter by name, and whether it may be given more than once."""
    fields = [field for part in _dependants(dependant) for field in part.query_params]
    return {field.alias: _is_list(field.field_info.annotation) for field in fields}


def _headers(dependant: Dependant) -> set[str]:
    return {field.alias for part in _dependants(dependant) for field in part.header_params}


def _is_list(annotation: Any) -> bool:
    schema = TypeAdapter(annotation).json_schema()
    return any(option.get("type") == "array" for option in (schema, *schema.get("anyOf", ())))


def _check_query(request: Request, known: Mapping[str, bool]) -> None:
    seen: set[str] = set()
    wrong: list[dict[str, Any]] = []
    for name, _ in request.query_params.multi_items():
        if name not in known:
            wrong.append(_error("extra_forbidden", ("query", name), "There is no such parameter here"))
        elif name in seen and not known[name]:
            wrong.append(_error("repeated", ("query", name), "This parameter can be given only once"))
        seen.add(name)
    if wrong:
        raise RequestValidationError(wrong)


def _error(kind: str, loc: tuple[str, ...], message: str) -> dict[str, Any]:
    return {"type": kind, "loc": loc, "msg": message}


def _body_check(route: ApiRoute) -> Admission | None:
    if route.reads_body_itself or (route.methods or set()) <= READS:
        return None
    if route.body_field is None:
        return _check_no_body
    if isinstance(route.body_field.field_info, Form):
        return _check_form
    return _check_json if route.body_field.field_info.is_required() else _check_optional_json


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


async def _check_no_body(request: Request) -> None:
    """Nothing, blanks and an empty object are no body."""
    if not _has_body(request) or not (body := (await request.body()).strip()):
        return
    if not is_json(request):
        raise UnsupportedMediaType
    try:
        value = from_json(body)
    except ValueError as error:
        raise MalformedJson from error
    if not isinstance(value, dict):
        raise RequestValidationError([_error("model_attributes_type", ("body",), "Nothing is taken here")])
    if value:
        raise RequestValidationError(
            [_error("extra_forbidden", ("body", name), "Nothing is taken here") for name in value]
        )


async def _check_form(request: Request) -> None:
    if _kind(request) != FORM:
        raise UnsupportedMediaType


async def _check_json(request: Request) -> None:
    if not _has_body(request):
        raise RequestValidationError([_error("missing", ("body",), "Field required")])
    if not is_json(request):
        raise UnsupportedMediaType
    if (await request.body()).count(b",") >= MAX_VALUES:
        raise RequestValidationError([_error("too_many_values", ("body",), f"At most {MAX_VALUES} values")])


async def _check_optional_json(request: Request) -> None:
    if _has_body(request):
        await _check_json(request)


class BodyLimit:
    """Pure ASGI: a body over the limit is refused when it is read, before that where its length is told.

    The limit is the matched route's, which is why nothing is refused before somebody reads. The framework's own
    `max_body_size` answers in plain text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        length = int(told) if told.isdigit() else 0
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            limit = scope.get(SCOPE_KEY, MAX_BODY_BYTES)
            if length > limit:
                raise BodyTooLarge
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise BodyTooLarge
            return message

        await self.app(scope, receive_some, send)
