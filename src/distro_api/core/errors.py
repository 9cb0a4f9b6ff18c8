"""One catalogue of refusals: a class each, with a stable code and a text in Chinese and English (RFC 9457 bodies)."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, NamedTuple, Self
from uuid import UUID

PROBLEM_JSON = "application/problem+json"


class Text(NamedTuple):
    """One sentence in both languages of the platform; `{name}` takes the refusal's extra fields."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


RESERVED = {"type", "title", "status", "detail", "code", "instance", "request_id"}


class DomainError(Exception):
    """A refusal that a client can act on. Extra fields are part of the answer: say what would have been possible."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = ""
    title: ClassVar[Text]
    detail: ClassVar[Text | None] = None
    retry_after_s: int | None = None
    replayed = False
    """Whether an idempotency key remembered it."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(self.code)
        assert not extra.keys() & RESERVED, "an extra field must not hide a member of the problem"
        self.extra = extra

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" in cls.__dict__:
            assert cls.code not in CATALOGUE, f"two errors are called {cls.code}"
            CATALOGUE[cls.code] = cls

    def problem(self, language: str) -> dict[str, Any]:
        """The body without what belongs to the request (`instance`, `request_id`)."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": self.title.of(language),
            "status": self.status,
            "code": self.code,
        }
        if self.detail is not None:
            told = {name: _plain(value) for name, value in self.extra.items() if value is not None}
            body["detail"] = self.detail.of(language).format_map(_Extra(told))
        return body | {key: _plain(value) for key, value in self.extra.items()}

    def stored(self) -> bytes:
        """What an idempotency key remembers of a refusal; it is put in the caller's language when replayed."""
        return json.dumps({"code": self.code, "extra": _plain(self.extra)}).encode()

    @staticmethod
    def restored(stored: bytes) -> "DomainError":
        value = json.loads(stored)
        return CATALOGUE[value["code"]](**value["extra"])

    def retry_after(self, seconds: int) -> Self:
        self.retry_after_s = seconds
        return self


CATALOGUE: dict[str, type[DomainError]] = {}


class _Extra(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def _plain(value: Any) -> Any:
    """`value` as JSON says it; an instant in UTC with `Z`, as in every answer."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Mapping():
            return {key: _plain(part) for key, part in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(part) for part in value]
        case _:
            return value


class BadRequest(DomainError):
    status = 400


class Unauthorized(DomainError):
    status = 401


class Forbidden(DomainError):
    status = 403


class NotFound(DomainError):
    status = 404


class Conflict(DomainError):
    """A state conflict or a business refusal: remembered under an idempotency key."""

    status = 409


class Unprocessable(DomainError):
    status = 422


class MalformedJson(BadRequest):
    code, title = "malformed_json", Text("请求体不是有效的 JSON", "The body is not valid JSON")


class BadCursor(BadRequest):
    code, title = "bad_cursor", Text("分页游标无效或与排序不符", "The cursor is not valid for this list and order")


class IdempotencyKeyRequired(BadRequest):
    code = "idempotency_key_required"
    title = Text("缺少 Idempotency-Key 请求头", "The Idempotency-Key header is required here")


class IdempotencyKeyReused(Unprocessable):
    code = "idempotency_key_reused"
    title = Text("该幂等键已用于另一请求", "This idempotency key was used for another request")


class NotAuthenticated(Unauthorized):
    code, title = "not_authenticated", Text("未登录或令牌无效", "No valid access token was given")


class PermissionDenied(Forbidden):
    code, title = "permission_denied", Text("没有权限执行此操作", "Your role does not allow this")
    detail = Text("需要权限：{permission}", "Permission needed: {permission}")


class NotFoundHere(NotFound):
    """The one answer for what does not exist and for what belongs to somebody else."""

    code, title = "not_found", Text("未找到", "Not found")


class RouteNotFound(NotFound):
    code, title = "route_not_found", Text("没有这个接口", "There is no such endpoint")


class MethodNotAllowed(DomainError):
    status = 405
    code, title = "method_not_allowed", Text("该接口不支持此方法", "This endpoint does not take this method")


class BodyTooLarge(DomainError):
    status = 413
    code, title = "body_too_large", Text("请求体过大", "The body is too large")


class UnsupportedMediaType(DomainError):
    status = 415
    code, title = "unsupported_media_type", Text("不支持的内容类型", "This content type is not taken here")


class PreconditionFailed(DomainError):
    """`If-Match` named another version than the stored one."""

    status = 412
    code, title = (
        "precondition_failed",
        Text("对象已被他人修改，请刷新后重试", "The object has changed since you read it"),
    )
    detail = Text("当前版本：{version}", "Present version: {version}")


class ValidationFailed(Unprocessable):
    code, title = "validation_failed", Text("请求内容不符合要求", "The request does not fit what is asked for")


class NotSupportedYet(Unprocessable):
    code, title = "not_supported_yet", Text("该功能尚未开放", "This is not supported yet")
    detail = Text("尚未开放：{feature}", "Not supported yet: {feature}")


class StateConflict(Conflict):
    """The object's state does not allow the action."""

    code, title = "state_conflict", Text("当前状态不允许此操作", "The present state does not allow this")
    detail = Text("状态为 {state}，不能执行 {action}", "In state {state} there is no {action}")


class TooManyRequests(DomainError):
    status = 429
    code, title = "too_many_requests", Text("请求过于频繁，请稍后再试", "Too many requests, try again later")
    retry_after_s = 1


class Unanswered(DomainError):
    """What ended a command without an outcome of its own."""


class Overloaded(Unanswered):
    status = 503
    code, title = (
        "overloaded",
        Text("系统繁忙，请稍后用同一幂等键重试", "Busy: try again with the same idempotency key"),
    )
    retry_after_s = 1


class InternalError(Unanswered):
    status = 500
    code, title = (
        "internal_error",
        Text("系统内部错误，已记录", "Something went wrong on our side; it has been recorded"),
    )
