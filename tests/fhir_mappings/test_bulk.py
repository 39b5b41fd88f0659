"""What a bulk export says beside its resources."""

from fhir_mappings.bulk import Exported, ExportedFile, to_deletions, to_manifest, to_note
from fhir_mappings.structure import check_structure


def test_files_stand_where_their_types_belong():
    files = [ExportedFile(kind, f"u/{kind}", 1) for kind in ("Task", "Bundle", "OperationOutcome")]
    manifest = to_manifest(Exported("r", "2026-03-02T12:00:00.123000Z", requires_token=True, files=files))

    places = {part: [one["type"] for one in manifest[part]] for part in ("output", "deleted", "error")}
    assert places == {"output": ["Task"], "deleted": ["Bundle"], "error": ["OperationOutcome"]}
    assert manifest["transactionTime"] == "2026-03-02T12:00:00.123Z"


def test_deletions_are_a_transaction():
    bundle = to_deletions(["Task/1"], "2026-03-02T12:00:00.000000Z")

    assert check_structure(bundle) == []
    assert bundle["entry"] == [{"request": {"method": "DELETE", "url": "Task/1"}}]


def test_a_note_is_an_outcome():
    assert check_structure(to_note("left out")) == []
