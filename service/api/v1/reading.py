"""What the routes of /v1 have in common: the audit's rows of reads and refusals, and answers as JSON."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.responses import Response

from fhir_mappings import json_text
from service.api.doors import Doors
from service.errors import Duplicate, RequestRefused
from service.flows.deployment import Access


@contextmanager
def audited(doors: Doors, access: Access, subject: str = "") -> Iterator[None]:
    """Add the audit's row once what is inside has read, or was refused; ``subject`` is an id of ours.

    What was asked for and not found is the caller's text, so its row has no subject.
    """
    try:
        yield
    except RequestRefused as refusal:
        doors.audit_read(access, status=refusal.status)
        raise
    doors.audit_read(access, subject)


@contextmanager
def refusals_audited(doors: Doors, access: Access) -> Iterator[None]:
    """Add the audit's row of a write that is refused inside; one that is done adds its own.

    A ``Duplicate`` of a new response has its row already, from the flow that found it.
    """
    try:
        yield
    except RequestRefused as refusal:
        if not (isinstance(refusal, Duplicate) and access.action == "C"):
            doors.audit_read(access, status=refusal.status)
        raise


def answer(content: object, headers: dict[str, str] | None = None) -> Response:
    """Return 200 with this content; decimals keep their digits."""
    return Response(json_text.dumps(content), 200, headers, "application/json")
