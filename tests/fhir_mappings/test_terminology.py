"""Our codes as CodeSystems and ValueSets."""

from itertools import groupby

from fhir_mappings.catalogue import builtin_instruments, shipped_instruments
from fhir_mappings.observation import to_observations
from fhir_mappings.terminology import (
    MEASURES_VERSION,
    definitions,
    measures_version,
    served_definitions,
    to_measure_value_sets,
    to_measures_code_system,
)
from tests.answer_sets import complete_answers
from tests.builders import NAMES, a_filled, srs
from tests.every_kind import every_kind

SHIPPED = shipped_instruments()


def measures():
    return to_measures_code_system(builtin_instruments(), NAMES)


def defined(resource_type, name, instruments=SHIPPED):
    return next(
        one
        for one in definitions(instruments, NAMES)
        if (one["resourceType"], one["id"]) == (resource_type, f"{name}-1.0.0")
    )


def codes_of(value_set):
    (include,) = value_set["compose"]["include"]
    return [one["code"] for one in include["concept"]]


def test_every_code_is_there_once():
    codes = [concept["code"] for concept in measures()["concept"]]
    assert len(set(codes)) == len(codes) == measures()["count"]
    assert {"srs-3", "srs-3.item-1", "wai-sr-client.total-mean", "possible-strain"} <= set(codes)


def test_every_code_in_an_observation_is_defined_with_the_same_display():
    concepts = to_measures_code_system(SHIPPED, NAMES)["concept"]
    known = {(concept["code"], concept["display"]) for concept in concepts}
    filled = [a_filled(one, complete_answers(one)) for one in SHIPPED.values()]
    codings = [one["code"]["coding"][0] for each in filled for one in to_observations(each, NAMES)]
    assert {(coding["code"], coding["display"]) for coding in codings} <= known
    assert len(codings) > len(SHIPPED)


def test_definitions_come_in_the_order_in_which_a_validator_needs_them():
    types = [kind for kind, _ in groupby(one["resourceType"] for one in definitions(SHIPPED, NAMES))]
    assert types == ["CodeSystem", "ValueSet", "Questionnaire"]


def test_a_derived_form_comes_after_the_form_that_it_names():
    urls = [one["url"] for one in definitions(SHIPPED, NAMES) if one["resourceType"] == "Questionnaire"]
    assert len(urls) == len(SHIPPED)
    assert urls.index(NAMES.questionnaire("wai-b3-client")) > urls.index(NAMES.questionnaire("wai-sr-client"))


def test_extensions_are_served_and_not_put_into_an_ehr():
    served, put = served_definitions(SHIPPED, NAMES), definitions(SHIPPED, NAMES)
    assert {one["resourceType"] for one in served[: -len(put)]} == {"StructureDefinition"}
    assert served[-len(put) :] == put


def test_every_logical_id_ends_in_its_version_and_is_unique():
    found = served_definitions(SHIPPED, NAMES)
    assert [one["id"] for one in found if not one["id"].endswith(f"-{one['version']}")] == []
    assert len({(one["resourceType"], one["id"]) for one in found}) == len(found)


def test_every_url_and_computer_name_is_unique():
    found = served_definitions(SHIPPED, NAMES)
    assert len({one["url"] for one in found}) == len(found)
    assert len({(one["resourceType"], one["name"]) for one in found}) == len(found)


def test_a_choice_in_a_code_system_has_the_old_weight_only():
    answers = defined("CodeSystem", "wai-frequency-5")
    urls = {one["url"] for concept in answers["concept"] for one in concept["extension"]}
    assert urls == {"http://hl7.org/fhir/StructureDefinition/ordinalValue"}


def test_a_choice_that_counts_nothing_has_no_weight():
    signs = defined("CodeSystem", "signs", {"every-kind": every_kind()})
    assert [set(concept) - {"designation"} for concept in signs["concept"]] == [{"code", "display"}] * 3


def test_a_choice_is_named_in_every_language():
    (seldom, *_) = defined("CodeSystem", "wai-frequency-5")["concept"]
    told = [(one["language"], one["value"]) for one in seldom["designation"]]
    assert told == [("de", "Selten"), ("es", "Pocas veces"), ("fr", "Peu souvent"), ("nl", "Weinig")]


def test_a_list_used_by_many_items_is_defined_once():
    ids = [one["id"] for one in definitions(SHIPPED, NAMES) if one["resourceType"] == "CodeSystem"]
    assert ids.count("wai-frequency-5-1.0.0") == 1


def test_each_kind_of_item_and_score_is_defined_in_words():
    concepts = to_measures_code_system({"every-kind": every_kind()}, NAMES)["concept"]
    words = {one["code"].partition(".")[2]: one["definition"] for one in concepts}
    assert words["happened"] == "Yes or no"
    assert (words["on-track"], words["signs"], words["why"]) == (
        "One of: On track",
        "Any of: Signs",
        "In own words",
    )
    assert words["marker-peak"] == "Highest of marker-1, marker-2, marker-3; 1 to 3"


def test_an_answer_that_is_its_own_score_has_one_code():
    concepts = to_measures_code_system({"every-kind": every_kind()}, NAMES)["concept"]
    assert [one["definition"] for one in concepts if one["code"] == "every-kind.intensity"] == ["1 to 5"]


def test_instruments_scores_and_markers_can_be_listed():
    markers = codes_of(defined("ValueSet", "rupture-markers"))
    assert len(markers) == 28
    assert "rupture-markers-observer.withdrawal-denial" in markers
    assert codes_of(defined("ValueSet", "alliance-instruments")) == list(SHIPPED)
    assert "wai-36-client.goal-mean" in codes_of(defined("ValueSet", "alliance-scores"))


def test_where_no_form_has_markers_there_is_no_list_of_them():
    urls = {one["url"] for one in to_measure_value_sets({"srs-3": srs()}, NAMES)}
    assert NAMES.value_set("rupture-markers") not in urls
    assert NAMES.value_set("alliance-scores") in urls


def test_every_code_in_a_value_set_is_defined():
    known = {one["code"] for one in to_measures_code_system(SHIPPED, NAMES)["concept"]}
    for name in ("alliance-instruments", "alliance-scores", "rupture-markers"):
        assert set(codes_of(defined("ValueSet", name))) <= known


def test_our_own_words_are_code_systems_with_a_value_set_each():
    statuses = defined("CodeSystem", "alert-statuses")
    assert statuses["valueSet"] == defined("ValueSet", "alert-statuses")["url"]
    assert "closed-by-scores" in [one["code"] for one in statuses["concept"]]


def test_the_codes_are_the_same_whatever_a_clinic_turned_on():
    on, all_of_them = (definitions(forms, NAMES) for forms in (builtin_instruments(), SHIPPED))
    assert on[0] == all_of_them[0]
    assert on[0]["version"] == MEASURES_VERSION


def test_a_clinics_own_form_gives_the_codes_a_version_of_their_own():
    own, changed = ({"every-kind": every_kind(title=title)} for title in ("Ours", "Ours, changed"))
    found = {definitions(forms, NAMES)[0]["id"] for forms in (own, changed, SHIPPED)}
    assert len(found) == 3
    assert all(one.startswith(f"alliance-measures-{MEASURES_VERSION}") for one in found)


def test_the_version_of_own_codes_does_not_depend_on_the_order_of_forms():
    one, other = every_kind(), every_kind(id="another")
    assert measures_version({"a": one, "b": other}) == measures_version({"b": other, "a": one})
