"""Forms of files that are not read, told by what they are and what to do, and the remark of Excel that is."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence

from fhir_mappings.errors import Fault
from service.api.v1.import_map import ImportMap

_UTF_16 = Fault("", "utf-16", "The file is in UTF-16: save it as CSV UTF-8.")
_CR_ONLY = Fault(
    "",
    "no-line-feed",
    "The lines end with a carriage return alone, as of an old Mac: save it with LF or CRLF.",
)
_DELIMITERS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars"}
_QUOTED = re.compile(rb'"[^"]*"')
_SEPARATOR = re.compile(r"sep=([^\"\r\n])", re.IGNORECASE)


def foreign_file(first_line: bytes, is_csv: bool) -> Fault | None:  # noqa: FBT001 - one of two kinds
    """Return what a file is by how its first line begins, None where its lines can be read."""
    if first_line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return _UTF_16
    if is_csv and b"\r" in _QUOTED.sub(b"", first_line.rstrip(b"\r\n")):
        return _CR_ONLY
    return None


def separator_in(names: Sequence[str], delimiter: str) -> str | None:
    """Return what Excel's first line says to stand between two cells: sep=; -> ;, None where it is none."""
    told = _SEPARATOR.fullmatch(delimiter.join(names))
    return told[1] if told else None


def other_delimiter(names: Sequence[str], delimiter: str, mapped: ImportMap) -> Fault | None:
    """Return the fault of a header that another character splits, None where it has cells as it is."""
    used = {name for text in (mapped.columns or {}).values() for name in text.columns}
    if len(names) > 1 or names[0] in used:
        return None
    found = [one for one in _DELIMITERS if one in names[0] and one != delimiter]
    if not found:
        return None
    told, wanted = _DELIMITERS[found[0]], _DELIMITERS.get(delimiter, "the map's delimiter")
    written = "\\t" if found[0] == "\t" else found[0]
    advice = f'save it with {wanted}, or say delimiter = "{written}" in a map (--map).'
    return Fault("", "other-delimiter", f"The cells have {told} between them: {advice}")
