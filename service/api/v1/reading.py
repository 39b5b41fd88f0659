"""What the routes of /v1 have in common: the audit's rows of reads, and answers as JSON."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.responses import Response

from fhir_mappings import json_text
from service.api.doors import Doors
from service.flows.deployment import Access


@contextmanager
def audited(doors: Doors, access: Access, subject: str = "") -> Iterator[set[str]]:
    """Add the audit's rows once what is inside has read; ``subject`` is an id of ours.

    Gives a set: what is inside puts in it the references of all patients that it read of. What is refused
    inside gets its row where refusals are answered, without a subject: that is the caller's text.
    """
    patients: set[str] = set()
    yield patients
    doors.audit_read(access, subject, patients=patients)


def answer(content: object, headers: dict[str, str] | None = None) -> Response:
    """Return 200 with this content; decimals keep their digits."""
    return Response(json_text.dumps(content), 200, headers, "application/json")
