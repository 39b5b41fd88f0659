"""Gather the resources that one delivery wants in the EHR, and what the EHR holds of them already."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from fhir_mappings.alert import AlertFacts, to_detected_issue
from fhir_mappings.bundle import is_ours, references_in, replace_references
from fhir_mappings.elements import Json
from fhir_mappings.filled import Filled, Identifier
from fhir_mappings.flag import to_flag
from fhir_mappings.form_map import to_ehr_form
from fhir_mappings.form_names import form_canonical
from fhir_mappings.observation import to_observations, to_withdrawn
from fhir_mappings.provenance import to_device, to_provenance
from fhir_mappings.release import to_release
from fhir_mappings.response import to_response
from fhir_mappings.task import to_task
from service.ehr.capabilities import Capabilities
from service.ehr.ladder import Rung
from service.ehr.lookup import logical_of
from service.ehr.places import parse_location
from service.ehr.rungs import ALERT_TYPES, choose_for_alert, choose_for_response
from service.flows.kept_definitions import DEFINITIONS
from service.flows.lane import Lane, Work
from service.flows.load import encounter_of, filled_from, load_alert, load_filled, load_version
from service.flows.want_note import note_in, note_kind, wanted_alert_note, wanted_note
from service.flows.want_retraction import as_they_stand, newest_in, no_new_note
from service.flows.wanted import Wanted
from service.store.chart import ChartEntry, entries_of_alert, entries_of_response, read_entries
from service.store.database import Tx
from service.store.inbound import replacements
from service.store.responses import ResponseVersion

IN_ERROR: Final = "entered-in-error"
_OUR_DOORS = frozenset({"versionId", "lastUpdated"})
# Of these we know that EHRs read them as we write them; R5 is mapped, but no EHR was seen that speaks it.
_RELEASES = ("4.0", "4.3")
_R4 = "4.0.1"
_PATIENT = "Patient/"
_ALERT_DATA = tuple(f"{kind}/" for kind in ALERT_TYPES)


def gather(tx: Tx, work: Work, capabilities: Capabilities) -> Wanted:
    """Return what a claimed delivery wants in the EHR, in the FHIR release that it speaks.

    Raises ``NotFound`` for a subject that is gone.
    """
    claim, gathered = work.claim, _RETRACTIONS if work.retracts else _GATHERED
    # A statement must name its release; one that does not is taken for R4.
    release = capabilities.fhir_version or _R4
    if not release.startswith(_RELEASES):
        return Wanted((), {}, claim.subject_version, held=_other_release(release))
    wanted = gathered[claim.subject_kind](tx, work, capabilities)
    targets = {target for one in wanted.resources for target in references_in(one)}
    named_now = _replaced_patients(tx, work, targets)
    resources = tuple(
        to_release(_as_sent(replace_references(one, named_now), capabilities), release)
        for one in wanted.resources
    )
    named = {logical_of(one) for one in resources} | {target for target in targets if is_ours(target)}
    if claim.subject_kind == "response":
        named -= {name for name in named if claim.subject_id in name}  # those were read with the response
    known = read_entries(tx, claim.clinic, claim.ehr, named)
    return replace(wanted, resources=resources, chart={**known, **wanted.chart})


def _replaced_patients(tx: Tx, work: Work, targets: Iterable[str]) -> Mapping[str, str]:
    """Return who stands in the EHR now for patients whom these references name and whom it replaced."""
    patients = [target for target in targets if _PATIENT in target]
    return replacements(tx, work.claim.clinic, work.claim.ehr, patients)


def _other_release(release: str) -> str:
    told = f"FHIR {release}" if release.isascii() and release.isprintable() else "another FHIR release"
    return f"this EHR speaks {told[:40]}; we write R4 (4.0) and R4B (4.3) into EHRs"


def _alert(tx: Tx, work: Work, capabilities: Capabilities) -> Wanted:
    """Return the record, the work it asks for and, where the clinic wants one, the banner; else a note.

    What the EHR holds of it is brought up to date, a note beside the data too, whatever it takes by now.
    """
    lane, claim = work.lane, work.claim
    facts = load_alert(tx, claim.clinic, claim.subject_id, claim.subject_version)
    choice = choose_for_alert(capabilities, lane.profile.rungs)
    chart = entries_of_alert(tx, claim.clinic, claim.ehr, facts.id)
    kind = note_kind(chart, choice)
    resources: tuple[Json, ...] = ()
    if kind is None or any(logical.startswith(_ALERT_DATA) for logical in chart):
        banner = to_flag(facts, lane.names)
        resources = (to_detected_issue(facts, lane.names), to_task(facts, lane.names))
        resources += (banner,) if lane.alert_flag or logical_of(banner) in chart else ()
    if kind is None:
        return Wanted(resources, chart, facts.version, reason=choice.reason)
    encounter = encounter_of(tx, claim.clinic, facts)
    can_update = capabilities.of(kind).update
    note = wanted_alert_note(facts, chart, kind, lane, encounter=encounter, can_update=can_update)
    return replace(note, resources=(*resources, *note.resources), reason=choice.reason)


def _definition(_tx: Tx, work: Work, _capabilities: Capabilities) -> Wanted:
    lane, subject = work.lane, work.claim.subject_id
    device = to_device(lane.names, lane.software_version)
    known = [device, *DEFINITIONS.of(lane.instruments, lane.names)]
    resource = next((one for one in known if logical_of(one) == subject.partition("|")[0]), None)
    if resource is None or (resource is device and not subject.endswith(f"|{lane.software_version}")):
        return Wanted((), {}, work.claim.subject_version, held="this release no longer has this definition")
    return Wanted((resource,), {}, work.claim.subject_version)


def _response(tx: Tx, work: Work, capabilities: Capabilities) -> Wanted:
    lane, claim = work.lane, work.claim
    stored = load_version(tx, claim.clinic, claim.subject_id, claim.subject_version)
    filled = filled_from(stored, lane.instruments)
    if filled.instrument.push == "never":
        return Wanted((), {}, filled.version, held="answers on this instrument are never written to an EHR")
    chart = entries_of_response(tx, claim.clinic, claim.ehr, filled.id)
    form = _form(lane, filled)
    already_there = _already_there(stored)
    whole = not already_there and filled.instrument.push == "always"
    choice = choose_for_response(capabilities, lane.profile.rungs, whole=whole)
    kind = note_kind(chart, choice)
    if kind is not None:
        wanted = wanted_note(filled, chart, kind, lane, can_update=capabilities.of(kind).update)
        return replace(wanted, reason=choice.reason)
    observations = to_observations(filled, lane.names, extra_codings=lane.extra_codings)
    withdrawn = _withdrawn(tx, work, chart, {logical_of(resource) for resource in observations})
    resources = [*observations, *withdrawn]
    if whole and form is not None:
        resources.insert(0, form)
    if filled.status == IN_ERROR:
        # What was withdrawn before it got there need not go there.
        resources = [resource for resource in resources if logical_of(resource) in chart]
    scores = [logical_of(one) for one in resources if one["resourceType"] == "Observation"]
    if scores:
        resources.append(to_provenance(filled, scores, filled.last_updated, lane.names))
    canonical = form_canonical(filled.instrument, lane.names, filled.wording)
    reason = choice.reason if choice.rung is Rung.HELD else ""
    return Wanted(tuple(resources), {**chart, **already_there}, filled.version, form=canonical, reason=reason)


def _retracted_response(tx: Tx, work: Work, capabilities: Capabilities) -> Wanted:
    """Return what the EHR holds of a response, as it stands there but for its status, and nothing else."""
    lane, claim = work.lane, work.claim
    chart = entries_of_response(tx, claim.clinic, claim.ehr, claim.subject_id)
    stored = load_version(tx, claim.clinic, claim.subject_id, claim.subject_version)

    def as_there(version: int) -> Filled:
        held = load_filled(tx, claim.clinic, claim.subject_id, version, lane.instruments)
        return replace(held, status=IN_ERROR)

    kind = note_in(chart)
    if kind is not None:
        held = replace(as_there(newest_in(chart)), version=claim.subject_version)
        note = wanted_note(held, chart, kind, lane, can_update=capabilities.of(kind).update)
        return no_new_note(note)

    def made(version: int) -> Iterator[Json]:
        held = as_there(version)
        form = _form(lane, held)
        yield from (form,) if form is not None else ()
        yield from to_observations(held, lane.names, extra_codings=lane.extra_codings)

    newest = as_there(newest_in(chart))
    canonical = form_canonical(newest.instrument, lane.names, newest.wording)
    resources = as_they_stand(chart, made)
    return Wanted(resources, {**chart, **_already_there(stored)}, claim.subject_version, form=canonical)


def _retracted_alert(tx: Tx, work: Work, capabilities: Capabilities) -> Wanted:
    """Return what the EHR holds of an alert, as it stands there but for its end."""
    lane, claim = work.lane, work.claim
    chart = entries_of_alert(tx, claim.clinic, claim.ehr, claim.subject_id)
    told = load_alert(tx, claim.clinic, claim.subject_id, claim.subject_version)

    def as_there(version: int) -> AlertFacts:
        held = load_alert(tx, claim.clinic, claim.subject_id, version)
        return replace(
            held, status=told.status, ended_at=told.ended_at, updated_at=told.updated_at, news=told.news
        )

    def made(version: int) -> Iterator[Json]:
        held = as_there(version)
        yield from (mapped(held, lane.names) for mapped in (to_detected_issue, to_task, to_flag))

    resources, kind = as_they_stand(chart, made), note_in(chart)
    if kind is None:
        return Wanted(resources, chart, claim.subject_version)
    held = replace(as_there(newest_in(chart)), version=claim.subject_version)
    encounter = encounter_of(tx, claim.clinic, held)
    can_update = capabilities.of(kind).update
    note = wanted_alert_note(held, chart, kind, lane, encounter=encounter, can_update=can_update)
    return no_new_note(replace(note, resources=(*resources, *note.resources)))


def _form(lane: Lane, filled: Filled) -> Json | None:
    """In the EHR a response carries our identifier, not the caller's, and no answer in own words.

    Where the EHR owns the form it is a response to that one; None where nothing of it has a place there.

    SDC's profile is not claimed: to judge our root extensions by it a server must know extensions of R5, and
    HAPI, which declares the profile, refuses the response over one that it does not know (tried, 8.8.0).
    """
    ours = Identifier(lane.names.identifier("response"), filled.id)
    response = to_response(filled, lane.names, identifier=ours, texts=False)
    mapped = lane.form_maps.get(filled.instrument.id)
    return response if mapped is None else to_ehr_form(response, mapped, filled.instrument)


def _already_there(stored: ResponseVersion) -> dict[str, ChartEntry]:
    """Return the chart entry of a response that came to us out of this EHR, which we never write."""
    place = parse_location(stored.ehr_reference) if stored.ehr_reference else None
    if place is None:
        return {}
    logical = f"QuestionnaireResponse/{stored.id}"
    return {logical: ChartEntry(logical, place.id, place.version, stored.version)}


def _withdrawn(tx: Tx, work: Work, chart: Mapping[str, ChartEntry], current: set[str]) -> list[Json]:
    """Return the Observations that an earlier version had and this one has not, as entered in error."""
    lane, claim = work.lane, work.claim
    gone = [entry for logical, entry in chart.items() if logical not in current and _is_score(logical)]
    found: list[Json] = []
    for version in sorted({entry.our_version for entry in gone}):
        before = load_filled(tx, claim.clinic, claim.subject_id, version, lane.instruments)
        made = to_observations(before, lane.names, extra_codings=lane.extra_codings)
        earlier = {logical_of(one): one for one in made}
        found.extend(
            to_withdrawn(earlier[entry.logical])
            for entry in gone
            if entry.our_version == version and entry.logical in earlier
        )
    return found


def _as_sent(resource: Json, capabilities: Capabilities) -> Json:
    """Return a resource as it goes out: without our own door's marks, with profiles that the EHR declares."""
    meta = {key: value for key, value in resource.get("meta", {}).items() if key not in _OUR_DOORS}
    declared = capabilities.of(resource["resourceType"]).profiles
    profiles = [profile for profile in meta.pop("profile", []) if profile in declared]
    meta |= {"profile": profiles} if profiles else {}
    return {key: meta if key == "meta" else value for key, value in resource.items() if key != "meta" or meta}


def _is_score(logical: str) -> bool:
    return logical.startswith("Observation/")


_Gather = Callable[[Tx, Work, Capabilities], Wanted]
_GATHERED: Mapping[str, _Gather] = {"definition": _definition, "alert": _alert, "response": _response}
_RETRACTIONS: Mapping[str, _Gather] = {"alert": _retracted_alert, "response": _retracted_response}
