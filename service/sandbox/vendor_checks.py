"""What products refuse although they declare the interaction, with their own codes.

Source: the project's notes on EHRs, their sections on quirks and error codes.
"""

from collections.abc import Mapping
from typing import Any

from service.sandbox.refusals import Refusal

Resource = Mapping[str, Any]
_EPIC_STATUSES = ("preliminary", "final")


def refuse_epic_response(_: Resource) -> None:
    """Refuse a response: only a questionnaire that the EHR itself assigned may be answered."""
    raise Refusal(422, "business-rule", "this questionnaire was not assigned", "59012")


def refuse_epic_observation(_: Resource) -> None:
    """Refuse a score: no flowsheet row is built for it."""
    raise Refusal(400, "processing", "no flowsheet row is mapped to the code", "59187")


def check_epic_note(note: Resource) -> None:
    """Refuse a note that is not plain text of one attachment, filed into an encounter, without author."""
    if "id" in note:
        raise Refusal(400, "processing", "only scans and lines can be updated", "59102")
    if not note.get("context", {}).get("encounter"):
        raise Refusal(400, "required", "an encounter is required", "59108")
    attachments = [one.get("attachment", {}) for one in note.get("content", [])]
    if [one.get("contentType") for one in attachments] != ["text/plain"]:
        raise Refusal(400, "value", "one attachment of text/plain is taken", "59105")
    if note.get("docStatus") not in _EPIC_STATUSES or "author" in note:
        raise Refusal(400, "value", "docStatus or author is not taken so", "59111")


def check_oracle_resource(resource: Resource) -> None:
    """Refuse what could change the meaning unseen."""
    if "implicitRules" in resource:
        raise Refusal(422, "not-supported", "implicitRules is not supported")
    if "modifierExtension" in resource:
        raise Refusal(422, "extension", "modifier extensions are not supported")


def check_canvas_response(response: Resource) -> None:
    """Refuse a new response that is not completed."""
    if "id" not in response and response.get("status") != "completed":
        raise Refusal(422, "value", "a new response must be completed")
