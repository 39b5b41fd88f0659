"""What the sandbox EHR refuses, as one exception that knows its OperationOutcome."""

from typing import Any


class Refusal(Exception):
    """A request that is answered with an OperationOutcome.

    ``status`` is the HTTP status, ``code`` the issue type (hl7.org/fhir/R4/valueset-issue-type.html),
    ``vendor_code`` a vendor's own number, '' where it has none. The text names places and rules, never a
    value that was sent.
    """

    def __init__(self, status: int, code: str, text: str, vendor_code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.vendor_code = vendor_code


def operation_outcome(code: str, text: str, vendor_code: str = "") -> dict[str, Any]:
    """Return an OperationOutcome with one issue of severity error."""
    coded = {"coding": [{"system": "urn:sandbox:vendor", "code": vendor_code}]} if vendor_code else {}
    issue = {"severity": "error", "code": code, "details": {**coded, "text": text}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def not_supported(text: str) -> Refusal:
    """Return the refusal of an interaction that the surface does not offer (405)."""
    return Refusal(405, "not-supported", text)


def multiple_matches() -> Refusal:
    """Return the refusal of a condition that several resources meet (412)."""
    return Refusal(412, "multiple-matches", "several resources match the condition")
