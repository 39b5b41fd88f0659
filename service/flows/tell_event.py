"""What one event tells a subscriber: its focus and what belongs to it, as far as that is in sight now."""

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_mappings.alert import to_detected_issue
from fhir_mappings.elements import PANEL, Json
from fhir_mappings.notification import Told
from fhir_mappings.observation import observation_id, to_observations
from service.flows.deployment import Deployment
from service.flows.load import alert_facts, filled_from
from service.flows.notifier import kind_of_topic
from service.store.alerts import find_alert
from service.store.conditions import Condition
from service.store.database import Tx
from service.store.responses import ResponseVersion, find_version
from service.store.topic_events import Notice, TopicEvent, matching_parts


def tell_event(
    tx: Tx, deployment: Deployment, notice: Notice, conditions: Sequence[Condition], *, in_full: bool
) -> Told:
    """Return what is told of a notice.

    Its number alone where nothing more may be told any longer: its patient was erased or is not to be shared,
    or the caller sees less than when it was numbered.
    """
    event = notice.event
    parts = matching_parts(tx, event, kind_of_topic(event.topic), conditions) if event else []
    if event is None or not parts:
        return Told(notice.number, notice.at)
    telling = _Telling(tx, deployment, notice.number, event, in_full)
    return telling.of_scores(parts) if event.topic == "new-score" else telling.of_alert()


@dataclass(frozen=True, slots=True)
class _Telling:
    """Tells of one event, in the version that it is about: a later one has an event of its own."""

    tx: Tx
    deployment: Deployment
    number: int
    event: TopicEvent
    in_full: bool

    def of_alert(self) -> Told:
        event = self.event
        row = find_alert(self.tx, event.clinic, event.subject_id, event.subject_version)
        resources: tuple[Json, ...] = ()
        if self.in_full and row is not None:
            resource = to_detected_issue(alert_facts(row), self.deployment.names)
            resource["meta"]["lastUpdated"] = row.believed_from
            resources = (resource,)
        return self._told([f"DetectedIssue/{event.subject_id}"], resources)

    def of_scores(self, parts: Sequence[str]) -> Told:
        """Tell of a response's scores: the panel is the focus where that is in sight."""
        event = self.event
        version = find_version(self.tx, event.clinic, event.subject_id, event.subject_version)
        if version is None:  # it was found in this transaction
            raise LookupError(event.subject_id)
        scored = self.deployment.known[version.instrument].score_by_id
        focus = PANEL if PANEL in parts else next((one for one in parts if one in scored), parts[0])
        shown = [focus, *(one for one in parts if one in scored and one != focus)]
        ids = [observation_id(event.subject_id, one) for one in shown]
        resources = self._observations(version, ids) if self.in_full else ()
        return self._told([f"Observation/{one}" for one in ids], resources)

    def _observations(self, version: ResponseVersion, ids: Sequence[str]) -> tuple[Json, ...]:
        filled = filled_from(version, self.deployment.known)
        names, codings = self.deployment.names, self.deployment.extra_codings
        made = {one["id"]: one for one in to_observations(filled, names, extra_codings=codings)}
        return tuple(made[one] for one in ids if one in made)

    def _told(self, references: Sequence[str], resources: tuple[Json, ...]) -> Told:
        focus, *context = references
        is_new = self.event.subject_version == 1
        return Told(self.number, self.event.at, focus, tuple(context), resources, created=is_new)
