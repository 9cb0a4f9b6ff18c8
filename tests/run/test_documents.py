"""Documents in the repository say what the code does."""

import json
from pathlib import Path

import pytest
from fastapi import FastAPI

from distro_api.core import documents
from distro_api.core.errors import CATALOGUE
from distro_api.notifications.service.templates import WORDINGS, fields_of

ROOT = Path(__file__).parents[2]
ROWS = json.loads((ROOT / "docs/capability-rows.json").read_text())


@pytest.mark.capability("K4")
def test_the_openapi_document_is_the_applications(app: FastAPI) -> None:
    assert (ROOT / "openapi/openapi.json").read_text() == documents.openapi_text(app.openapi()), "run `make openapi`"


def test_every_error_code_is_documented(app: FastAPI) -> None:
    ours = {code: error for code, error in CATALOGUE.items() if error.__module__.startswith("distro_api.")}
    assert (ROOT / "docs/errors.md").read_text() == documents.errors_text(ours), "run `make openapi`"


def test_every_message_is_documented() -> None:
    assert (ROOT / "docs/messages.md").read_text() == documents.messages_text(WORDINGS.items(), fields_of), (
        "run `make openapi`"
    )


def test_the_list_of_capabilities_is_true(app: FastAPI) -> None:
    found = documents.tests_by_capability(ROOT / "tests")
    made = documents.capabilities_text(ROWS, app.openapi(), found)
    assert (ROOT / "docs/capabilities.md").read_text() == made, "run `make openapi`"


def test_every_operation_names_its_capability(app: FastAPI) -> None:
    operations = [operation for path in app.openapi()["paths"].values() for operation in path.values()]
    assert [o["operationId"] for o in operations if not o.get("x-capability")] == []
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))


def test_unknown_rows_are_refused(app: FastAPI) -> None:
    with pytest.raises(ValueError, match="Z9"):
        documents.capabilities_text(ROWS, app.openapi(), {"Z9": ["x.py"]})


def test_markers_are_found_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\npytestmark = pytest.mark.capability('I1')\n"
        "@pytest.mark.capability('R1', 'R2')\nasync def test_a(): ...\ndef helper(): ...\n"
    )
    assert documents.tests_by_capability(tmp_path) == {row: ["test_some.py"] for row in ("I1", "R1", "R2")}
