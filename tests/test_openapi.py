"""The OpenAPI document is fit to work from: titles, capabilities, refusals, examples."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from jsonschema_rs import validator_for

from distro_api.core.errors import CATALOGUE
from distro_api.openapi import EXAMPLES
from distro_api.openapi.words import SOURCES, SUMMARIES, TAGS
from strangers import PUBLIC

ROOT = Path(__file__).parents[1]
OF_NO_ROUTE = {"route_not_found", "method_not_allowed"}
"""Codes of what never reaches a route."""

OF_JOBS = {
    "job_gave_up",
    "unreadable_spreadsheet",
    "spreadsheet_too_large",
    "spreadsheet_empty",
    "columns_missing",
    "columns_unknown",
    "rows_refused",
}
"""Codes of why a job failed, which `GET /jobs/{id}` tells."""

pytestmark = pytest.mark.capability("K4")
Operation = dict[str, Any]


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> dict[str, Operation]:
    """Every operation by `METHOD path`."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def answers(document: dict[str, Any], operation: Operation) -> dict[str, dict[str, Any]]:
    """Every answer by status, references followed."""
    found = {}
    for status, answer in operation["responses"].items():
        name = answer.get("$ref", "").rpartition("/")[2]
        found[status] = document["components"]["responses"][name] if name else answer
    return found


def test_every_operation_has_a_title_an_explanation_and_a_capability(operations: dict[str, Operation]) -> None:
    assert len(operations) > 90
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)
    titles = [(operation["tags"][0], operation["summary"]) for operation in operations.values()]
    assert len(set(titles)) == len(titles)
    for name, operation in operations.items():
        assert 4 <= len(operation["summary"]) <= 40, name
        assert len(operation["description"]) >= 8 and operation["description"] != operation["summary"], name
        assert operation["x-capability"], name
        assert len(operation["tags"]) == 1, name


def test_groups_stand_in_the_order_of_the_job_and_are_explained(
    document: dict[str, Any], operations: dict[str, Operation]
) -> None:
    listed = [tag["name"] for tag in document["tags"]]
    assert set(listed) == {tag for operation in operations.values() for tag in operation["tags"]}
    assert all(tag["description"] for tag in document["tags"])
    job = ("auth", "organizations", "relations", "accounts", "products", "inventory", "strategies", "offers", "orders")
    assert [name for name in listed if name in job] == list(job)
    assert document["servers"] == [{"url": "/"}]


def test_words_are_about_what_is_there(operations: dict[str, Operation]) -> None:
    ids = {operation["operationId"] for operation in operations.values()}
    parameters = {p["name"] for o in operations.values() for p in o.get("parameters", ()) if p["in"] == "path"}
    assert SUMMARIES.keys() <= ids and EXAMPLES.keys() <= ids
    assert SOURCES.keys() == parameters
    assert len(TAGS) == len({tag for operation in operations.values() for tag in operation["tags"]})


def test_all_but_signing_in_ask_who_calls(operations: dict[str, Operation]) -> None:
    public = {f"{method} {path}" for method, path in PUBLIC}
    assert {name for name, operation in operations.items() if "security" not in operation} == public


def test_every_operation_tells_how_it_can_be_refused(
    document: dict[str, Any], operations: dict[str, Operation]
) -> None:
    for name, operation in operations.items():
        told = answers(document, operation)
        refusals = {status: answer for status, answer in told.items() if status >= "400"}
        assert {"422", "500", "503"} <= refusals.keys(), name
        assert len(told) - len(refusals) == 1, f"{name} has one kind of success"
        if "security" in operation:
            assert {"401", "403"} <= refusals.keys(), name
        if any(p["in"] == "path" and p["name"] != "day" for p in operation.get("parameters", ())):
            assert "404" in refusals, name
        for status, answer in refusals.items():
            assert answer["x-codes"], f"{name} {status}"
            assert {CATALOGUE[code].status for code in answer["x-codes"]} == {int(status)}, f"{name} {status}"
            assert answer["content"].keys() == {"application/problem+json"}, f"{name} {status}"
            assert all(f"`{code}`" in answer["description"] for code in answer["x-codes"]), f"{name} {status}"


def test_every_code_of_the_catalogue_is_told(document: dict[str, Any], operations: dict[str, Operation]) -> None:
    ours = {code for code, error in CATALOGUE.items() if error.__module__.startswith("distro_api.")}
    written = (ROOT / "docs/errors.md").read_text()
    assert [code for code in sorted(ours) if f"| `{code}` |" not in written] == []
    assert set(document["components"]["schemas"]["Problem"]["properties"]["code"]["x-extensible-enum"]) == ours
    told = {
        code
        for operation in operations.values()
        for answer in answers(document, operation).values()
        for code in answer.get("x-codes", ())
    }
    assert ours - told == OF_NO_ROUTE | OF_JOBS


def dependencies(dependant: Dependant) -> Iterator[str]:
    for part in dependant.dependencies:
        yield getattr(part.call, "__name__", "")
        yield from dependencies(part)


def test_the_key_is_required_where_the_route_requires_it(app: FastAPI, operations: dict[str, Operation]) -> None:
    seen = 0
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        for method in context.methods or ():
            if (operation := operations.get(f"{method} {context.path}")) is None or dependant is None:
                continue
            key = next((p for p in operation.get("parameters", ()) if p["name"] == "Idempotency-Key"), None)
            assert (key is not None) == (method == "POST" and "security" in operation), f"{method} {context.path}"
            if key is not None:
                assert key["required"] == ("required_key" in dependencies(dependant)), f"{method} {context.path}"
                seen += key["required"]
    assert seen >= 10


def test_no_parameter_is_nullable(operations: dict[str, Operation]) -> None:
    """Null in a query or a header is a word of four letters."""
    for name, operation in operations.items():
        for parameter in operation.get("parameters", ()):
            options = parameter["schema"].get("anyOf", [parameter["schema"]])
            assert all(option.get("type") != "null" for option in options), f"{name} {parameter['name']}"


def test_every_body_has_examples_that_fit_its_schema(
    document: dict[str, Any], operations: dict[str, Operation]
) -> None:
    with_body = {o["operationId"]: o["requestBody"]["content"] for o in operations.values() if "requestBody" in o}
    no_value_known = {
        "refresh_token",
        "log_out",
        "answer_challenge",
        "confirm_second_factor",
        "renew_recovery_codes",
        "disable_second_factor",
        "reset_second_factor",
        "reset_payment_password",
        "reset_password",
        "register",
        "change_phone",
        "change_email",
    }
    assert with_body.keys() - EXAMPLES.keys() == no_value_known
    assert EXAMPLES.keys() <= with_body.keys()
    for name in EXAMPLES:
        for content in with_body[name].values():
            schema = content["schema"] | {"components": document["components"]}
            for example in content["examples"].values():
                validator_for(schema).validate(example["value"])
                assert example["summary"]
