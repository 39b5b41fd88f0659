"""Our definitions go to an EHR when something needs them: before it, once per version, and no others.

What a delivery needs is queued by the worker that is about to send it. While one of them is unfinished the
outbox holds back every response, so this one comes again once they are there, or parked.
"""

from fhir_mappings.elements import Json
from fhir_mappings.needed_definitions import canonicals_of_alerts, needed_definitions
from fhir_mappings.provenance import to_device
from service.ehr.capabilities import Capabilities
from service.ehr.ladder import NOTE_RUNGS
from service.ehr.lookup import logical_of
from service.ehr.rungs import choose_rungs
from service.flows.kept_definitions import DEFINITIONS
from service.flows.lane import Delivered, Lane, Work
from service.flows.record_outcome import postpone
from service.flows.wanted import Wanted
from service.store.database import Tx
from service.store.outbox import is_any_unfinished, queue_delivery


def put_definitions_first(work: Work, wanted: Wanted, capabilities: Capabilities) -> Delivered | None:
    """Queue what the EHR should hold before these resources.

    Returns the delivery given back, where something of that is still to be sent; None where this delivery
    may go on. What was found to be there once is not asked about again as long as this process runs. Of what
    the EHR takes nothing of that kind nothing is queued, and a note needs none of it.
    """
    lane, claim = work.lane, work.claim
    need = (
        wanted.form,
        any(one.get("questionnaire") == wanted.form for one in wanted.resources if wanted.form),
    )
    names_codes = any(one["resourceType"] not in NOTE_RUNGS for one in wanted.resources)
    if claim.subject_kind == "definition" or not names_codes or need in lane.definitions_there:
        return None
    taken = choose_rungs(capabilities, lane.profile.rungs).definition.types
    with lane.database.write() as tx:
        subjects = [one for one in _subjects(lane, *need) if one.partition("/")[0] in taken]
        queued = [_queue(tx, lane, subject) for subject in subjects]
        unfinished = is_any_unfinished(tx, claim.clinic, queued)
    if unfinished:
        return postpone(work, due_at=lane.now(), reason="")
    lane.definitions_there.add(need)
    return None


def device_subject(device: Json, version: str) -> str:
    """Return the Device as the subject of a delivery: one for each version of this software."""
    return f"{logical_of(device)}|{version}"


def _subjects(lane: Lane, form: str | None, whole: bool) -> list[str]:  # noqa: FBT001 - half of a key
    """Return the definitions, the Device first; the form itself only where its answers go there whole."""
    known = DEFINITIONS.of(lane.instruments, lane.names)
    # What is no response to a form is an alert.
    named = (lane.names.measures, form) if form else canonicals_of_alerts(lane.names)
    needed = needed_definitions(named, known)
    subjects = [device_subject(to_device(lane.names, lane.software_version), lane.software_version)]
    return subjects + [logical_of(one) for one in needed if whole or one["resourceType"] != "Questionnaire"]


def _queue(tx: Tx, lane: Lane, subject: str) -> str:
    return queue_delivery(
        tx,
        clinic=lane.clinic,
        ehr=lane.ehr,
        subject_kind="definition",
        subject_id=subject,
        subject_version=1,
        patient_key="",
        now=lane.now(),
        state="pending",
    )
