"""The edge: request ids, languages, problem answers, and what OpenAPI says of them."""

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

import asyncpg
import structlog
from fastapi import FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distro_api.core import clock, tenancy
from distro_api.core.errors import (
    PROBLEM_JSON,
    BodyTooLarge,
    DomainError,
    InternalError,
    MalformedJson,
    MethodNotAllowed,
    NotAuthenticated,
    NotFoundHere,
    Overloaded,
    PermissionDenied,
    PreconditionFailed,
    RouteNotFound,
    StateConflict,
    UnsupportedMediaType,
    ValidationFailed,
)
from distro_api.core.failures import Failure, driver_error, failure_of
from distro_api.core.lanes import Answer

log = structlog.get_logger()
API = "/api/v1"
"""Where every router begins. Routes are added to the application as they are: one flat list is matched fastest."""
MAX_BODY_BYTES = 2 * 1024 * 1024
EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,100}$")


class ErrorItem(BaseModel):
    loc: list[str | int]
    code: str
    message: str


class Problem(BaseModel):
    """RFC 9457, with a stable `code`; some codes add fields that say what would have been possible."""

    type: str
    title: str
    status: int
    detail: str | None = None
    code: str
    instance: str
    request_id: str
    errors: list[ErrorItem] | None = None


def problems(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` for the refusals of a route, with their codes."""
    by_status: dict[int, list[type[DomainError]]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {
        status: {
            "description": "; ".join(f"`{error.code}`: {error.title.en}" for error in group),
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            "x-codes": [error.code for error in group],
        }
        for status, group in by_status.items()
    }


def capability(*rows: str) -> dict[str, Any]:
    """`openapi_extra` that names the rows of the capability list a route serves."""
    return {"x-capability": list(rows)}


def language_of(headers: Headers) -> str:
    """`zh` or `en`: the first of the two in Accept-Language by weight, Chinese when it names neither."""
    best, weight = "zh", 0.0
    for part in headers.get("accept-language", "")[:500].split(","):
        tag, _, parameters = part.strip().partition(";")
        name = tag.strip().lower().split("-", 1)[0]
        if name not in ("zh", "en"):
            continue
        try:
            q = float(parameters.strip().removeprefix("q=")) if parameters.strip() else 1.0
        except ValueError:
            continue
        if q > weight:
            best, weight = name, q
    return best


def etag(version: int) -> str:
    return f'"{version}"'


def check_if_match(if_match: str | None, version: int) -> None:
    """Refuse an edit of a version that the client has not seen.

    Raises:
        PreconditionFailed: `If-Match` names another version.
    """
    if if_match is not None and if_match.strip() not in ("*", etag(version), str(version)):
        raise PreconditionFailed(version=version)


IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=100, description="The ETag last seen; stale: 412")]


def problem_response(request: Request, error: DomainError) -> Response:
    """The refusal in the caller's language."""
    language = language_of(request.headers)
    body = error.problem(language) | {"instance": request.url.path, "request_id": request_id(request)}
    headers = {"Content-Language": "zh-CN" if language == "zh" else "en"}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if error.replayed:
        headers["Idempotency-Replayed"] = "true"
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return Response(to_json(body), error.status, headers, PROBLEM_JSON)


def json_response(value: Any) -> Response:
    """An answer that was made as its schema says: a long page is not validated and taken apart once more."""
    return Response(to_json(value), media_type="application/json")


def lane_response(outcome: object) -> Response:
    """What a lane answered, as a response.

    Raises:
        DomainError: the outcome is a refusal.
    """
    if isinstance(outcome, DomainError):
        raise outcome
    assert isinstance(outcome, Answer)
    response = Response(outcome.body, outcome.status, media_type="application/json")
    if outcome.location is not None:
        response.headers["Location"] = outcome.location
    if outcome.version is not None:
        response.headers["ETag"] = etag(outcome.version)
    if outcome.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def request_id(request: Request) -> str:
    return str(request.scope.get("request_id", ""))


def client_address(request: Request) -> str:
    """The peer's address; behind a proxy uvicorn has put the forwarded one here (`--forwarded-allow-ips`).

    Empty when it is not known: a local socket, or a forwarded text that is no IP address. It goes into records.
    """
    host, _, _scope = request.client.host.partition("%") if request.client else ("", "", "")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return ""


class RequestId:
    """Pure ASGI: takes or makes X-Request-Id, binds it to the log, and answers with it. Nobody acts yet."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
        scope["request_id"] = given if _REQUEST_ID.match(given) else str(clock.new_id())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = scope["request_id"]
            await send(message)

        with tenancy.nobody():
            await self.app(scope, receive, send_with_id)


def body_limit(size: int) -> Callable[[EndpointT], EndpointT]:
    """Declare how many bytes the body of an endpoint may have, instead of `MAX_BODY_BYTES`."""

    def mark(endpoint: EndpointT) -> EndpointT:
        endpoint.max_body_bytes = size  # type: ignore[attr-defined]
        return endpoint

    return mark


def apply_body_limit(request: Request, endpoint: Any) -> None:
    """Tell `BodyLimit` what the matched endpoint declares, before its body is read."""
    if (declared := getattr(endpoint, "max_body_bytes", None)) is not None:
        request.scope["max_body_bytes"] = declared


class BodyLimit:
    """Pure ASGI: a body over the limit is refused as a problem when it is read, before that where its length is told.

    The limit is the matched endpoint's (`body_limit`), which is why nothing is refused before somebody reads. The
    framework's own `max_body_size` answers in plain text.
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
            limit = scope.get("max_body_bytes", MAX_BODY_BYTES)
            if length > limit:
                raise BodyTooLarge
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise BodyTooLarge
            return message

        await self.app(scope, receive_some, send)


_CHINESE = {
    "missing": "缺少必填字段",
    "extra_forbidden": "不接受此字段",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不符",
    "string_type": "应为字符串",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "bool_type": "应为布尔值",
    "bool_parsing": "应为布尔值",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "enum": "应为以下之一：{expected}",
    "literal_error": "应为以下之一：{expected}",
    "uuid_parsing": "应为 UUID",
    "uuid_type": "应为 UUID",
    "date_from_datetime_parsing": "应为日期 YYYY-MM-DD",
    "date_parsing": "应为日期 YYYY-MM-DD",
    "datetime_parsing": "应为时间（RFC 3339）",
    "datetime_from_date_parsing": "应为时间（RFC 3339）",
    "timezone_aware": "时间须带时区",
    "time_parsing": "应为时间 HH:MM",
    "list_type": "应为数组",
    "dict_type": "应为对象",
    "model_attributes_type": "应为对象",
    "union_tag_not_found": "缺少类型字段",
    "union_tag_invalid": "未知的类型",
    "value_error": "{error}",
}


def error_items(errors: Iterable[Any], language: str) -> list[dict[str, Any]]:
    """What pydantic found, as clients read it."""
    items = []
    for error in errors:
        message = error["msg"]
        context = {key: str(value) for key, value in error.get("ctx", {}).items()}
        if error["type"] == "value_error":
            message = context.get("error", message)
        elif language == "zh" and error["type"] in _CHINESE:
            message = _CHINESE[error["type"]].format_map(context)
        items.append({"loc": list(error["loc"]), "code": error["type"], "message": message})
    return items


def is_of_another_kind(request: Request) -> bool:
    """Whether the request says that its body is something else than JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return (
        bool(kind) and kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json"))
    )


def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem_response(request, MalformedJson())
    if any(tuple(item["loc"]) == ("body",) for item in found) and is_of_another_kind(request):
        return problem_response(request, UnsupportedMediaType())
    return problem_response(request, ValidationFailed(errors=error_items(found, language_of(request.headers))))


def _on_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return problem_response(request, error)


_BY_STATUS: dict[int, type[DomainError]] = {
    401: NotAuthenticated,
    403: PermissionDenied,
    404: RouteNotFound,
    405: MethodNotAllowed,
    413: BodyTooLarge,
    415: UnsupportedMediaType,
}


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, DomainError):  # FastAPI read the body and met a refusal, such as its size
        return problem_response(request, error.__cause__)
    if error.status_code == 400:
        return problem_response(request, MalformedJson())
    response = problem_response(request, _BY_STATUS.get(error.status_code, InternalError)())
    response.headers.update(error.headers or {})
    return response


def constraint_of(error: IntegrityError) -> str | None:
    """The violated constraint's name, for rooms that say what it means."""
    return getattr(driver_error(error), "constraint_name", None)


def _on_stale(request: Request, error: Exception) -> Response:
    return problem_response(request, PreconditionFailed(version=None))


def _on_database(request: Request, error: Exception) -> Response:
    match failure_of(error):
        case Failure.UNREACHABLE | Failure.CONTENDED:
            log.warning("database_unavailable", error=repr(error)[:300], request_id=request_id(request))
            return problem_response(request, Overloaded())
        case Failure.REFUSED:  # a rule that no room has put into words: the facts changed between check and write
            constraint = getattr(driver_error(error), "constraint_name", None)
            log.warning("integrity_error", constraint=constraint, request_id=request_id(request))
            changed = StateConflict(state="changed", action=request.method, constraint=constraint)
            return problem_response(request, changed)
        case Failure.UNSTORABLE:
            return problem_response(request, ValidationFailed(errors=[]))
        case Failure.BUG:
            return _on_bug(request, error)


def _on_bug(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, request_id=request_id(request), exc_info=error)
    response = problem_response(request, InternalError())
    response.headers["X-Request-Id"] = request_id(request)  # this answer is made outside of RequestId
    return response


def install(app: FastAPI) -> None:
    """Problem answers for every kind of failure, and request ids."""
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(StaleDataError, _on_stale)
    for error in (DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        app.add_exception_handler(error, _on_database)
    app.add_exception_handler(Exception, _on_bug)
    app.add_middleware(BodyLimit)
    app.add_middleware(RequestId)


NOT_FOUND = problems(NotFoundHere)
