"""The official validator on every instrument: no error in what we emit, and errors in what we break.

Under a canonical base of its own, so that these definitions are nobody else's on a shared server.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from fhir_mappings import json_text
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.codes import Names
from fhir_mappings.extract import to_extraction
from fhir_mappings.instrument import Instrument
from fhir_mappings.observation import to_observations
from fhir_mappings.populate import PopulateRequest, to_populated
from fhir_mappings.questionnaire import to_clinic_questionnaire, to_questionnaire
from fhir_mappings.response import to_response
from fhir_mappings.terminology import definitions
from fhir_mappings.wording import check_wording
from tests.answer_sets import complete_answers, partial_answers
from tests.builders import a_filled
from tests.own_wording import own_wording
from tests.system.chart import Chart, Json
from tests.system.hapi import Hapi

pytestmark = pytest.mark.hapi

NAMES = Names("https://judge.example/fhir")
# The base of the StructureDefinitions that the test EHR was started with.
KNOWN = Names()
WORDED = ("srs-3", "wai-sr-client", "session-check-in-client")


def _worded(instrument: Instrument) -> Instrument:
    """Return the instrument with a made-up wording of a clinic in German and French."""
    files = {
        f"north/{instrument.id}.de.toml": own_wording(instrument, "de", primary="true"),
        f"north/{instrument.id}.fr.toml": own_wording(instrument, "fr"),
    }
    wording = check_wording(files, shipped_instruments(), "north").wordings[instrument.id]
    return replace(instrument, clinic_forms=(wording.to_form(instrument, "north", in_use=True),))


INSTRUMENTS = {key: _worded(one) if key in WORDED else one for key, one in shipped_instruments().items()}
DEFINITIONS = {f"{one['resourceType']}/{one['id']}": one for one in definitions(INSTRUMENTS, NAMES)}


@pytest.fixture(scope="module")
def judge(hapi: Hapi, hapi_chart: Chart) -> Chart:
    """HAPI with all our definitions: one that it is asked about too early it remembers as unknown."""
    with httpx.Client(headers={"Content-Type": "application/fhir+json"}, timeout=120) as client:
        for reference, definition in DEFINITIONS.items():
            stored = f"{hapi.fhir}/{_own_id(reference)}"
            body = definition | {"id": stored.rpartition("/")[2]}
            client.put(stored, content=json_text.dumps(body)).raise_for_status()
    return hapi_chart


def _own_id(reference: str) -> str:
    kind, _, own = reference.partition("/")
    return f"{kind}/judged-{own}"


def _filled(instrument_id, answers, **changes):
    instrument = INSTRUMENTS[instrument_id]
    return a_filled(instrument, answers(instrument), **changes)


@pytest.mark.parametrize("reference", sorted(DEFINITIONS))
def test_no_error_in_a_definition(judge, reference):
    assert judge.validation_errors(DEFINITIONS[reference]) == []


@pytest.mark.parametrize("instrument_id", sorted(INSTRUMENTS))
@pytest.mark.parametrize(
    ("answers", "changes"),
    [
        (complete_answers, {}),
        (partial_answers, {}),
        (lambda one: complete_answers(one, 2), {"version": 2, "status": "amended"}),
    ],
    ids=["completed", "partial", "amended"],
)
def test_no_error_in_a_response_and_its_observations(judge, instrument_id, answers, changes):
    filled = _filled(instrument_id, answers, **changes)
    compact = to_observations(filled, NAMES, form="compact")
    emitted = [to_response(filled, NAMES), *to_observations(filled, NAMES), *compact]
    assert [error for one in emitted for error in judge.validation_errors(one)] == []


@pytest.mark.parametrize("language", ["de", "es", "fr", "nl"])
@pytest.mark.parametrize("instrument_id", ["srs-3", "wai-sr-client", "session-check-in-client"])
def test_no_error_in_a_response_in_another_language(judge, instrument_id, language):
    filled = _filled(instrument_id, complete_answers, language=language)
    assert judge.validation_errors(to_response(filled, NAMES)) == []


@pytest.mark.parametrize("instrument_id", WORDED)
def test_no_error_in_a_clinics_own_wording_and_responses_to_it(judge, instrument_id):
    instrument = INSTRUMENTS[instrument_id]
    form = to_clinic_questionnaire(instrument, instrument.clinic_forms[0], NAMES)
    filled = [_filled(instrument_id, complete_answers, wording="1.0.0", language=one) for one in ("de", "fr")]
    emitted = [form, *(to_response(one, NAMES) for one in filled)]
    assert [error for one in emitted for error in judge.validation_errors(one)] == []


def test_no_error_in_what_the_operations_answer(judge):
    asked = PopulateRequest(INSTRUMENTS["srs-3"], "Patient/anna", None, None)
    (populated,) = to_populated(asked, NAMES, "2026-03-02T10:45:00+01:00")["parameter"]
    (extracted,) = to_extraction(_filled("srs-3", complete_answers), NAMES)["parameter"]
    assert judge.validation_errors(populated["resource"]) == []
    assert judge.validation_errors(extracted["resource"]) == []


def _broken(resource: Json, change: Callable[[Json], object]) -> Json:
    broken = deepcopy(resource)
    change(broken)
    return broken


def _response(instrument_id="srs-3"):
    return to_response(_filled(instrument_id, complete_answers), NAMES)


def _form(instrument_id="srs-3"):
    return to_questionnaire(INSTRUMENTS[instrument_id], NAMES)


def _items(resource):
    return resource["item"][0]["item"]


def _answer(resource, place=0):
    return _items(resource)[place]["answer"][0]


BROKEN = {
    "mark above the line": _broken(_response(), lambda one: _answer(one).update(valueDecimal=Decimal(11))),
    "mark off the step": _broken(_response(), lambda one: _answer(one).update(valueDecimal=Decimal("9.25"))),
    "number above the row": _broken(
        _response("session-check-in-client"), lambda one: _answer(one, 2).update(valueInteger=11)
    ),
    "unknown item": _broken(_response(), lambda one: _items(one)[0].update(linkId="item-5")),
    "items out of order": _broken(_response(), lambda one: _items(one).reverse()),
    "item twice": _broken(_response(), lambda one: _items(one).insert(0, deepcopy(_items(one)[0]))),
    "choice of another form": _broken(
        _response("wai-sr-client"), lambda one: _answer(one)["valueCoding"].update(code="9")
    ),
    "two answers where one is taken": _broken(
        _response("wai-sr-client"), lambda one: _items(one)[0]["answer"].append(deepcopy(_answer(one)))
    ),
    "required item blank": _broken(_response("rupture-report-client"), lambda one: _items(one).pop(0)),
    "answer to a closed item": _broken(
        _response("rupture-report-client"), lambda one: _answer(one).update(valueBoolean=False)
    ),
    "words where yes or no is asked": _broken(
        _response("rupture-report-client"),
        lambda one: _items(one)[0].update(answer=[{"valueString": "yes"}]),
    ),
    "time without offset": _broken(_response(), lambda one: one.update(authored="2026-03-02T10:50:00")),
    "session date that is no date": _broken(
        to_response(_filled("srs-3", complete_answers), KNOWN),
        lambda one: one["extension"][0].update(valueDate="soon"),
    ),
    "therapist as words": _broken(
        to_response(_filled("srs-3", complete_answers), KNOWN),
        lambda one: one["extension"].append(
            {"url": KNOWN.extension("therapist"), "valueString": "made-up name"}
        ),
    ),
    "Observation with an unknown status": _broken(
        to_observations(_filled("srs-3", complete_answers), NAMES)[0],
        lambda one: one.update(status="finished"),
    ),
    "Observation with a unit that is none": _broken(
        to_observations(_filled("srs-3", complete_answers), NAMES)[0],
        lambda one: one["valueQuantity"].update(code="{no unit"),
    ),
    "form without algorithm of its version": _broken(_form(), lambda one: one["extension"].pop(0)),
    "form with a linkId twice": _broken(_form(), lambda one: _items(one)[1].update(linkId="item-1")),
    "form with a slider step on a decimal": _broken(
        _form(),
        lambda one: _items(one)[0]["extension"].append(
            {
                "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-sliderStepValue",
                "valueInteger": 1,
            }
        ),
    ),
    "form opened by an item that is not there": _broken(
        _form("rupture-report-client"),
        lambda one: _items(one)[1]["enableWhen"][0].update(question="nothing"),
    ),
    "code system with a code twice": _broken(
        DEFINITIONS["CodeSystem/wai-frequency-5-1.0.0"],
        lambda one: one["concept"].append(deepcopy(one["concept"][0])),
    ),
    "value set without a status": _broken(
        DEFINITIONS["ValueSet/rupture-markers-1.0.0"], lambda one: one.pop("status")
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_errors_are_found_in_what_is_broken(judge, name):
    assert judge.validation_errors(BROKEN[name])
