"""Write one marked test resource into the EHR, as a person asked, and withdraw it again.

It passes by the ledger on purpose: it is no delivery, nothing retries it, and it is told at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from fhir_mappings.codes import Names
from fhir_mappings.elements import Json
from fhir_mappings.instrument import Instrument
from fhir_mappings.probe import ProbeKind, to_probe, to_withdrawn_probe
from fhir_mappings.release import to_release
from service.clock import Clock, as_instant
from service.ehr.capabilities import Capabilities
from service.ehr.client import EhrClient
from service.ehr.places import Place, etag, place_in_answer
from service.ehr.retry import Verdict, classify_answer
from service.ehr.rungs import choose_rungs
from service.ehr.told import in_words
from service.errors import EhrError
from service.flows.check_ehr import Step
from service.flows.plan_parts import single_body
from service.flows.settle_unknown import lookup_in

_KINDS: tuple[ProbeKind, ...] = ("QuestionnaireResponse", "Observation", "DocumentReference", "Communication")
_R4 = "4.0.1"
_GONE = (200, 202, 204)
_NAME = "write-probe"


@dataclass(frozen=True, slots=True)
class Probe:
    """What is needed to try a write: the EHR, what it takes, and how our resources are made."""

    client: EhrClient
    capabilities: Capabilities
    instruments: Mapping[str, Instrument]
    names: Names
    clock: Clock


def probe_ehr(probe: Probe, patient: str, *, even_for_good: bool, encounter: str | None = None) -> Step:
    """Write a test resource about a test patient in the form that a delivery would have, and withdraw it.

    Where it cannot be withdrawn nothing is written, unless ``even_for_good``. ``encounter`` is one of the
    test patient's, for EHRs that file notes into encounters only.
    """
    chosen = choose_rungs(probe.capabilities, probe.client.profile.rungs).response
    kind = next((one for one in _KINDS if one in chosen.types), None)
    if kind is None:
        return _ill("The EHR takes neither responses nor scores nor notes from us, so nothing was written.")
    offered = probe.capabilities.of(kind)
    may_update, may_delete = offered.update, offered.delete
    obstacle = _needs_encounter(probe, kind, encounter)
    if not (obstacle or may_update or may_delete or even_for_good):
        obstacle = (
            f"We can neither update nor delete a {kind} there, so nothing was written. "
            "To write a test resource that stays, say --yes."
        )
    if obstacle:
        return _ill(obstacle)
    resource = _made(probe, kind, patient, encounter)
    try:
        place = _write(probe, resource)
    except EhrError as error:
        return _ill(f"The test {kind} was sent and {in_words(error)}; look there for the tag HTEST.")
    if isinstance(place, Step):
        return place
    if not (may_update or may_delete):
        return Step(
            _NAME, well=True, sentence=f"{_at(place)} was written and stays there; it is tagged HTEST."
        )
    return _withdraw(probe, resource, place, by_update=may_update)


def _needs_encounter(probe: Probe, kind: ProbeKind, encounter: str | None) -> str:
    if kind != "DocumentReference" or encounter or not probe.client.profile.note.encounter_required:
        return ""
    return (
        "This EHR files a note into an encounter only, so nothing was written. "
        "Name one of the test patient's with --encounter."
    )


def _made(probe: Probe, kind: ProbeKind, patient: str, encounter: str | None) -> Json:
    made = to_probe(
        kind,
        probe.instruments["srs-3"],
        probe.names,
        patient=patient,
        probe_id=f"probe-{uuid4()}",
        written=as_instant(probe.clock()),
        encounter=encounter,
        note_shape=probe.client.profile.note.shape,
    )
    return to_release(made, probe.capabilities.fhir_version or _R4)


def _write(probe: Probe, resource: Json) -> Place | Step:
    kind = resource["resourceType"]
    answer = probe.client.send("POST", kind, {}, single_body(resource, "POST", kind, {}))
    outcome = classify_answer(answer, "POST", probe.clock(), probe.client.profile.answers)
    if outcome.verdict is not Verdict.CONFIRMED:
        return _ill(f"The test {kind} was not taken: {outcome.reason}.")
    place = place_in_answer(answer, kind) or _searched_place(probe, resource)
    if place is None or place.resource_type != kind:
        return _ill(f"The test {kind} was taken under an id that was not told; look for the tag HTEST.")
    return place


def _searched_place(probe: Probe, resource: Json) -> Place | None:
    """Return where it is, by a search, for an EHR that does not tell under which id it took it."""
    lookup = lookup_in(resource, probe.capabilities)
    found = probe.client.find(lookup) if lookup else ()
    return found[0].place if len(found) == 1 else None


def _withdraw(probe: Probe, resource: Json, place: Place, *, by_update: bool) -> Step:
    path = f"{place.resource_type}/{place.id}"
    try:
        if by_update:
            body = single_body(to_withdrawn_probe(resource), "PUT", path, {})
            match = {"If-Match": etag(place.version)} if place.version else {}
            answer = probe.client.send("PUT", path, match, body)
        else:
            answer = probe.client.send("DELETE", path, {}, b"")
    except EhrError as error:
        return _ill(
            f"{_at(place)} was written, but when it was withdrawn {in_words(error)}; withdraw it by hand."
        )
    if answer.status not in _GONE and not (by_update and answer.status == 201):  # noqa: PLR2004 - an HTTP status
        return _ill(f"{_at(place)} was written, but not withdrawn ({answer.status}); withdraw it by hand.")
    how = "marked as entered in error" if by_update else "deleted"
    return Step(_NAME, well=True, sentence=f"{_at(place)} was written, and {how} again.")


def _ill(sentence: str) -> Step:
    return Step(_NAME, well=False, sentence=sentence)


def _at(place: Place) -> str:
    return f"The test resource {place.resource_type}/{place.id}"
