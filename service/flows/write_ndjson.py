"""Write an export into a folder at one go, for a command: the lines of a bulk export of the FHIR door."""

from contextlib import closing
from pathlib import Path

from fhir_mappings import json_text
from fhir_mappings.bulk import Exported, ExportedFile, to_manifest
from service.export_files import ExportWriter, PartFile
from service.flows.changed_definitions import changed_definitions
from service.flows.deployment import Deployment
from service.flows.render_resources import Selection, next_piece, opening_lines, patient_lines

MANIFEST = "manifest.json"


def write_ndjson(deployment: Deployment, selection: Selection, folder: Path) -> int:
    """Return how many lines were written: a file for each type, and the manifest when all are there."""
    definitions = changed_definitions(deployment, selection)
    with ExportWriter(folder, ()) as writer:
        with deployment.database.read() as tx:
            writer.write(opening_lines(tx, deployment, selection, definitions))
        after: int | None = 0
        while after is not None:
            after = _write_piece(writer, deployment, selection, after)
        files = writer.finish()
    write_manifest(folder, selection.until, files)
    return sum(one.lines for one in files)


def write_manifest(folder: Path, until: str, files: tuple[PartFile, ...]) -> None:
    """Write the manifest, whose addresses are the names of the files."""
    listed = [ExportedFile(one.type, one.name, one.lines) for one in files]
    manifest = to_manifest(Exported("python -m service export", until, requires_token=False, files=listed))
    file = folder / MANIFEST
    file.touch(mode=0o600)
    file.write_bytes(json_text.dumps_indented(manifest))


def _write_piece(
    writer: ExportWriter, deployment: Deployment, selection: Selection, after: int
) -> int | None:
    """Return the last patient that was written; None at the end."""
    with deployment.database.read() as tx:
        patients = next_piece(tx, deployment, selection, after)
        with closing(patient_lines(tx, deployment, selection, patients)) as lines:
            writer.write(lines)
    return patients[-1].alias_row if patients else None
