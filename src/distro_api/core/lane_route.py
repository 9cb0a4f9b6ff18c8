"""The route class of endpoints that use a lane: FastAPI describes them, this class calls them.

Such an endpoint takes only what is named here, so that its request needs none of FastAPI's general resolution of
dependencies, which costs several times what the lane itself does:

* the body as a pydantic model, validated from its bytes; path parameters that are UUIDs;
* the caller (`Require`), the idempotency key, `Request`;
* `Depends` on a coroutine function of the request alone.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import UUID

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.params import Depends, Security
from pydantic import BaseModel, TypeAdapter, ValidationError

from distro_api.core.admission import Handler, admission
from distro_api.core.idempotency import IdempotentRoute, optional_key, required_key

Taker = Callable[[Request], Awaitable[Any]]


class LaneRoute(IdempotentRoute):
    """Endpoints marked by `handles_keys` are called directly; others as everywhere.

    `app.state.authenticate(scopes, request)` answers the caller or refuses, as the security dependency does.
    """

    def get_route_handler(self) -> Handler:
        if not getattr(self.endpoint, "handles_keys_itself", False):
            return super().get_route_handler()
        endpoint: Callable[..., Awaitable[Response]] = self.endpoint
        takers = _takers(self.endpoint, self.param_convertors.keys())

        admit = admission(self)

        async def call(request: Request) -> Response:
            await admit(request)
            values = [await take(request) for take in takers]
            return await endpoint(*values)

        return call


def _takers(endpoint: Callable[..., Any], path_names: Any) -> Sequence[Taker]:
    """How each argument is taken from a request, in the endpoint's order: name the caller first."""
    hints = get_type_hints(endpoint, include_extras=True)
    return [_taker(name, hints[name], name in path_names) for name in inspect.signature(endpoint).parameters]


def _taker(name: str, hint: Any, in_path: bool) -> Taker:
    if in_path:
        return _path_taker(name)
    if hint is Request:
        return _itself
    if get_origin(hint) is Annotated:
        marks = [mark for mark in get_args(hint)[1:] if isinstance(mark, Depends)]
        if marks:
            return _dependency_taker(marks[0])
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return _body_taker(hint)
    raise TypeError(f"a lane's endpoint can't take {name}: {hint}")


async def _itself(request: Request) -> Request:
    return request


def _path_taker(name: str) -> Taker:
    async def take(request: Request) -> UUID:
        try:
            return UUID(request.path_params[name])
        except ValueError as error:
            found = {
                "type": "uuid_parsing",
                "loc": ("path", name),
                "msg": str(error),
                "input": request.path_params[name],
            }
            raise RequestValidationError([found]) from error

    return take


def _dependency_taker(mark: Depends) -> Taker:
    if isinstance(mark, Security):
        scopes = list(mark.scopes or ())

        async def caller(request: Request) -> Any:
            return await request.app.state.authenticate(scopes, request)

        return caller
    if mark.dependency in (required_key, optional_key):
        check = mark.dependency

        async def key(request: Request) -> str | None:
            found: str | None = await check(request.headers.get("idempotency-key"))
            return found

        return key
    assert mark.dependency is not None
    return mark.dependency


def _body_taker(model: type[BaseModel]) -> Taker:
    adapter: TypeAdapter[BaseModel] = TypeAdapter(model)

    async def body(request: Request) -> BaseModel:
        try:
            return adapter.validate_json(await request.body())
        except ValidationError as error:
            found = [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
            raise RequestValidationError(found) from error

    return body
