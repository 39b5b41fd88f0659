"""A filled instrument as QuestionnaireResponse, and a received one read with every fault at once."""

from decimal import Decimal

import pytest

from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.errors import ResourceRefused
from fhir_mappings.filled import Identifier
from fhir_mappings.response import read_and_check, read_response, to_response
from tests.builders import NAMES, WAI_CHOICES, a_filled, a_response, numbered, wai_sr

ROOT = "QuestionnaireResponse"
ITEM = f"{ROOT}.item[0].item"


def read(resource, **settings):
    return read_response(resource, builtin_instruments(), NAMES, **settings)


def faults_of(resource, **settings):
    with pytest.raises(ResourceRefused) as refused:
        read(resource, **settings)
    return [(fault.at, fault.reason) for fault in refused.value.faults]


def srs_with(*items):
    """Return an SRS response whose panel holds these items."""
    return a_response(item=[{"linkId": "panel", "item": list(items)}])


def wai_with(*items):
    """Return a WAI-SR response whose panel holds these items."""
    return srs_with(*items) | {"questionnaire": f"{NAMES.questionnaire('wai-sr-client')}|1.0.0"}


def item(link_id, *answers):
    return {"linkId": link_id, "answer": list(answers)}


def mark(link_id, value="9.0"):
    return item(link_id, {"valueDecimal": Decimal(value)})


def four_marks():
    return [mark(f"item-{number}") for number in range(1, 5)]


def extension(kind, **value):
    return {"url": NAMES.extension(kind), **value}


# --- written ---


def test_answers_then_scores_stand_in_the_panel_in_form_order():
    (panel,) = a_response()["item"]
    assert [one["linkId"] for one in panel["item"]] == ["item-1", "item-2", "item-3", "item-4", "total"]


def test_a_bare_total_is_the_total_item_alone():
    (panel,) = to_response(a_filled(total=Decimal("36.3")), NAMES)["item"]
    assert panel["item"] == [
        {"linkId": "total", "text": "SRS total", "answer": [{"valueDecimal": Decimal("36.3")}]}
    ]


def test_blanks_and_scores_without_value_are_left_out():
    (panel,) = to_response(a_filled(answers=numbered(("9.2", None, None, "8"))), NAMES)["item"]
    assert [one["linkId"] for one in panel["item"]] == ["item-1", "item-4"]


def test_a_mark_is_written_with_no_more_digits_than_the_form_allows():
    (panel,) = a_response()["item"]
    assert [str(one["answer"][0]["valueDecimal"]) for one in panel["item"][:4]] == [
        "9.2",
        "9.0",
        "8.7",
        "9.4",
    ]


def test_the_identifier_given_takes_the_place_of_the_own_one():
    filled = a_filled(identifier=Identifier("urn:clinic:north", "r-7"))
    assert to_response(filled, NAMES)["identifier"] == {"system": "urn:clinic:north", "value": "r-7"}
    ours = to_response(filled, NAMES, identifier=Identifier("urn:ours", "1"))
    assert ours["identifier"] == {"system": "urn:ours", "value": "1"}


def test_what_is_unknown_is_left_out():
    unknown = {"therapist": None, "encounter": None, "session_date": None, "session_number": None}
    written = to_response(a_filled(**unknown, language=None), NAMES)
    assert not {"extension", "encounter", "identifier", "author", "language"} & set(written)


def test_the_profile_is_claimed_only_when_asked_for():
    assert "profile" not in a_response()["meta"]
    claimed = to_response(a_filled(), NAMES, profiles=True)["meta"]["profile"]
    assert claimed == ["http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaireresponse"]


def test_the_labels_are_restricted_and_mental_health():
    assert [label["code"] for label in a_response()["meta"]["security"]] == ["R", "MH"]


# --- read ---


def test_everything_written_is_read():
    found = read(a_response(author={"reference": "Device/kiosk-3"}))
    assert (found.instrument.id, found.patient, found.source) == ("srs-3", "Patient/anna", "Patient/anna")
    assert (found.therapist, found.author) == ("Practitioner/ada", "Device/kiosk-3")
    assert (found.session_date, found.session_number, found.language) == ("2026-03-02", 7, "en")


def test_items_may_stand_beside_each_other_at_the_root():
    assert read(a_response(item=four_marks())).answers == dict.fromkeys(
        ("item-1", "item-2", "item-3", "item-4"), Decimal("9.0")
    )


def test_an_item_without_answer_is_blank():
    found = read(srs_with(mark("item-1"), {"linkId": "item-2"}, {"linkId": "item-3", "answer": []}))
    assert list(found.answers) == ["item-1"]


@pytest.mark.parametrize(
    "answer",
    [
        {"valueCoding": {"system": NAMES.answer_codes("wai-frequency-5"), "code": "4"}},
        {"valueCoding": {"code": "4"}},
        {"valueInteger": 4},
        {"valueDecimal": Decimal(4)},
    ],
)
def test_a_choice_may_be_a_coding_or_its_weight(answer):
    assert read(wai_with(item("item-1", answer))).answers == {"item-1": Decimal(4)}


def test_a_whole_mark_may_be_an_integer():
    assert read(srs_with(item("item-1", {"valueInteger": 9}))).answers == {"item-1": Decimal(9)}


def test_a_form_without_version_is_the_one_known_here():
    assert read(a_response(questionnaire=NAMES.questionnaire("srs-3"))).instrument.version == "1.0.0"


def test_absolute_references_stay_as_sent():
    absolute = "https://ehr.example/fhir/Patient/anna"
    assert read(a_response(subject={"reference": absolute})).patient == absolute


def test_the_reference_in_the_ehr_is_read():
    there = extension("ehr-reference", valueReference={"reference": f"{ROOT}/88"})
    assert read(a_response(extension=[there])).ehr_reference == f"{ROOT}/88"


def test_extensions_of_others_are_left_alone():
    assert read(a_response(extension=[{"url": "urn:theirs", "valueString": "x"}, "odd"])).therapist is None


def test_a_response_without_source_language_or_identifier_says_so():
    found = read(a_response(source=None, language=None, encounter=None, extension=None))
    assert (found.source, found.language, found.identifier, found.encounter) == (None, None, None, None)
    assert (found.therapist, found.session_date, found.session_number) == (None, None, None)


def test_amended_is_taken_only_where_the_caller_says_so():
    amended = a_response(status="amended")
    assert read(amended, statuses=("completed", "amended")).status == "amended"
    assert faults_of(amended) == [(f"{ROOT}.status", "status-not-accepted")]


def test_scores_and_answers_come_with_the_check():
    checked = read_and_check(a_response(), builtin_instruments(), NAMES)
    assert [(score.id, score.value) for score in checked.scores] == [("total", Decimal("36.3"))]
    assert checked.answers.values["item-4"] == Decimal("9.4")


def test_a_total_rounded_to_its_last_digit_is_taken():
    marks = [mark("item-1", "9.2"), mark("item-2"), mark("item-3", "8.7"), mark("item-4", "9.4")]
    assert read(srs_with(*marks, mark("total", "36"))).total is None


# --- refused: the resource ---


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"resourceType": "Observation"}, ("resourceType", "wrong-resource-type")),
        ({"questionnaire": None}, (f"{ROOT}.questionnaire", "required")),
        ({"questionnaire": "urn:other"}, (f"{ROOT}.questionnaire", "unknown-instrument")),
        (
            {"questionnaire": f"{NAMES.questionnaire('srs-3')}|9.9.9"},
            (f"{ROOT}.questionnaire", "unknown-version"),
        ),
        ({"status": None}, (f"{ROOT}.status", "required")),
        ({"status": "in-progress"}, (f"{ROOT}.status", "status-not-accepted")),
        ({"status": ["completed"]}, (f"{ROOT}.status", "status-not-accepted")),
        ({"subject": None}, (f"{ROOT}.subject", "required")),
        ({"subject": {"display": "x"}}, (f"{ROOT}.subject.reference", "required")),
        ({"subject": "Patient/anna"}, (f"{ROOT}.subject.reference", "required")),
        ({"subject": {"reference": "Group/1"}}, (f"{ROOT}.subject.reference", "wrong-reference")),
        ({"subject": {"reference": "#inside"}}, (f"{ROOT}.subject.reference", "wrong-reference")),
        ({"encounter": {"reference": "Patient/1"}}, (f"{ROOT}.encounter.reference", "wrong-reference")),
        ({"source": {"reference": "Device/1"}}, (f"{ROOT}.source.reference", "wrong-reference")),
        ({"authored": None}, (f"{ROOT}.authored", "required")),
        ({"authored": "2026-03-02T10:50:00"}, (f"{ROOT}.authored", "no-time-zone")),
        ({"authored": "2026-03-02"}, (f"{ROOT}.authored", "no-time-zone")),
        ({"authored": "2026-02-30T10:50:00Z"}, (f"{ROOT}.authored", "not-a-time")),
        ({"authored": "2026"}, (f"{ROOT}.authored", "not-a-time")),
        ({"authored": 2026}, (f"{ROOT}.authored", "not-a-time")),
        ({"identifier": {"value": "r-7"}}, (f"{ROOT}.identifier.system", "required")),
        ({"identifier": {"system": "urn:a", "value": " "}}, (f"{ROOT}.identifier.value", "required")),
        ({"language": "not a language"}, (f"{ROOT}.language", "wrong-type")),
        ({"language": "abcdefgh" + 3 * "-abcdefgh" + "-a"}, (f"{ROOT}.language", "wrong-type")),
        ({"implicitRules": "urn:a"}, (f"{ROOT}.implicitRules", "unknown-modifier")),
        ({"modifierExtension": [{}]}, (f"{ROOT}.modifierExtension", "unknown-modifier")),
        (
            {"extension": [extension("session-date", valueDate="2026-03")]},
            (f"{ROOT}.extension[0].value", "not-a-date"),
        ),
        (
            {"extension": [extension("session-number", valuePositiveInt=0)]},
            (f"{ROOT}.extension[0].value", "not-a-session-number"),
        ),
        (
            {"extension": [extension("session-number", valuePositiveInt=True)]},
            (f"{ROOT}.extension[0].value", "not-a-session-number"),
        ),
        (
            {"extension": [extension("therapist", valueReference={"reference": "Patient/anna"})]},
            (f"{ROOT}.extension[0].value.reference", "wrong-reference"),
        ),
        (
            {"extension": [extension("session-number", valuePositiveInt=1)] * 2},
            (f"{ROOT}.extension[1]", "doubled-extension"),
        ),
    ],
)
def test_a_resource_that_cannot_be_read_is_refused_by_place(changes, fault):
    assert faults_of(a_response(**changes)) == [fault]


def test_an_identifier_that_is_no_object_lacks_both_its_parts():
    assert faults_of(a_response(identifier="r-7")) == [
        (f"{ROOT}.identifier.system", "required"),
        (f"{ROOT}.identifier.value", "required"),
    ]


# --- refused: the items ---


@pytest.mark.parametrize(
    ("items", "fault"),
    [
        ([mark("item-9")], (f"{ITEM}[0].linkId", "unknown-item")),
        ([{"answer": []}], (f"{ITEM}[0].linkId", "unknown-item")),
        ([mark("item-1"), mark("item-1")], (f"{ITEM}[1].linkId", "doubled-item")),
        (
            [item("item-1", {"valueInteger": 1}, {"valueInteger": 2})],
            (f"{ITEM}[0].answer", "more-than-one-answer"),
        ),
        ([{"linkId": "item-1", "answer": {}}], (f"{ITEM}[0].answer", "wrong-type")),
        ([item("item-1", {"valueString": "9.0"})], (f"{ITEM}[0].answer[0]", "wrong-type")),
        ([item("item-1", {"valueInteger": True})], (f"{ITEM}[0].answer[0]", "wrong-type")),
        ([item("item-1", {"valueDecimal": 9.0})], (f"{ITEM}[0].answer[0]", "wrong-type")),
        ([item("item-1", {})], (f"{ITEM}[0].answer[0]", "wrong-type")),
        ([item("item-1", {"valueCoding": {"code": "1"}})], (f"{ITEM}[0].answer[0]", "wrong-type")),
        ([mark("item-1", "NaN")], (f"{ITEM}[0].answer[0]", "not-a-number")),
        ([mark("item-1", "10.1")], (f"{ITEM}[0].answer[0]", "above-maximum")),
        ([mark("item-1", "9.05")], (f"{ITEM}[0].answer[0]", "wrong-step")),
        ([mark("item-1") | {"item": [mark("item-2")]}], (f"{ITEM}[0].item[0]", "unknown-item")),
        (
            [item("item-1", {"valueInteger": 9, "item": [mark("item-2")]})],
            (f"{ITEM}[0].answer[0].item", "unknown-item"),
        ),
        (
            [mark("item-1") | {"modifierExtension": [{}]}],
            (f"{ITEM}[0].modifierExtension", "unknown-modifier"),
        ),
        ([mark("item-1"), "item-2"], (f"{ITEM}[1]", "wrong-type")),
        ([mark("total", "40.1")], (f"{ITEM}[0].answer[0]", "above-maximum")),
        ([*four_marks(), mark("total", "35.9")], (f"{ITEM}[4].answer[0]", "total-mismatch")),
        ([*four_marks(), mark("total", "1E+999999")], (f"{ITEM}[4].answer[0]", "total-mismatch")),
        ([mark("item-1"), mark("total", "36.0")], (f"{ITEM}[1].answer[0]", "total-incomplete")),
    ],
)
def test_an_item_that_does_not_fit_is_refused_by_place(items, fault):
    assert faults_of(srs_with(*items)) == [fault]


@pytest.mark.parametrize(
    ("items", "fault"),
    [
        (
            [item("item-1", {"valueCoding": {"system": "urn:other", "code": "4"}})],
            (f"{ITEM}[0].answer[0].value.system", "foreign-coding"),
        ),
        (
            [item("item-1", {"valueCoding": {"code": "6"}})],
            (f"{ITEM}[0].answer[0].value.code", "unknown-choice"),
        ),
        ([item("item-1", {"valueCoding": "4"})], (f"{ITEM}[0].answer[0]", "wrong-type")),
        ([item("item-1", {"valueInteger": 6})], (f"{ITEM}[0].answer[0]", "above-maximum")),
        ([mark("total", "60")], (f"{ITEM}[0].answer[0]", "total-not-accepted")),
    ],
)
def test_a_choice_that_does_not_fit_is_refused_by_place(items, fault):
    assert faults_of(wai_with(*items)) == [fault]


def test_a_wrong_subscale_is_refused_by_its_own_place():
    whole = to_response(a_filled(wai_sr(), numbered(WAI_CHOICES)), NAMES)
    whole["item"][0]["item"][12]["answer"] = [{"valueDecimal": Decimal("15.1")}]
    assert faults_of(whole) == [(f"{ITEM}[12].answer[0]", "total-mismatch")]


@pytest.mark.parametrize("items", [None, [], [{"linkId": "panel"}]])
def test_a_response_without_any_answer_is_refused(items):
    assert faults_of(a_response(item=items)) == [(f"{ROOT}.item", "nothing-answered")]


def test_items_that_are_no_list_are_refused():
    assert faults_of(a_response(item={"linkId": "panel"})) == [(f"{ROOT}.item", "wrong-type")]


def test_a_panel_has_no_answer_of_its_own():
    panel = {"linkId": "panel", "answer": [{"valueInteger": 1}], "item": four_marks()}
    assert faults_of(a_response(item=[panel])) == [(f"{ROOT}.item[0].answer", "wrong-type")]


def test_all_faults_come_in_one_answer():
    broken = srs_with(mark("item-1", "10.1"), mark("item-7"), item("item-2", {"valueString": "x"}))
    assert faults_of(broken | {"status": "stopped", "authored": "2026-03-02", "subject": {}}) == [
        (f"{ROOT}.status", "status-not-accepted"),
        (f"{ROOT}.subject.reference", "required"),
        (f"{ROOT}.authored", "no-time-zone"),
        (f"{ITEM}[1].linkId", "unknown-item"),
        (f"{ITEM}[2].answer[0]", "wrong-type"),
        (f"{ITEM}[0].answer[0]", "above-maximum"),
    ]


def test_no_fault_repeats_what_was_sent():
    broken = srs_with(mark("item-1", "77.7"), item("made-up-name", {"valueString": "made-up-text"}))
    with pytest.raises(ResourceRefused) as refused:
        read(broken | {"status": "made-up-status", "subject": {"reference": "made-up-person"}})
    told = repr(refused.value.faults) + str(refused.value)
    assert not [word for word in ("made-up", "77.7") if word in told]
