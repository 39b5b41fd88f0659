"""What is wrong with a column map for every row of a file, told once and before the first of them.

Its words are the map's own and no patient's, so they may be told.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from fhir_mappings.errors import Fault
from service.api.bodies import JsonBody
from service.api.v1.import_ends import read_end, without_end
from service.api.v1.import_map import ImportMap
from service.api.v1.response_body import read_response_body
from service.errors import FaultsInRequest
from service.flows.deployment import Deployment

_UNKNOWN = "unknown-column"
# Of a respondent it hangs on the row's patient and therapist too.
_OF_THE_ROW = frozenset({"wrong-respondent"})


def find_map_faults(mapped: ImportMap, wanted: Collection[str], ours: Collection[str]) -> Iterator[Fault]:
    """Yield a fault for each column of a map that is none of ours, and for words that no column has."""
    for name in mapped.columns or ():
        if name not in ours:
            yield Fault(f"columns.{name}", _UNKNOWN, "There is no such column of ours.")
    for pattern in mapped.values:
        if not any(fnmatchcase(name, pattern) for name in wanted):
            yield Fault(f"values.{pattern}", _UNKNOWN, "None of the columns is called so.")


def find_constant_faults(
    constants: Mapping[str, str],
    fields: Collection[str],
    read: Callable[[str, str], Any],
    deployment: Deployment,
) -> Iterator[Fault]:
    """Yield a fault for each constant that is no field of a row, or whose value no row could have."""
    for name in constants:
        if name not in fields:
            yield Fault(f"constants.{name}", _UNKNOWN, "A constant is a field of a response, and no answer.")
    body = {name: read(name, text) for name, text in constants.items() if name in fields}
    for fault in _faults_of_body(body, deployment):
        if fault.at in body and fault.reason not in _OF_THE_ROW:
            yield replace(fault, at=f"constants.{fault.at}")


def _faults_of_body(body: dict[str, Any], deployment: Deployment) -> Iterator[Fault]:
    yield from read_end(body, deployment)[1]
    try:
        read_response_body(JsonBody(b"", without_end(body)), deployment, "import")
    except FaultsInRequest as refused:
        yield from refused.faults
