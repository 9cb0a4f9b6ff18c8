"""Reads compose.yaml by the rules of the Compose specification, variables and anchors resolved. Run by `make docker-lint`."""

import os
import re
from pathlib import Path

import compose_spec
import yaml

VARIABLE = re.compile(r"\$\{(\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)?\}")


def resolved(text: str) -> str:
    """The file as Compose sees it when every required variable is given."""
    text = VARIABLE.sub(lambda found: os.environ.get(found[1]) or found["default"] or "given", text)
    return str(yaml.safe_dump(yaml.safe_load(text)))


if __name__ == "__main__":
    read = compose_spec.PyCompose.from_yaml(resolved(Path("compose.yaml").read_text()))
    print("compose.yaml:", *read.service_names())
