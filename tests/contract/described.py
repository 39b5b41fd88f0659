"""The description as it was written into the repository, and what answers are held against."""

import json
from pathlib import Path
from typing import Any

from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

FILE = Path(__file__).parents[2] / "openapi" / "openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


def written_description() -> dict[str, Any]:
    """Return openapi/openapi.json."""
    read: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return read


def described_operations() -> list[tuple[str, str]]:
    """Return every (method, path) in it."""
    paths = written_description()["paths"]
    return [
        (method, path) for path, operations in paths.items() for method in METHODS if method in operations
    ]
