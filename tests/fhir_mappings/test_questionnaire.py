"""An instrument as Questionnaire."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.expressions import calculated_expression, score_variables
from fhir_mappings.questionnaire import to_questionnaire
from tests.builders import NAMES, srs, wai_sr
from tests.every_kind import every_kind

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
EXTENSION = "http://hl7.org/fhir/StructureDefinition"


def panel_items(instrument):
    (panel,) = to_questionnaire(instrument, NAMES)["item"]
    return {item["linkId"]: item for item in panel["item"]}


def extensions(element):
    return {one["url"]: value for one in element["extension"] for key, value in one.items() if key != "url"}


def test_logical_id_ends_in_the_version():
    form = to_questionnaire(srs(), NAMES)
    assert (form["id"], form["url"], form["version"]) == (
        "srs-3-1.0.0",
        "https://alliance.example/fhir/Questionnaire/srs-3",
        "1.0.0",
    )


def test_items_then_scores_stand_in_the_panel_in_file_order():
    assert list(panel_items(srs())) == ["item-1", "item-2", "item-3", "item-4", "total"]


def test_no_scored_item_is_required():
    assert [item for item in panel_items(wai_sr()).values() if "required" in item] == []


def test_a_mark_is_a_decimal_slider_with_decimal_limits():
    mark = panel_items(srs())["item-1"]
    found = extensions(mark)
    assert (mark["type"], found[f"{EXTENSION}/maxValue"]) == ("decimal", Decimal(10))
    assert found[f"{EXTENSION}/maxDecimalPlaces"] == 1
    assert found[f"{EXTENSION}/questionnaire-itemControl"]["coding"][0]["code"] == "slider"


def test_no_slider_step_is_given_since_it_is_for_integers_only():
    assert not [url for url in extensions(panel_items(srs())["item-1"]) if "sliderStepValue" in url]


def test_a_mark_names_each_end_and_last_both_of_them_for_renderers_without_sliders():
    ends = panel_items(srs())["item-2"]["item"]
    assert [(one["linkId"], one["type"], one["text"]) for one in ends] == [
        ("item-2-lower", "display", "beside the point"),
        ("item-2-upper", "display", "to the point"),
        ("item-2-help", "display", "0 = beside the point; 10 = to the point"),
    ]


def test_a_choice_carries_its_weight_in_both_spellings():
    option = panel_items(wai_sr())["item-1"]["answerOption"][4]
    assert option["valueCoding"]["system"] == NAMES.answer_codes("wai-frequency-5")
    assert extensions(option) == {f"{EXTENSION}/itemWeight": 5, f"{EXTENSION}/ordinalValue": 5}


def test_only_observed_scores_are_extracted():
    rule = f"{SDC}/sdc-questionnaire-observationExtract"
    items = panel_items(wai_sr())
    assert extensions(items["task"])[rule] == "member"
    assert extensions(items["task-mean"])[rule] is False
    assert extensions(items["item-1"])[rule] is False


def test_a_score_is_read_only_with_two_decimal_places():
    total = panel_items(srs())["total"]
    assert (total["type"], total["readOnly"]) == ("decimal", True)
    assert extensions(total)[f"{EXTENSION}/maxDecimalPlaces"] == 2


def test_both_spellings_of_the_version_algorithm_are_there():
    urls = list(extensions(to_questionnaire(srs(), NAMES)))
    assert urls[0].endswith("extension-Questionnaire.versionAlgorithm[x]")
    assert urls[1].endswith("artifact-versionAlgorithm")


def test_a_provisional_instrument_is_a_draft_that_says_why():
    form = to_questionnaire(replace(srs(), status="provisional", status_reason="Key unsure."), NAMES)
    assert form["status"] == "draft"
    assert form["description"].endswith("Provisional: Key unsure.")


def test_a_complete_only_sum_asks_for_all_items():
    assert score_variables(srs())["total"] == (
        "iif(%totalAnswers.count() = 4, %totalAnswers.aggregate($this + $total, 0.0), {})"
    )


def test_a_prorated_sum_asks_for_three_items_of_four():
    assert score_variables(wai_sr())["task"] == (
        "iif(%taskAnswers.count() >= 3, "
        "%taskAnswers.aggregate($this + $total, 0.0) * 4 / %taskAnswers.count(), {})"
    )


def test_a_total_adds_unrounded_parts_and_is_rounded_once():
    assert score_variables(wai_sr())["totalMean"] == "(%task + %bond + %goal) / 12"
    assert calculated_expression(wai_sr().score_by_id["total-mean"]) == "%totalMean.round(2)"


def test_a_variable_uses_only_earlier_ones():
    seen: set[str] = set()
    for name, expression in score_variables(wai_sr()).items():
        assert set(re.findall(r"%(\w+)", expression)) - {"resource"} <= seen
        seen.add(name)


def test_a_complete_only_mean_divides_by_all_items():
    rule = replace(srs().scores[0], id="total-mean", kind="mean")
    variables = score_variables(replace(srs(), scores=(rule,)))
    assert variables["totalMean"].endswith("%totalMeanAnswers.aggregate($this + $total, 0.0) / 4, {})")


def test_a_reversed_mark_is_turned_round_and_equal_answers_are_kept():
    first, *others = srs().items
    variables = score_variables(replace(srs(), all_items=(*others, replace(first, reversed=True))))
    assert variables["totalAnswers"].endswith(
        ".combine(%resource.item.where(linkId = 'panel').item"
        ".where(linkId in ('item-2' | 'item-3' | 'item-4')).answer.value)"
    )
    assert (
        ".where(linkId in ('item-1')).answer.value.select(10 - $this).combine(" in variables["totalAnswers"]
    )


def test_a_score_of_reversed_items_alone_has_a_formula():
    items = tuple(replace(item, reversed=True) for item in srs().items)
    answers = score_variables(replace(srs(), all_items=items))["totalAnswers"]
    assert answers.endswith("'item-4')).answer.value.select(10 - $this)")


def test_codes_that_are_not_their_weight_are_weighed():
    scale = wai_sr().items[0].scale
    lettered = replace(scale, choices=tuple(replace(one, code=f"c{one.code}") for one in scale.choices))
    items = tuple(replace(item, scale=lettered) for item in wai_sr().items)
    answers = score_variables(replace(wai_sr(), all_items=items))["taskAnswers"]
    assert answers.endswith(".answer.value.select($this.weight())")


@pytest.mark.parametrize(("items", "needed"), [(3, 3), (4, 3), (5, 4), (12, 9)])
def test_three_quarters_of_the_items_are_rounded_up(items, needed):
    links = tuple(item.link_id for item in wai_sr().items[:items])
    rule = replace(wai_sr().scores[0], items=links)
    variables = score_variables(replace(wai_sr(), scores=(rule,)))
    assert variables["task"].startswith(f"iif(%taskAnswers.count() >= {needed}, ")


def test_a_count_and_a_peak_of_what_was_seen_have_formulas():
    variables = score_variables(every_kind())
    assert variables["markerCount"] == "%markerCountAnswers.count().toDecimal()"
    assert variables["markerPeak"].startswith("%markerCountAnswers.aggregate(iif($total.empty(), $this,")


def test_an_answer_that_is_its_own_score_is_no_second_item():
    assert list(panel_items(every_kind())).count("intensity") == 1
    assert "calculatedExpression" not in str(panel_items(every_kind())["intensity"])
    assert "intensity" not in score_variables(every_kind())


@pytest.mark.parametrize(
    ("perspective", "performer"),
    [
        ("client", "Patient"),
        ("therapist", "Practitioner"),
        ("observer", "Practitioner"),
        ("carer", "RelatedPerson"),
    ],
)
def test_who_answers_stands_in_the_form(perspective, performer):
    form = to_questionnaire(replace(srs(), perspective=perspective), NAMES)
    assert extensions(form)[f"{SDC}/sdc-questionnaire-performerType"] == performer
    assert form["useContext"][0]["valueCodeableConcept"]["coding"][0]["code"] == perspective
    assert form["subjectType"] == ["Patient"]


def test_a_derived_form_names_the_form_that_it_comes_from():
    derived = to_questionnaire(replace(srs(), derived_from="wai-sr-client"), NAMES)
    assert derived["derivedFrom"] == [NAMES.questionnaire("wai-sr-client")]
    assert "derivedFrom" not in to_questionnaire(srs(), NAMES)


@pytest.mark.parametrize("instrument_id", sorted(shipped_instruments()))
def test_every_form_has_every_item_and_every_score_once(instrument_id):
    instrument = shipped_instruments()[instrument_id]
    wanted = [item.link_id for item in instrument.all_items]
    wanted += [rule.id for rule in instrument.scores if rule.kind != "answer"]
    (panel,) = to_questionnaire(instrument, NAMES)["item"]
    assert [item["linkId"] for item in panel["item"]] == wanted


@pytest.mark.parametrize("instrument_id", sorted(shipped_instruments()))
def test_only_what_must_be_answered_is_required(instrument_id):
    instrument = shipped_instruments()[instrument_id]
    required = [link_id for link_id, item in panel_items(instrument).items() if item.get("required")]
    assert required == [item.link_id for item in instrument.all_items if item.required]
