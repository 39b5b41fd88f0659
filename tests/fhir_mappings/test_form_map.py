"""Forms that the EHR owns: what its answers mean for us, and ours for it."""

from decimal import Decimal
from typing import Any

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.errors import Fault, ResourceRefused
from fhir_mappings.form_map import FormMap, MappedItem, answers_of, from_ehr_form, to_ehr_form
from fhir_mappings.form_map_file import check_form_maps
from fhir_mappings.instrument import Instrument
from fhir_mappings.response import read_and_check, to_response
from tests.builders import NAMES, a_filled, srs, wai_sr
from tests.form_maps import THEIRS, srs_map, theirs, wai_map


def the_map(instrument: Instrument, text: str) -> FormMap:
    report = check_form_maps({f"ehr/{instrument.id}.toml": text}, shipped_instruments())
    assert report.faults == ()
    return report.maps["ehr"][instrument.id]


def taken(resource: dict[str, Any], form: FormMap | None = None) -> Any:
    translated = from_ehr_form(resource, form or the_map(srs(), srs_map()), srs(), NAMES)
    return read_and_check(translated.resource, shipped_instruments(), NAMES)


def faults_of(files: dict[str, str]) -> list[str]:
    return [str(fault) for fault in check_form_maps(files, shipped_instruments()).faults]


def refused(resource: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ResourceRefused) as error:
        taken(resource)
    return [(fault.at, fault.reason) for fault in error.value.faults]


def test_numbers_written_as_words_in_a_group_are_our_answers() -> None:
    checked = taken(theirs())
    assert checked.answers.values["item-3"] == Decimal("8.7")
    assert checked.response.instrument.id == "srs-3"


@pytest.mark.parametrize(
    "value",
    [
        {"valueDecimal": Decimal(7)},
        {"valueInteger": 7},
        {"valueQuantity": {"value": Decimal("7.0"), "unit": "cm"}},
        {"valueString": " 7 "},
    ],
)
def test_a_number_is_taken_in_whatever_type_it_comes(value: dict[str, Any]) -> None:
    one = {"linkId": "q-item-1", "answer": [value]}
    assert taken(theirs(item=[one])).answers.values["item-1"] == 7


def test_items_below_an_answer_are_found_and_ignored_ones_passed_by() -> None:
    inner = {"linkId": "q-item-1", "answer": [{"valueString": "7"}]}
    outer = {"linkId": "q-item-2", "answer": [{"valueString": "8", "item": [inner]}]}
    signature = {"linkId": "signature", "answer": [{"valueString": "A."}]}
    values = taken(theirs(item=[{"linkId": "page", "item": [outer, signature]}])).answers.values
    assert values == {"item-1": 7, "item-2": 8}


def test_a_total_that_disagrees_is_told_as_such() -> None:
    wrong = theirs()
    wrong["item"][0]["item"][-1]["answer"] = [{"valueDecimal": Decimal(12)}]
    assert [reason for _, reason in refused(wrong)] == ["total-mismatch"]


def test_a_fault_is_told_with_its_place_in_the_ehrs_form() -> None:
    form = the_map(srs(), srs_map())
    translated = from_ehr_form(theirs(("9.2", "9.0", "11", "9.4")), form, srs(), NAMES)
    with pytest.raises(ResourceRefused) as error:
        read_and_check(translated.resource, shipped_instruments(), NAMES)
    assert translated.found_at(error.value.faults[0]).at == "QuestionnaireResponse.item[0].item[2]"


def test_an_item_that_no_map_knows_is_refused_not_passed_by() -> None:
    strange = {"linkId": "q-new", "answer": [{"valueString": "7"}]}
    assert refused(theirs(item=[strange])) == [("QuestionnaireResponse.item[0]", "unknown-item")]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"valueString": "seven"}, "wrong-type"),
        ({"valueCoding": {"code": "7"}}, "unknown-choice"),
        ({}, "wrong-type"),
        ("7", "wrong-type"),
    ],
)
def test_an_answer_that_the_map_does_not_explain_is_refused(answer: Any, reason: str) -> None:
    item = {"linkId": "q-item-1", "answer": [answer]}
    assert refused(theirs(item=[item])) == [("QuestionnaireResponse.item[0]", reason)]


def test_an_item_twice_is_refused() -> None:
    item = {"linkId": "q-item-1", "answer": [{"valueString": "7"}]}
    assert refused(theirs(item=[item, item])) == [("QuestionnaireResponse.item[1]", "doubled-item")]


def test_our_response_becomes_one_to_the_ehrs_form() -> None:
    sent = to_ehr_form(to_response(a_filled(), NAMES), the_map(srs(), srs_map()), srs())
    assert sent is not None
    assert (sent["questionnaire"], [one["linkId"] for one in sent["item"]]) == (THEIRS, ["page", "q-sum"])
    assert sent["item"][0]["item"][0] == {"linkId": "q-item-1", "answer": [{"valueString": "9.2"}]}


@pytest.mark.parametrize(("form", "text"), [(srs(), srs_map()), (wai_sr(), wai_map())])
def test_what_goes_out_comes_back_as_the_same_answers(form: Instrument, text: str) -> None:
    filled = a_filled(form)
    sent = to_ehr_form(to_response(filled, NAMES), the_map(form, text), form)
    assert sent is not None
    back = from_ehr_form(sent, the_map(form, text), form, NAMES)
    answers = read_and_check(back.resource, shipped_instruments(), NAMES).answers
    assert answers.values == filled.answers.values


def test_codes_of_the_ehr_are_our_choices_and_those_of_another_system_are_not() -> None:
    form = the_map(wai_sr(), wai_map())
    answer = {"system": "urn:ehr:answers", "code": "A2"}
    item = {"linkId": "w-item-1", "answer": [{"valueCoding": answer}]}
    read = from_ehr_form(theirs(item=[item]), form, wai_sr(), NAMES)
    assert read.resource["item"][0]["answer"][0]["valueCoding"]["code"] == "2"
    with pytest.raises(ResourceRefused):
        from_ehr_form(
            theirs(item=[item | {"answer": [{"valueCoding": answer | {"system": "urn:x"}}]}]),
            form,
            wai_sr(),
            NAMES,
        )


def test_a_bare_total_without_a_place_in_the_form_is_no_response_there() -> None:
    text = srs_map().replace("[scores.total]", "").replace('link_id = "q-sum"', "")
    ours = to_response(a_filled(answers={}, total=Decimal(36)), NAMES)
    assert to_ehr_form(ours, the_map(srs(), text), srs()) is None


def test_a_map_without_version_means_every_version_of_the_form() -> None:
    assert the_map(srs(), srs_map()).is_of(f"{THEIRS}|3")
    assert not the_map(srs(), srs_map(f"{THEIRS}|2")).is_of(f"{THEIRS}|3")
    assert not the_map(srs(), srs_map()).is_of(None)


def test_every_fault_of_every_file_is_told_at_once() -> None:
    told = faults_of(
        {
            "ehr/no-such.toml": srs_map(),
            "srs-3.toml": srs_map(),
            "ehr/srs-3.toml": srs_map(item_2='link_id = "q-item-1"', item_1='link_id = "q-item-1"\nsize = 1'),
            "ehr/broken.toml": "=",
        }
    )
    assert "ehr/broken.toml: (syntax): not TOML: Invalid statement (at line 1, column 1)" in told
    assert "ehr/no-such.toml: (name): names no instrument that is known here" in told
    assert "srs-3.toml: (name): must lie in a folder with the name of the EHR" in told
    assert "ehr/srs-3.toml: items.item-1.size: unknown key" in told
    assert "ehr/srs-3.toml: items.item-2.link_id: is the link id of another item as well" in told


def test_a_missing_item_and_a_code_of_nothing_are_faults() -> None:
    text = wai_map().replace("[items.item-12]", "[items.item-13]").replace('1 = "A1"', '9 = "A1"', 1)
    told = faults_of({"ehr/wai-sr-client.toml": text})
    assert (
        "ehr/wai-sr-client.toml: items.item-12: is missing: every item of the instrument needs its place"
        in told
    )
    assert "ehr/wai-sr-client.toml: items.item-13: is no item of this instrument" in told
    assert "ehr/wai-sr-client.toml: items.item-1.codes.9: is no answer to this item" in told
    assert "ehr/wai-sr-client.toml: items.item-1.codes.1: is missing: every answer needs its code" in told


def test_a_code_for_two_answers_cannot_be_read_back_and_is_a_fault() -> None:
    told = faults_of({"ehr/wai-sr-client.toml": wai_map().replace('2 = "A2"', '2 = "A1"', 1)})
    assert any("items.item-1.codes.2: has the code of another answer as well" in one for one in told)


def test_one_form_of_the_ehr_cannot_be_two_instruments() -> None:
    text = wai_map().replace("4712|2", "4711")
    told = faults_of({"ehr/srs-3.toml": srs_map(), "ehr/wai-sr-client.toml": text})
    assert told == ["ehr/wai-sr-client.toml: questionnaire: is the form of another file of this EHR as well"]


CHECK_IN_MAP = """
questionnaire = "https://ehr.example/fhir/Questionnaire/4713"
[items.felt]
link_id = "f"
[items.understood]
link_id = "u"
value = "coding"
codes = { NUMBERS }
[items.on-track]
link_id = "o"
value = "string"
codes = { CODES }
"""


def check_in() -> Instrument:
    return shipped_instruments()["session-check-in-client"]


def check_in_map() -> FormMap:
    (options,) = [answers_of(check_in(), "on-track")]
    codes = ", ".join(f'{one} = "word {one}"' for one in options)
    numbers = ", ".join(f'{one} = "U{one}"' for one in range(1, 11))
    return the_map(check_in(), CHECK_IN_MAP.replace("CODES", codes).replace("NUMBERS", numbers))


def test_a_row_of_numbers_may_be_codes_there_and_a_choice_words() -> None:
    form, first = check_in_map(), answers_of(check_in(), "on-track")[0]
    filled = a_filled(check_in(), {"understood": Decimal(7), "on-track": first, "felt": "well"})
    sent = to_ehr_form(to_response(filled, NAMES), form, check_in())
    assert sent is not None
    answers = {one["linkId"]: one["answer"][0] for one in sent["item"]}
    assert answers["u"] == {"valueCoding": {"code": "U7"}}
    assert answers["o"] == {"valueString": f"word {first}"}
    back = from_ehr_form(sent, form, check_in(), NAMES)
    assert read_and_check(back.resource, shipped_instruments(), NAMES).answers == filled.answers


@pytest.mark.parametrize(
    ("link_id", "answer"),
    [("f", {"valueInteger": 3}), ("o", {"valueString": "no such word"}), ("o", {"valueInteger": 1})],
)
def test_words_and_choices_of_another_type_are_refused(link_id: str, answer: dict[str, Any]) -> None:
    item = {"linkId": link_id, "answer": [answer]}
    with pytest.raises(ResourceRefused) as error:
        from_ehr_form(theirs(item=[item]), check_in_map(), check_in(), NAMES)
    assert [fault.reason for fault in error.value.faults] == ["wrong-type"]


def yes_or_no() -> tuple[Instrument, str]:
    """The first form of ours that asks a yes or no, and the link id of that item."""
    for form in shipped_instruments().values():
        for item in form.all_items:
            if answers_of(form, item.link_id) == ("true", "false"):
                return form, item.link_id
    raise LookupError("flag")


@pytest.mark.parametrize(
    ("value", "codes", "answer"),
    [
        ("boolean", {}, {"valueBoolean": True}),
        ("coding", {"true": "Y", "false": "N"}, {"valueCoding": {"code": "Y"}}),
        ("string", {"true": "yes", "false": "no"}, {"valueString": "yes"}),
    ],
)
def test_yes_and_no_go_and_come_in_whatever_the_form_has(
    value: Any, codes: dict[str, str], answer: dict[str, Any]
) -> None:
    instrument, ours = yes_or_no()
    form = FormMap(instrument.id, THEIRS, (MappedItem(ours, "y", value, (), None, codes),), frozenset())
    told = {"item": [{"linkId": ours, "answer": [{"valueBoolean": True}]}]}
    sent = to_ehr_form(told, form, instrument)
    assert sent is not None
    assert sent["item"][0]["answer"] == [answer]
    assert from_ehr_form(sent, form, instrument, NAMES).resource["item"] == told["item"]


def test_a_yes_that_is_a_number_is_refused() -> None:
    instrument, ours = yes_or_no()
    form = FormMap(instrument.id, THEIRS, (MappedItem(ours, "y", "boolean", (), None, {}),), frozenset())
    with pytest.raises(ResourceRefused):
        from_ehr_form(
            theirs(item=[{"linkId": "y", "answer": [{"valueInteger": 1}]}]), form, instrument, NAMES
        )


def test_a_scale_may_be_numbers_there() -> None:
    text = wai_map().replace('link_id = "w-item-1"', 'link_id = "w-item-1"\nvalue = "integer"', 1)
    filled = a_filled(wai_sr())
    sent = to_ehr_form(to_response(filled, NAMES), the_map(wai_sr(), text), wai_sr())
    assert sent is not None
    assert sent["item"][0]["answer"] == [{"valueInteger": 3}]


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ("none", "wrong-type"),
        ([None], "wrong-type"),
        ([{"linkId": "q-item-1", "modifierExtension": [{}]}], "unknown-modifier"),
        ([{"linkId": "q-item-1", "answer": "7"}], "wrong-type"),
    ],
)
def test_items_that_are_none_are_refused(items: Any, reason: str) -> None:
    assert [word for _, word in refused(theirs(item=items))] == [reason]


def test_nothing_answered_is_left_to_our_own_checks() -> None:
    form = the_map(srs(), srs_map())
    blank = [{"linkId": "q-item-1"}, {"linkId": "q-item-2", "answer": []}]
    assert "item" not in from_ehr_form(theirs(item=blank), form, srs(), NAMES).resource


def test_a_fault_elsewhere_keeps_its_place() -> None:
    translated = from_ehr_form(theirs(), the_map(srs(), srs_map()), srs(), NAMES)
    fault = Fault("QuestionnaireResponse.authored", "required", "must be there")
    assert translated.found_at(fault) is fault


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('"https://ehr.example/fhir/Questionnaire/4711"', '"4711"', "questionnaire: must be a canonical URL"),
        ('"signature"', '"page"', "ignored: names the group page, whose items count"),
        ('"signature"', '"q-item-1"', "items.item-1.link_id: is ignored as well"),
        ('"q-item-1"', '"page"', "items.item-1.link_id: is the link id of a group as well"),
        ('"q-item-1"', '" "', "items.item-1.link_id: must not be blank"),
        ('value = "string"', 'value = "integer"', "items.item-1.value: must not be integer"),
        ("[scores.total]", "[scores.mean]", "scores.mean: is no score of this instrument"),
    ],
)
def test_what_a_file_gets_wrong_is_told(before: str, after: str, told: str) -> None:
    faults = faults_of({"ehr/srs-3.toml": srs_map().replace(before, after, 1)})
    assert [fault for fault in faults if told in fault]
