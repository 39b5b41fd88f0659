"""The end of a treatment in a row of an import: two fields beside those of a response."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from fhir_mappings.errors import Fault
from service.api.v1.fields import Fields
from service.flows.check_treatment_end import find_end_faults
from service.flows.deployment import Deployment
from service.store.treatment_ends import END_REASONS, EndReason

ENDED, REASON = "treatment_ended", "treatment_end_reason"
# The fields, and what a template says of them.
END_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        ENDED: "when the treatment with this therapist ended, in any row of it; a session after it voids it",
        REASON: f"why: one of {', '.join(END_REASONS)}; unknown where the cell is empty",
    }
)
_PLACES = {"date": ENDED, "reason": REASON}


def read_end(
    value: Mapping[str, Any], deployment: Deployment
) -> tuple[tuple[str, EndReason] | None, tuple[Fault, ...]]:
    """Return date and reason of the end that a row tells, None where it tells none, and its faults."""
    told = {name: value[name] for name in END_FIELDS if value.get(name) is not None}
    if not told:
        return None, ()
    fields = Fields(told, tuple(END_FIELDS))
    ended_on, reason = fields.text(ENDED), fields.text(REASON) or "unknown"
    fields.faults += [one for one in _faults(ended_on, reason, deployment) if fields.is_sound(one.at)]
    if fields.faults or ended_on is None:
        return None, tuple(fields.faults)
    return (ended_on, reason), ()  # type: ignore[return-value] # one of the words allowed


def without_end(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's body as the response that it is."""
    return {name: one for name, one in value.items() if name not in END_FIELDS}


def _faults(ended_on: str | None, reason: str, deployment: Deployment) -> Iterator[Fault]:
    for fault in find_end_faults(ended_on, reason, deployment.clock()):
        yield replace(fault, at=_PLACES[fault.at])
