"""Each kind of question in the form."""

from dataclasses import replace

from fhir_mappings.instrument import Condition
from fhir_mappings.questionnaire_items import to_item
from fhir_mappings.translations import descriptors
from tests.builders import NAMES
from tests.every_kind import every_kind

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
EXTENSION = "http://hl7.org/fhir/StructureDefinition"
EXTRACT = f"{SDC}/sdc-questionnaire-observationExtract"


def asked(link_id, form=None):
    instrument = form or every_kind()
    item = next(one for one in instrument.all_items if one.link_id == link_id)
    return to_item(instrument, item, NAMES, descriptors(instrument))


def extensions(element):
    return {one["url"]: value for one in element["extension"] for key, value in one.items() if key != "url"}


def control(element):
    return extensions(element)[f"{EXTENSION}/questionnaire-itemControl"]["coding"][0]["code"]


def test_yes_or_no_is_a_boolean_that_may_be_required():
    assert asked("happened") | {"extension": [], "code": []} == {
        "extension": [],
        "linkId": "happened",
        "code": [],
        "text": "Happened",
        "type": "boolean",
        "required": True,
    }


def test_a_line_in_whole_steps_is_an_integer_with_a_slider_step():
    found = extensions(asked("intensity"))
    assert (asked("intensity")["type"], control(asked("intensity"))) == ("integer", "slider")
    assert found[f"{EXTENSION}/questionnaire-sliderStepValue"] == 1
    assert (found[f"{EXTENSION}/minValue"], found[f"{EXTENSION}/maxValue"]) == (1, 5)
    assert f"{EXTENSION}/maxDecimalPlaces" not in found


def test_an_item_opened_by_a_yes_says_so():
    assert asked("intensity")["enableWhen"] == [
        {"question": "happened", "operator": "=", "answerBoolean": True}
    ]


def test_an_item_opened_by_a_choice_names_its_coding():
    (opened,) = asked("why")["enableWhen"]
    system = NAMES.answer_codes("on-track")
    assert opened["answerCoding"] == {"system": system, "code": "no", "display": "No"}


def test_a_choice_that_counts_nothing_has_no_weights():
    item = asked("on-track")
    assert (item["type"], control(item), "repeats" in item) == ("choice", "radio-button", False)
    assert [set(option) for option in item["answerOption"]] == [{"valueCoding"}] * 2


def test_several_choices_repeat_and_one_of_them_may_stand_alone():
    item = asked("signs")
    assert (item["type"], control(item), item["repeats"]) == ("choice", "check-box", True)
    alone = [option["valueCoding"]["code"] for option in item["answerOption"] if "extension" in option]
    assert alone == ["none-seen"]


def test_own_words_are_a_text_that_is_never_extracted():
    assert asked("why")["type"] == "text"
    assert extensions(asked("why")) == {EXTRACT: False}


def test_several_choices_are_never_extracted():
    assert extensions(asked("signs"))[EXTRACT] is False
    assert extensions(asked("on-track"))[EXTRACT] == "member"


def test_the_score_of_an_answer_says_whether_it_is_extracted():
    hidden = tuple(replace(rule, observed=False) for rule in every_kind().scores)
    assert extensions(asked("intensity"))[EXTRACT] == "member"
    assert extensions(asked("intensity", every_kind(scores=hidden)))[EXTRACT] is False


def test_an_item_that_nothing_opens_is_always_open():
    items = tuple(replace(item, enabled_when=None) for item in every_kind().all_items)
    assert "enableWhen" not in asked("why", every_kind(all_items=items))


def test_a_condition_is_read_from_the_item_that_it_names():
    first, why = every_kind().all_items[0], every_kind().all_items[7]
    closed = replace(why, enabled_when=Condition(first.link_id, value=False))
    form = every_kind(all_items=(first, closed))
    assert asked("why", form)["enableWhen"][0]["answerBoolean"] is False
