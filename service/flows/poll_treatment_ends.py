"""Read ends of treatment from the EHR's EpisodesOfCare, those of dyads that we know; a caller's word wins.

A dyad is known under each reference of its therapist.
An episode whose end is taken back there, or that is open again, takes back what it said, and nothing else.
"""

from dataclasses import replace

from fhir_mappings.episode import EpisodeEnd, end_of_episode
from service.ehr.client import Found
from service.flows.deployment import Write
from service.flows.intake import Intake
from service.flows.name_therapist import name_therapist
from service.flows.poll_changes import poll_changes
from service.flows.tell_treatment_end import NewEnd, take_in_end
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.lost_races import repeat_lost_races
from service.store.patients import (
    Alias,
    alias_at,
    find_alias,
    knows_dyad,
    lock_dyads,
    own_key_of,
    rows_of_patient,
)
from service.store.treatment_ends import TreatmentEnd, end_by_episode, keep_end

OK = 200
EPISODE = "EpisodeOfCare"


def poll_treatment_ends(intake: Intake) -> int:
    """Return how many ends were told, corrected or taken back by one pass."""
    changed = poll_changes(intake, EPISODE, lambda found: _take(intake, found), "treatment_ends_failed")
    if changed:
        intake.log.event("treatment_ends_taken", ehr=intake.ehr, count=changed)
    return changed


def _take(intake: Intake, found: Found) -> bool:
    name = f"{intake.ehr}/{EPISODE}/{found.place.id}"
    end = end_of_episode(dict(found.resource), intake.client.base_url)
    if end is not None:
        end = replace(end, therapist=name_therapist(intake, end.patient, end.therapist))
    with intake.deployment.database.read() as tx:  # most episodes are none of ours: that costs no write
        if _alias_of(tx, intake, end) is None and end_by_episode(tx, intake.clinic, name) is None:
            return False
    return _record(intake, name, end)


@repeat_lost_races
def _record(intake: Intake, name: str, end: EpisodeEnd | None) -> bool:
    deployment = intake.deployment
    with deployment.database.write() as tx:
        write = Write(tx, deployment, intake.access("U"), deployment.clock())
        alias = _alias_of(tx, intake, end)
        said = _lock_said(write, name, alias)
        changed = False
        if said is not None and not (alias and end and _is_of(write, said, alias, end)):
            changed = _take_back(write, said)
        if alias is not None and end is not None:
            changed = _tell(write, name, end, alias) or changed
    return changed


def _lock_said(write: Write, name: str, alias: Alias | None) -> TreatmentEnd | None:
    """Return what an episode says here; under the dyads' rows nobody else tells of the same end meanwhile."""
    said = end_by_episode(write.tx, write.clinic, name)
    before = alias_at(write.tx, said.alias_row) if said else None
    lock_dyads(write.tx, write.clinic, {one.patient_key for one in (alias, before) if one})
    return end_by_episode(write.tx, write.clinic, name)


def _is_of(write: Write, said: TreatmentEnd, alias: Alias, end: EpisodeEnd) -> bool:
    """Tell whether what an episode said before was of the same dyad."""
    rows = rows_of_patient(write.tx, write.clinic, alias.patient_key)
    return said.therapist == end.therapist and said.alias_row in rows


def _take_back(write: Write, said: TreatmentEnd) -> bool:
    if said.withdrawn or said.source != "ehr":
        return False
    keep_end(write.tx, replace(said, withdrawn=True, believed_from=write.now))
    add_audit(write.tx, audit_row(write.access, write.now, OK, "", said.alias_row))
    return True


def _tell(write: Write, name: str, end: EpisodeEnd, alias: Alias) -> bool:
    new = NewEnd(end.patient, end.therapist, end.ended_on, "unknown", episode=name)
    if not take_in_end(write, new, alias, end.therapist, "ehr"):
        return False
    subject = f"patient/{own_key_of(write.tx, alias)}"
    add_audit(write.tx, audit_row(write.access, write.now, OK, subject, alias.row))
    return True


def _alias_of(tx: Tx, intake: Intake, end: EpisodeEnd | None) -> Alias | None:
    """Return the patient's alias where an episode ended of a dyad that we know, else None."""
    alias = find_alias(tx, intake.clinic, end.patient) if end else None
    if end is None or alias is None or not knows_dyad(tx, intake.clinic, alias.patient_key, end.therapist):
        return None
    return alias
