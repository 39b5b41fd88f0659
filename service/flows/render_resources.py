"""The lines of an export: everything of some patients, as the FHIR door serves it, at one moment."""

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from fhir_mappings import json_text
from fhir_mappings.alert import to_detected_issue
from fhir_mappings.bulk import to_deletions
from fhir_mappings.elements import Json
from fhir_mappings.filled import Filled
from fhir_mappings.flag import to_flag
from fhir_mappings.observation import observation_id, observation_parts
from fhir_mappings.task import to_task
from service.export_files import Line
from service.flows.deployment import Deployment
from service.flows.load import filled_from
from service.flows.show_resources import (
    alert_as_served,
    observations_as_served,
    provenance_as_served,
    response_as_served,
    withdrawn_as_served,
)
from service.flows.trace_scores import trace_version
from service.store.alerts import AlertRow
from service.store.database import Tx
from service.store.export_rows import (
    Believed,
    PatientLoad,
    alerts_of,
    believed_at,
    gone_between,
    next_patients,
    responses_of,
)
from service.store.responses import ResponseVersion
from service.store.search import newest_version_with

DEFINITIONS = ("Questionnaire", "CodeSystem", "ValueSet", "StructureDefinition")
OF_PATIENTS = ("QuestionnaireResponse", "Observation", "DetectedIssue", "Task", "Flag", "Provenance")
EXPORTED = (*OF_PATIENTS, *DEFINITIONS)
# The file of what is gone: each line a Bundle (hl7.org/fhir/uv/bulkdata, "deleted").
DELETED = "Bundle"
_OF_ALERTS = {"DetectedIssue": to_detected_issue, "Task": to_task, "Flag": to_flag}
# So much work is between two commits at most: some tenths of a second.
_PIECE = 1000
_DELETIONS_A_LINE = 100


@dataclass(frozen=True, slots=True)
class Selection:
    """What an export holds: these types, as believed ``until`` an instant, changed after ``since`` if given.

    ``therapist`` is whose caseload it is, a reference; None: all patients.
    """

    types: frozenset[str]
    until: str
    since: str | None = None
    therapist: str | None = None

    def believed(self, *, every: bool = False) -> Believed:
        """Return which versions of rows count."""
        return Believed(self.until, self.since, self.therapist, every)


def next_piece(tx: Tx, deployment: Deployment, selection: Selection, after: int) -> list[PatientLoad]:
    """Return the patients behind a row that make one piece of work; none at the end."""
    found: list[PatientLoad] = []
    work = 0
    for one in next_patients(tx, deployment.clinic, after, selection.therapist):
        if found and work + one.responses > _PIECE:
            break
        found.append(one)
        work += one.responses
    return found


def opening_lines(
    tx: Tx, deployment: Deployment, selection: Selection, definitions: Iterable[Json]
) -> Iterator[Line]:
    """Give what is about nobody in particular: definitions, and which resources are gone since then."""
    yield from map(_line, definitions)
    if selection.since is None:
        return
    gone = gone_between(tx, deployment.clinic, selection.since, selection.until, selection.therapist)
    wanted = [one for one in gone if one.partition("/")[0] in selection.types]
    for start in range(0, len(wanted), _DELETIONS_A_LINE):
        bundle = to_deletions(wanted[start : start + _DELETIONS_A_LINE], selection.until)
        yield Line(DELETED, json_text.dumps(bundle))


def patient_lines(
    tx: Tx, deployment: Deployment, selection: Selection, patients: Sequence[PatientLoad]
) -> Generator[Line, None, None]:
    """Give everything of these patients, few of their forms in memory at a time; closed within ``tx``."""
    rows = [one.alias_row for one in patients]
    scored = selection.types & {"QuestionnaireResponse", "Observation", "Provenance"}
    if scored:
        # A Provenance is of each version, all else of the one that counted.
        which = selection.believed(every="Provenance" in scored)
        for version in responses_of(tx, deployment.clinic, rows, which):
            yield from _response_lines(tx, deployment, selection, version)
    if selection.types & _OF_ALERTS.keys():
        for alert in alerts_of(tx, deployment.clinic, rows, selection.believed()):
            yield from _alert_lines(deployment, selection.types, alert)


def _response_lines(
    tx: Tx, deployment: Deployment, selection: Selection, version: ResponseVersion
) -> Iterator[Line]:
    types = selection.types
    counts = version.believed_until is None or version.believed_until > selection.until
    filled = filled_from(version, deployment.known)
    if counts and "QuestionnaireResponse" in types:
        yield _line(response_as_served(version, deployment))
    observations: list[Json] = []
    if counts and "Observation" in types:
        observations = observations_as_served(filled, deployment)
        yield from map(_line, observations)
        yield from map(_line, _withdrawn(tx, deployment, selection.since, version, filled))
    if "Provenance" in types:
        traced = _traced(tx, deployment, version, filled)
        if traced:
            yield _line(provenance_as_served(filled, traced, deployment))


def _traced(tx: Tx, deployment: Deployment, version: ResponseVersion, filled: Filled) -> tuple[str, ...]:
    """Return the ids of the Observations that a version gave or took away; of a first one nothing is read."""
    if version.version == 1:
        return tuple(observation_id(filled.id, part) for part in observation_parts(filled))
    return trace_version(tx, version, deployment).observations


def _withdrawn(
    tx: Tx, deployment: Deployment, since: str | None, version: ResponseVersion, filled: Filled
) -> Iterator[Json]:
    """Give the Observations that were there at ``since`` and that this version no longer has."""
    before = believed_at(tx, version.clinic, version.id, since) if since and version.version > 1 else None
    if before is None:
        return
    kept = set(observation_parts(filled))
    gone = [one for one in observation_parts(filled_from(before, deployment.known)) if one not in kept]
    for part in gone:
        last = newest_version_with(tx, version.clinic, version.id, part)
        if last is None or last.believed_until is None:
            continue
        gave = filled_from(last, deployment.known)
        made = {one["id"]: one for one in observations_as_served(gave, deployment)}
        yield withdrawn_as_served(made[observation_id(gave.id, part)], gave, last.believed_until)


def _alert_lines(deployment: Deployment, types: Collection[str], alert: AlertRow) -> Iterator[Line]:
    for kind, write in _OF_ALERTS.items():
        # A historical alert is no news: it asks for no work.
        if kind in types and (kind == "DetectedIssue" or not alert.historical):
            yield _line(alert_as_served(alert, deployment, write))


def _line(resource: Json) -> Line:
    return Line(resource["resourceType"], json_text.dumps(resource))
