"""Documents made from the code, so that they say what it does: OpenAPI, the errors, who serves which capability."""

import ast
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from distro_api.core.errors import DomainError, Text

METHODS = ("get", "post", "put", "patch", "delete")


def openapi_text(document: Mapping[str, Any]) -> str:
    """The OpenAPI document in one form for all machines."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def errors_text(catalogue: Mapping[str, type[DomainError]]) -> str:
    """Every refusal, by status and code."""
    rows = sorted(catalogue.values(), key=lambda error: (error.status, error.code))
    lines = [
        "# Errors",
        "",
        "Made by `distro errors --write` from the code. Every answer that is not a success is "
        "`application/problem+json` (RFC 9457) with one of these codes; `title` and `detail` follow `Accept-Language`.",
        "",
        "| code | status | 中文 | English | detail |",
        "|---|---|---|---|---|",
    ]
    for error in rows:
        detail = "" if error.detail is None else _cell(f"{error.detail.zh} / {error.detail.en}")
        lines.append(
            f"| `{error.code}` | {error.status} | {_cell(error.title.zh)} | {_cell(error.title.en)} | {detail} |"
        )
    return "\n".join(lines) + "\n"


def messages_text(wordings: Iterable[tuple[str, tuple[Text, Text]]], fields_of: Callable[[str], list[str]]) -> str:
    """Every template of a message with its variables, in the order in which a provider numbers them."""
    lines = [
        "# Messages",
        "",
        "Made by `distro messages --write` from the code. SMS providers send by a template of their own: register each "
        "text below with its variables, and tell the codes in `DISTRO_SMS_TEMPLATES`, for example "
        '`{"code_registration": "SMS_1", "code_registration.en": "SMS_2"}`. Alibaba Cloud takes variables by name, Tencent '
        "Cloud by number: `{1}` is the first one named here (English texts: in the order of the text). Without a code for "
        "English, the Chinese one is sent; a template without a code cannot be sent by SMS. Mails are sent as they stand "
        "here. The signature that a provider puts before an SMS replaces the one in brackets.",
        "",
        "| template | variables | 中文 | English |",
        "|---|---|---|---|",
    ]
    for name, (_, text) in sorted(wordings):
        variables = ", ".join(f"`{field}`" for field in fields_of(text.zh))
        lines.append(f"| `{name}` | {variables} | {_cell(text.zh)} | {_cell(text.en)} |")
    return "\n".join(lines) + "\n"


def capabilities_text(
    rows: Iterable[Mapping[str, str]], document: Mapping[str, Any], tests: Mapping[str, list[str]]
) -> str:
    """Each row of the capability list with its operations and the tests that show it.

    Raises:
        ValueError: an operation or a test names a row that is not on the list.
    """
    listed = list(rows)
    operations = _operations(document)
    if unknown := (operations.keys() | tests.keys()) - {row["id"] for row in listed}:
        raise ValueError(f"not on the list of capabilities: {', '.join(sorted(unknown))}")
    lines = [
        "# Capabilities",
        "",
        "Made by `distro capabilities --write`: operations by `x-capability` of the OpenAPI document, tests by the "
        "`capability` markers in them. A row without either is not built yet.",
    ]
    group = None
    for row in listed:
        if row["group"] != group:
            group = row["group"]
            lines += ["", f"## {group}", "", "| row | what | operations | tests |", "|---|---|---|---|"]
        shown = "<br>".join(f"`{name}`" for name in operations.get(row["id"], []))
        shown_tests = "<br>".join(tests.get(row["id"], []))
        lines.append(f"| {row['id']} | {_cell(row['title'])} | {shown} | {shown_tests} |")
    return "\n".join(lines) + "\n"


def _operations(document: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in METHODS:
                for row in operation.get("x-capability", ()):
                    found.setdefault(row, []).append(operation["operationId"])
    return {row: sorted(names) for row, names in found.items()}


def tests_by_capability(folder: Path) -> dict[str, list[str]]:
    """Files with tests below `folder` by the rows that `capability` markers in them name; the files are only read."""
    found: dict[str, set[str]] = {}
    for file in sorted(folder.rglob("test_*.py")):
        module = ast.parse(file.read_text())
        everywhere = [
            row
            for node in module.body
            if isinstance(node, ast.Assign) and any(_is_name(target, "pytestmark") for target in node.targets)
            for row in _marked(node.value)
        ]
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                named = [row for decorator in node.decorator_list for row in _marked(decorator)]
                for row in dict.fromkeys([*everywhere, *named]):
                    found.setdefault(row, set()).add(file.relative_to(folder).as_posix())
    return {row: sorted(files) for row, files in found.items()}


def _marked(node: ast.AST) -> Iterator[str]:
    """The rows of every `pytest.mark.capability(...)` inside the expression."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "capability":
            yield from (str(value.value) for value in call.args if isinstance(value, ast.Constant))


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
