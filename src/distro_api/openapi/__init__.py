"""The OpenAPI document: operation ids for client generators, the problem schema, who may call what, every refusal."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from distro_api.core import errors
from distro_api.core.errors import CATALOGUE, DomainError
from distro_api.core.http import Problem, problems
from distro_api.core.idempotency import KEY_HEADER, IdempotencyKeyInvalid
from distro_api.identity.errors import AddressNotAllowed, PasswordChangeRequired, SecondFactorEnrolmentRequired
from distro_api.identity.permissions import for_keys
from distro_api.identity.service.keyring import START as KEY_START
from distro_api.openapi import buying, partnering, staffing, supplying
from distro_api.openapi.example import Example
from distro_api.openapi.words import DESCRIPTION, SOURCES, SUMMARIES, TAGS

SIGNED_IN = (
    errors.NotAuthenticated,
    errors.PermissionDenied,
    PasswordChangeRequired,
    SecondFactorEnrolmentRequired,
    AddressNotAllowed,
)
ANY = (errors.ValidationFailed, errors.InternalError, errors.Overloaded)
BODY = (errors.MalformedJson, errors.BodyTooLarge, errors.UnsupportedMediaType)
EXAMPLES = {**supplying.EXAMPLES, **partnering.EXAMPLES, **buying.EXAMPLES, **staffing.EXAMPLES}
KEYED = (IdempotencyKeyInvalid, errors.IdempotencyKeyReused)
SHARED = {
    ("not_authenticated",): "NotAuthenticated",
    (
        "permission_denied",
        "password_change_required",
        "second_factor_enrolment_required",
        "address_not_allowed",
    ): "NotAllowed",
    ("body_too_large",): "BodyTooLarge",
    ("unsupported_media_type",): "NotJson",
    ("internal_error",): "InternalError",
    ("overloaded",): "Overloaded",
}
"""Answers that are said once, by their codes."""

KEY_SCHEME = "ApiKey"
KEY_SECURITY = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": f"{KEY_START}...",
    "description": "A key from `POST /api/v1/api-keys`, with the scopes that the operation asks for",
}

SUCCESS = {"200": "Done, or found", "201": "Created", "204": "Done; nothing to say"}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {"description": "Yours, or one made here", "required": True, "schema": {"type": "string"}},
    "Location": {"description": "Where it can be read", "required": True, "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait", "required": True, "schema": {"type": "integer"}},
}
HEADER_OF = {"Location": ("201",), "Retry-After": ("429", "503")}


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
    tags = [{"name": name, "description": description} for name, description in TAGS.items()]
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION.strip(),
        routes=app.routes,
        tags=tags,
        servers=[{"url": "/"}],
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    problem["properties"]["code"]["x-extensible-enum"] = sorted(
        code for code, error in CATALOGUE.items() if error.__module__.startswith("distro_api.")
    )
    schemas["Problem"] = problem
    made["components"]["securitySchemes"][KEY_SCHEME] = KEY_SECURITY
    made["components"]["headers"] = HEADERS
    shared = made["components"].setdefault("responses", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _tell_of_secrets(app, made)
    for path in made.get("paths", {}).values():
        for method, operation in path.items():
            _describe(operation)
            _admit_keys(operation)
            _complete_parameters(method, operation)
            _add_problems(method, operation, shared)
            for status, answer in operation["responses"].items():
                if "$ref" not in answer:
                    answer["description"] = SUCCESS.get(status, answer["description"])
                    _add_headers(status, answer)
    for answer in shared.values():
        _add_headers(str(CATALOGUE[answer["x-codes"][0]].status), answer)
    return made


def _admit_keys(operation: dict[str, Any]) -> None:
    """An API key is another way in, where it may hold what is asked for."""
    asked = [name for way in operation.get("security", ()) for names in way.values() for name in names]
    if asked and for_keys(asked) == frozenset(asked):
        operation["security"].append({KEY_SCHEME: []})


def _tell_of_secrets(app: FastAPI, made: dict[str, Any]) -> None:
    """An answer that holds secrets has schema of its own: a replay has null there (`secret_answer`)."""
    schemas = made["components"]["schemas"]
    for route in app.routes:
        fields = getattr(route.endpoint, "secret_fields", ()) if isinstance(route, APIRoute) else ()
        if not isinstance(route, APIRoute) or not fields:
            continue
        answer = made["paths"][route.path]["post"]["responses"][str(route.status_code or 200)]
        schema = answer["content"]["application/json"]["schema"]
        name = schema["$ref"].rpartition("/")[2]
        once = deepcopy(schemas[name])
        for field in fields:
            once["properties"][field] = _once(once["properties"][field])
        once["title"] = f"{name}Once"
        schemas[once["title"]] = once
        schema["$ref"] = f"#/components/schemas/{once['title']}"


def _once(shown: dict[str, Any]) -> dict[str, Any]:
    """A schema that takes null too."""
    told: dict[str, Any] = {name: shown.pop(name) for name in ("title", "description") if name in shown}
    options: list[Any] = shown.get("anyOf", [shown])
    if {"type": "null"} not in options:
        options = [*options, {"type": "null"}]
    sentence = "Shown once: null where the answer is repeated under its idempotency key"
    return {"anyOf": options, **told, "description": ". ".join(filter(None, (told.get("description"), sentence)))}


def _describe(operation: dict[str, Any]) -> None:
    """A title that reads as a sentence, and examples of the body."""
    name = operation["operationId"]
    operation["summary"] = SUMMARIES.get(name, name.replace("_", " ").capitalize().replace(" sku", " SKU"))
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if name in EXAMPLES:
            content["examples"] = {f"example{n}": _shown(example) for n, example in enumerate(EXAMPLES[name], 1)}


def _shown(example: Example) -> dict[str, Any]:
    shown: dict[str, Any] = {"summary": f"{example.summary} (as {example.who})", "value": example.shown()}
    if hints := example.hints():
        shown["description"] = "Put in first: " + "; ".join(hints) + "."
    return shown


def _complete_parameters(method: str, operation: dict[str, Any]) -> None:
    """Where ids come from; no null where there is only "left out"; the key that every POST of a signed-in user takes."""
    parameters = operation.setdefault("parameters", [])
    if method == "post" and "security" in operation and all(p["name"] != KEY_HEADER for p in parameters):
        parameters.append({"name": KEY_HEADER, "in": "header", "required": False, "schema": {}})
    for parameter in parameters:
        if parameter["in"] == "path":
            parameter.setdefault("description", SOURCES[parameter["name"]])
        if parameter["name"] == KEY_HEADER:
            _describe_key(parameter)
        _without_null(parameter)
    if not parameters:
        del operation["parameters"]


def _describe_key(parameter: dict[str, Any]) -> None:
    required = bool(parameter["schema"].pop("x-required", False))
    parameter["required"] = required
    parameter["description"] = "1 to 255 visible characters; the same key gives the same answer" + (
        "" if required else ". Optional here"
    )
    parameter["schema"] = {"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$", "title": KEY_HEADER}


def _without_null(parameter: dict[str, Any]) -> None:
    schema = parameter["schema"]
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        del schema["anyOf"]
        parameter["schema"] = schema | options[0]


def _add_problems(method: str, operation: dict[str, Any], shared: dict[str, Any]) -> None:
    """What every operation can answer, beside what the route says of itself."""
    answers = operation["responses"]
    if "application/json" in answers.get("422", {}).get("content", {}):  # FastAPI's own, which we do not send
        del answers["422"]
    parameters = {parameter["name"] for parameter in operation.get("parameters", ())}
    possible: list[type[DomainError]] = [*ANY]
    if "security" in operation:
        possible += SIGNED_IN
        if method != "get":
            possible.append(errors.StateConflict)  # a rule of the database that fires between check and write
    if method != "get":
        possible += BODY  # also where no body is taken: whatever comes is looked at
    if "cursor" in parameters:
        possible.append(errors.BadCursor)
    if KEY_HEADER in parameters:
        possible += KEYED
    if "If-Match" in parameters:
        possible.append(errors.PreconditionFailed)
    told = [code for answer in answers.values() for code in answer.get("x-codes", ())]
    known = [*(CATALOGUE[code] for code in told), *(error for error in possible if error.code not in told)]
    for status, answer in problems(*known).items():
        answers[str(status)] = _shared(answer, shared)
    operation["responses"] = dict(sorted(answers.items()))


def _shared(answer: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """A reference to a component, for answers that many operations give in the same words."""
    if (name := SHARED.get(tuple(answer["x-codes"]))) is None:
        return answer
    shared[name] = answer
    return {"$ref": f"#/components/responses/{name}"}


def _add_headers(status: str, answer: dict[str, Any]) -> None:
    """What stands in every answer, and what a status brings with it."""
    names = ["X-Request-Id", *(name for name, statuses in HEADER_OF.items() if status in statuses)]
    answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
