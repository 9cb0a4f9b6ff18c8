"""The edge: request ids, languages, problem answers, and what OpenAPI says of them."""

import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Any

import asyncpg
import structlog
from fastapi import FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import from_json, to_json
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distro_api.core import clock, tenancy
from distro_api.core.admission import is_json
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
MAX_ERRORS_TOLD = 50
MAX_TOLD_CHARACTERS = 200
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
    errors_left_out: Annotated[
        int | None, Field(description=f"How many more there are, when there are more than {MAX_ERRORS_TOLD}")
    ] = None


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


def etag(version: int, entries: int | None = None) -> str:
    """The ETag of an object: its version, and of an account the number of its entries, which move the balance shown."""
    return f'"{version}"' if entries is None else f'"{version}.{entries}"'


def etag_of(body: bytes) -> str | None:
    """The ETag of the object that an answer's body shows; None: it shows none that has a version."""
    shown = from_json(body) if body.startswith(b"{") else {}
    return etag(shown["version"], shown.get("entry_count")) if isinstance(shown.get("version"), int) else None


_TAG = re.compile(r'"?(\d+)(?:\.\d+)?"?')


def check_if_match(if_match: str | None, version: int) -> None:
    """Refuse an edit of a version that the client has not seen. Entries make no edit of an account stale.

    Raises:
        PreconditionFailed: `If-Match` names only other versions.
    """
    if if_match is None or if_match.strip() == "*":
        return
    seen = (_TAG.fullmatch(tag.strip()) for tag in if_match.split(","))
    if not any(tag is not None and tag[1] == str(version) for tag in seen):
        raise PreconditionFailed(version=version)


IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=1000, description="The ETag last seen, or several; stale: 412")
]


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
    """The peer's address; behind a proxy uvicorn has put the forwarded one here (`DISTRO_TRUSTED_PROXIES`).

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
    "form_invalid": "表单无法读取或字段过多",
    "repeated": "此参数只能给出一次",
    "too_many_values": "请求体中的值过多",
    "string_unicode": "应为有效的 Unicode 文本",
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
        loc = [_short(part) if isinstance(part, str) else part for part in error["loc"]]
        items.append({"loc": loc, "code": error["type"], "message": _short(message)})
    return items


def _short(text: str) -> str:
    """What clients wrote is not sent back to them by the megabyte."""
    return text if len(text) <= MAX_TOLD_CHARACTERS else f"{text[:MAX_TOLD_CHARACTERS]}…"


def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem_response(request, MalformedJson())
    told = error_items(found[:MAX_ERRORS_TOLD], language_of(request.headers))
    left_out = {"errors_left_out": len(found) - len(told)} if len(found) > len(told) else {}
    return problem_response(request, ValidationFailed(errors=told, **left_out))


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
    if error.status_code == 400 and not is_json(request):  # the parser of forms
        wrong = {"type": "form_invalid", "loc": ("body",), "msg": "The form cannot be read, or has too many fields"}
        return problem_response(request, ValidationFailed(errors=error_items([wrong], language_of(request.headers))))
    if error.status_code == 400:
        return problem_response(request, MalformedJson())
    response = problem_response(request, _BY_STATUS.get(error.status_code, InternalError)())
    response.headers.update(error.headers or {})
    if error.status_code == 405:  # the framework names only the methods of the first route that has the path
        response.headers["Allow"] = ", ".join(sorted(_methods_of(request)))
    return response


def _methods_of(request: Request) -> set[str]:
    """Every method that the request's path takes."""
    return {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.path_regex.match(request.url.path)
        for method in route.methods or ()
    }


def _on_disconnect(request: Request, error: Exception) -> Response:
    """The client left in the middle of its body: nobody reads this answer, and nothing is wrong here."""
    log.info("client_left", path=request.url.path, request_id=request_id(request))
    return problem_response(request, MalformedJson())


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
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(StaleDataError, _on_stale)
    for error in (DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        app.add_exception_handler(error, _on_database)
    app.add_exception_handler(Exception, _on_bug)
    app.add_middleware(RequestId)


NOT_FOUND = problems(NotFoundHere)
