"""Read the body of ``POST /v1/form-links``: every fault at once, or what the link is to be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from fhir_mappings.catalogue import find, has_licensed_wording
from fhir_mappings.errors import Fault
from fhir_mappings.instrument import Instrument
from service.api.bodies import JsonBody
from service.api.v1.fields import Fields
from service.api.v1.form_link_models import FormLinkBody, Layout
from service.clock import as_instant
from service.flows.check_request import SessionClaims, find_session_faults
from service.flows.choose_instruments import IS_OFF
from service.flows.deployment import Deployment
from service.flows.form_link import LinkedForm, LinkFacts, words_of_form

FIELDS = tuple(FormLinkBody.model_fields)
MOST_FORMS = 8
SHORTEST, LONGEST, USUAL = 5, 43_200, 1440
_LAYOUTS = get_args(Layout)
# Nobody else fills a form without an account.
_RESPONDENTS = ("client", "carer")
_PLACES = {"source": "respondent", "author": "respondent"}
_NO_WORDING = (
    "no-wording",
    "Its wording is licensed and not shipped: put the clinic's own into ALLIANCE_WORDING_DIR.",
)


@dataclass(frozen=True, slots=True)
class WantedLink:
    """What a link is to be, and how long it is to live."""

    facts: LinkFacts
    life: timedelta


def read_form_link_body(body: JsonBody, deployment: Deployment) -> WantedLink:
    """Return what was sent, checked; raises ``FaultsInRequest`` with every fault, in field order."""
    fields = Fields(body.value, FIELDS)
    instruments = _instruments(fields, body.value.get("instruments"), deployment)
    wording = fields.object("wording")
    forms = [_form(fields, instrument, wording) for instrument in instruments]
    _check_wording_keys(fields, wording, instruments)
    claims = _claims(fields, instruments, deployment)
    another_session = fields.flag("another_session")
    layout = _layout(fields, deployment)
    minutes = _minutes(fields)
    fields.faults += _language_faults(claims.language, instruments, forms)
    found = find_session_faults(
        claims, deployment.clock(), _PLACES, ehr_base=deployment.settings.ehr_base_url
    )
    fields.faults += [fault for fault in found if fields.is_sound(fault.at)]
    fields.faults.sort(key=_place)
    fields.refuse_faults()
    facts = LinkFacts(
        patient=claims.patient or "",
        respondent=claims.source or "",
        therapist=claims.therapist,
        encounter=claims.encounter,
        session_number=claims.session_number,
        session_date=claims.session_date,
        another_session=another_session,
        age_years=claims.age_years,
        site=claims.site,
        team=claims.team,
        approach=claims.approach,
        language=claims.language,
        layout=layout,
        forms=tuple(forms),
    )
    return WantedLink(facts, timedelta(minutes=minutes))


def _place(fault: Fault) -> int:
    name = fault.at.partition(".")[0]
    return FIELDS.index(name) if name in FIELDS else len(FIELDS)


def _instruments(fields: Fields, named: object, deployment: Deployment) -> list[Instrument]:
    """Return the instruments that can be taken, in order; a fault for each of the others."""
    if not isinstance(named, list) or not 1 <= len(named) <= MOST_FORMS:
        reason = "required" if named is None else "wrong-type"
        fields.faults.append(Fault("instruments", reason, f"One to {MOST_FORMS} instruments must be named."))
        return []
    found: list[Instrument] = []
    for place, one in enumerate(named):
        instrument = find(deployment.instruments, one) if isinstance(one, str) else None
        fault = _why_not(one, instrument, found, deployment)
        if fault:
            fields.faults.append(Fault(f"instruments.{place}", *fault))
        elif instrument:
            found.append(instrument)
    return found


def _why_not(
    named: object, instrument: Instrument | None, before: list[Instrument], deployment: Deployment
) -> tuple[str, str] | None:
    """Return reason and message for an instrument that cannot be on this link, None for one that can."""
    if instrument is None:
        is_off = isinstance(named, str) and named.partition("|")[0] in deployment.known
        return IS_OFF if is_off else ("unknown-instrument", "There is no such instrument here.")
    if instrument.perspective not in _RESPONDENTS:
        return "wrong-respondent", "Only forms of clients and carers are filled by a link."
    if before and before[0].perspective != instrument.perspective:
        return "wrong-respondent", "All forms of a link are filled by one person."
    if instrument in before:
        return "doubled-instrument", "It is on the link already."
    if has_licensed_wording(instrument) and not instrument.clinic_forms:
        return _NO_WORDING
    return None


def _form(fields: Fields, instrument: Instrument, wording: Mapping[str, Any]) -> LinkedForm:
    """Return the form in the words that are asked for, else in those in use."""
    version = wording.get(instrument.id)
    at = f"wording.{instrument.id}"
    if version is not None and (not isinstance(version, str) or instrument.clinic_form(version) is None):
        fields.faults.append(
            Fault(at, "unknown-version", "There is no such version of the clinic's wording.")
        )
        version = None
    in_use = instrument.form_in_use
    version = version or (in_use.version if in_use else None)
    if version is None and has_licensed_wording(instrument) and fields.is_sound(at):
        fields.faults.append(Fault("instruments", *_NO_WORDING))
    return LinkedForm(instrument.id, version)


def _check_wording_keys(fields: Fields, wording: Mapping[str, Any], instruments: list[Instrument]) -> None:
    ids = {one.id for one in instruments}
    if any(key not in ids for key in wording) and fields.is_sound("instruments"):
        message = "A wording is told for an instrument that is not on the link."
        fields.faults.append(Fault("wording", "unknown-instrument", message))


def _claims(fields: Fields, instruments: list[Instrument], deployment: Deployment) -> SessionClaims:
    perspective = instruments[0].perspective if instruments else "client"
    patient = fields.text("patient")
    return SessionClaims(
        perspective=perspective,
        patient=patient,
        authored=as_instant(deployment.clock()),
        source=fields.text("respondent") or (patient if perspective == "client" else None),
        therapist=fields.text("therapist") or None,
        encounter=fields.text("encounter") or None,
        session_date=fields.text("session_date") or None,
        session_number=fields.whole_number("session_number"),
        language=fields.text("language") or None,
        age_years=fields.whole_number("age_years"),
        site=fields.text("site"),
        team=fields.text("team"),
        approach=fields.text("approach"),
    )


def _layout(fields: Fields, deployment: Deployment) -> Layout:
    named = fields.text("layout")
    for layout in _LAYOUTS:
        if named == layout:
            return layout  # type: ignore[no-any-return] # one of the words of the type
    if named is not None:
        message = f"Must be one of {', '.join(_LAYOUTS)}."
        fields.faults.append(Fault("layout", "unknown-choice", message))
    return deployment.settings.form_layout


def _minutes(fields: Fields) -> int:
    asked = fields.whole_number("expires_in_minutes")
    if asked is not None and not SHORTEST <= asked <= LONGEST:
        message = f"A link lives {SHORTEST} to {LONGEST} minutes."
        fields.faults.append(Fault("expires_in_minutes", "out-of-range", message))
        return USUAL
    return USUAL if asked is None else asked


def _language_faults(
    language: str | None, instruments: list[Instrument], forms: list[LinkedForm]
) -> Iterator[Fault]:
    """Yield a fault for each form that is not in the language: none is ever shown in another."""
    if language is None:
        return
    for instrument, form in zip(instruments, forms, strict=True):
        known = [one.language for one in words_of_form(instrument, form.wording)]
        if not any(_main(one) == _main(language) for one in known):
            message = f"{instrument.id} is here in {', '.join(known)}."
            yield Fault("language", "no-such-language", message)


def _main(tag: str) -> str:
    return tag.lower().partition("-")[0]
