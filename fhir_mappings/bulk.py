"""What a bulk export says beside its resources: the manifest, what is gone, what was left out of account.

Source: hl7.org/fhir/uv/bulkdata/STU2/export.html.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fhir_mappings.elements import Json

NDJSON = "application/fhir+ndjson"
OUTCOME = "OperationOutcome"
DELETIONS = "Bundle"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file: the type of its resources, where it is fetched, and how many lines it has."""

    type: str
    url: str
    count: int


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that is complete: the address that was asked for, and the instant whose state it holds.

    ``transaction_time`` has six decimals: ``2026-03-02T09:50:00.123000Z``. Only three are told, as in the
    guide: some clients (fhir-bulk-java 1.0.4, and so Pathling) read no other number of them.
    """

    request: str
    transaction_time: str
    requires_token: bool
    files: Sequence[ExportedFile]


def to_manifest(exported: Exported) -> Json:
    """Return the manifest: files of outcomes stand under ``error``, those of Bundles under ``deleted``."""
    return {
        "transactionTime": _in_milliseconds(exported.transaction_time),
        "request": exported.request,
        "requiresAccessToken": exported.requires_token,
        "output": _listed(one for one in exported.files if one.type not in {OUTCOME, DELETIONS}),
        "deleted": _listed(one for one in exported.files if one.type == DELETIONS),
        "error": _listed(one for one in exported.files if one.type == OUTCOME),
    }


def to_deletions(references: Iterable[str], moment: str) -> Json:
    """Return the transaction that deletes these resources, at least one; ``moment`` is an instant."""
    entries = [{"request": {"method": "DELETE", "url": one}} for one in references]
    return {
        "resourceType": "Bundle",
        "meta": {"lastUpdated": moment},
        "type": "transaction",
        "entry": entries,
    }


def to_note(sentence: str) -> Json:
    """Return an outcome that says what was left out of account."""
    issue = {"severity": "warning", "code": "not-supported", "details": {"text": sentence}}
    return {"resourceType": OUTCOME, "issue": [issue]}


def _in_milliseconds(instant: str) -> str:
    return f"{instant.removesuffix('Z')[:-3]}Z"


def _listed(files: Iterable[ExportedFile]) -> list[Json]:
    return [{"type": one.type, "url": one.url, "count": one.count} for one in files]
