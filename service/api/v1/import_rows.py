"""Read the rows of a file that is imported: each becomes the body that ``POST /v1/responses`` would take.

So a row is checked by what checks a body, with the same reasons; its faults name the file's own columns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from service.api.bodies import JsonBody, parse_object
from service.api.v1.import_cells import LONG_LINE, Cells
from service.api.v1.import_columns import Columns, read_header
from service.api.v1.import_ends import END_FIELDS, read_end, without_end
from service.api.v1.import_forms import foreign_file, other_delimiter, separator_in
from service.api.v1.import_lines import Lines, LongLine
from service.api.v1.import_map import OWN_TEMPLATE, ImportMap
from service.api.v1.response_body import FIELDS, read_response_body
from service.errors import FaultsInRequest
from service.flows.deployment import Deployment
from service.flows.record_batch import ImportRow
from service.flows.tell_treatment_end import NewEnd

FileKind = Literal["csv", "ndjson"]
_NO_HEADER = Fault("", "no-header", "The file has no line with the names of its columns.")


def read_file(
    pieces: Iterable[bytes], kind: FileKind, deployment: Deployment, mapped: ImportMap = OWN_TEMPLATE
) -> "CsvFile | NdjsonFile":
    """Return the file that comes in these pieces; of a CSV the header is read at once.

    Raises ``FaultsInRequest`` for a header that is none, and for a file of another kind.
    """
    lines = Lines(pieces, deployment.settings.max_body_bytes)
    if fault := foreign_file(next(lines.ahead(1), b""), kind == "csv"):
        raise FaultsInRequest([fault])
    return NdjsonFile(lines, deployment) if kind == "ndjson" else CsvFile(lines, deployment, mapped)


class NdjsonFile:
    """A file with a body of ``POST /v1/responses`` on each line."""

    def __init__(self, lines: Lines, deployment: Deployment) -> None:
        self._lines = lines
        self._deployment = deployment
        self._places = {*FIELDS, *END_FIELDS, *_places(deployment)}

    @property
    def line(self) -> int:
        """Return the last line that was read."""
        return self._lines.number

    @property
    def digest(self) -> str:
        """Return the digest of the file up to that line."""
        return self._lines.digest

    def skip(self, through: int) -> None:
        """Read past the lines up to this one."""
        self._lines.take(through - self.line)

    def rows(self) -> Iterator[ImportRow]:
        """Yield the rows that follow; blank lines are none."""
        for line in self._lines:
            raw = line.strip()
            if isinstance(line, LongLine):
                yield ImportRow(self.line, None, (LONG_LINE,))
            elif raw:
                yield self._row(raw)

    def _row(self, raw: bytes) -> ImportRow:
        try:
            body = parse_object(raw)
        except FaultsInRequest as refused:
            return ImportRow(self.line, None, refused.faults)
        row = _read(self.line, body, self._deployment)
        return replace(row, faults=tuple(map(self._placed, row.faults))) if row.faults else row

    def _placed(self, fault: Fault) -> Fault:
        """Return a fault at a place of ours: any other key is the file's own text, and the report is kept."""
        if fault.at in self._places:
            return fault
        outer = fault.at.partition(".")[0]
        return replace(fault, at=outer if outer in self._places else "")


class CsvFile:
    """A CSV file with a header; lines before it that begin with # are remarks."""

    def __init__(self, lines: Lines, deployment: Deployment, mapped: ImportMap) -> None:
        self._lines = lines
        self._deployment = deployment
        self._cells = Cells(lines, mapped)
        self._columns = self._read_header(mapped)
        self._cells.expect(self._columns.count)

    @property
    def line(self) -> int:
        """Return the last line that was read."""
        return self._lines.number

    @property
    def digest(self) -> str:
        """Return the digest of the file up to that line."""
        return self._lines.digest

    def skip(self, through: int) -> None:
        """Read past the lines up to this one, which ends a row."""
        self._lines.take(through - self.line)

    def rows(self) -> Iterator[ImportRow]:
        """Yield the rows that follow; blank lines are none."""
        while (cells := self._cells.next_row()) is not None:
            if isinstance(cells, Fault):
                yield ImportRow(self._cells.begins, None, (cells,))
            elif cells:
                yield self._row(self._cells.begins, cells)

    def _row(self, line: int, cells: list[str]) -> ImportRow:
        columns = self._columns
        found, faults = columns.to_body(cells)
        row = _read(line, JsonBody(json_text.dumps(found), found), self._deployment)
        if row.new is not None and not faults:
            return row
        # A cell whose value the map does not know was left out of the body: that it is missing is no news.
        known_at = {fault.at for fault in faults}
        more = [columns.placed(fault) for fault in row.faults]
        told = (*faults, *(fault for fault in more if fault.at not in known_at))
        return ImportRow(line, None, told)

    def _read_header(self, mapped: ImportMap) -> Columns:
        cells = self._cells
        while isinstance(names := cells.next_row(), list):
            if not names or names[0].startswith("#"):
                continue
            if (separator := separator_in(names, cells.delimiter)) and cells.begins == 1:
                cells.separate_by(separator)
                continue
            if other := other_delimiter(names, cells.delimiter, mapped):
                raise FaultsInRequest([other])
            return read_header(names, mapped, self._deployment)
        raise FaultsInRequest([names or _NO_HEADER])


def _places(deployment: Deployment) -> Iterator[str]:
    for form in deployment.known.values():
        yield from (f"answers.{item.link_id}" for item in form.all_items)
        yield from (f"scores.{one}" for one in form.score_by_id)


def _read(line: int, body: JsonBody, deployment: Deployment) -> ImportRow:
    end, faults = read_end(body.value, deployment)
    try:
        new = read_response_body(JsonBody(body.raw, without_end(body.value)), deployment, "import")
    except FaultsInRequest as refused:
        return ImportRow(line, None, (*refused.faults, *faults))
    if faults:
        return ImportRow(line, None, faults)
    return ImportRow(line, new, end=end and NewEnd(new.patient, new.therapist, *end))
