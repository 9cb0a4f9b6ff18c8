"""The OpenAPI document: operation ids for client generators, the problem schema, who may call what."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy import text
from starlette.routing import BaseRoute

from distro_api.core.http import Problem

DESCRIPTION = """
Suppliers publish, distributors sell from prepaid or credit accounts, the platform keeps the rules.

Sign in with **Authorize** (username and password). Money is in minor units (fen). Errors are
`application/problem+json` with a stable `code`; send `Accept-Language: en` for English.
"""
ALWAYS = {
    "401": "`not_authenticated`: no valid access token",
    "403": "`permission_denied`, `password_change_required`: your role does not allow this",
    "422": "`validation_failed`: the request does not fit the schema",
}


def named(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """The routes, each operation named by its endpoint function: short and stable in generated clients."""
    for route in routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
        yield route


def install(app: FastAPI) -> None:
    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path in made.get("paths", {}).values():
        for operation in path.values():
            _add_problems(operation)
    return made


def _add_problems(operation: dict[str, Any]) -> None:
    """What every operation can answer, unless the route has said it better."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answers = operation["responses"]
    if "application/json" in answers.get("422", {}).get("content", {}):  # FastAPI's own, which we do not send
        del answers["422"]
    wanted = dict(ALWAYS) if "security" in operation else {"422": ALWAYS["422"]}
    if "requestBody" in operation:
        wanted["400"] = "`malformed_json`: the body is not JSON"
        wanted["413"] = "`body_too_large`: the body is too large"
    for status, description in wanted.items():
        if status in answers:
            answers[status]["description"] += "; " + description
        else:
            answers[status] = {"description": description, "content": content}


async def readiness(request: Request) -> Response:
    """Ready when the database answers; 503 with the reason otherwise."""
    try:
        async with request.app.state.database.sessions() as session:
            await session.execute(text("SELECT 1"))
    except Exception as error:  # whatever it is, this process can't serve
        return JSONResponse({"status": "unavailable", "database": type(error).__name__}, 503)
    return JSONResponse({"status": "ready"})
