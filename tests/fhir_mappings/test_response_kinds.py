"""Each kind of answer written into a QuestionnaireResponse, and read out of one."""

import pytest

from fhir_mappings.errors import ResourceRefused
from fhir_mappings.response import read_and_check, to_response
from tests.builders import NAMES, a_filled, srs
from tests.every_kind import EVERY_ANSWER, every_kind, filled_kinds

PANEL = "QuestionnaireResponse.item[0].item"
SIGNS = NAMES.answer_codes("signs")


def written(**changes):
    (panel,) = to_response(filled_kinds(**changes), NAMES)["item"]
    return {one["linkId"]: one["answer"] for one in panel["item"]}


def sent(*items):
    """Return a response whose panel holds a yes and these items."""
    yes = {"linkId": "happened", "answer": [{"valueBoolean": True}]}
    panel = {"linkId": "panel", "item": [yes, *items]}
    return to_response(filled_kinds(), NAMES) | {"item": [panel]}


def item(link_id, *answers):
    return {"linkId": link_id, "answer": list(answers)}


def read(resource):
    return read_and_check(resource, {"every-kind": every_kind()}, NAMES)


def faults_of(resource):
    with pytest.raises(ResourceRefused) as refused:
        read(resource)
    return [(fault.at, fault.reason) for fault in refused.value.faults]


def test_each_kind_of_answer_is_written_as_its_own_type():
    kinds = {link_id: list(answers[0]) for link_id, answers in written().items()}
    assert kinds["happened"] == ["valueBoolean"]
    assert kinds["intensity"] == ["valueInteger"]
    assert kinds["mark"] == ["valueDecimal"]
    assert kinds["on-track"] == kinds["signs"] == kinds["marker-1"] == ["valueCoding"]
    assert kinds["why"] == ["valueString"]


def test_several_choices_are_several_answers_in_the_order_of_the_list():
    assert [one["valueCoding"]["code"] for one in written()["signs"]] == ["silence", "sarcasm"]


def test_an_answer_that_is_its_own_score_is_written_once():
    (panel,) = to_response(filled_kinds(), NAMES)["item"]
    assert [one["linkId"] for one in panel["item"]].count("intensity") == 1
    assert written()["marker-count"] == [{"valueDecimal": 2}]


def test_own_words_can_be_left_out_for_an_ehr():
    (panel,) = to_response(filled_kinds(), NAMES, texts=False)["item"]
    link_ids = [one["linkId"] for one in panel["item"]]
    assert ("why" in link_ids, "on-track" in link_ids) == (False, True)


def test_the_narrative_holds_no_word_that_was_written():
    narrative = to_response(filled_kinds(), NAMES)["text"]["div"]
    assert "8 of 9 items answered" in narrative
    assert "made-up" not in narrative


def test_the_narrative_of_scores_says_that_a_form_is_provisional():
    provisional = every_kind(status="provisional", status_reason="Key unsure.")
    div = to_response(filled_kinds(form=provisional), NAMES)["text"]["div"]
    assert div.count("provisional instrument") == 1
    assert "provisional" not in to_response(a_filled(srs()), NAMES)["text"]["div"]


def test_everything_written_is_read():
    back = read(to_response(filled_kinds(), NAMES))
    assert (back.answers, back.scores) == (filled_kinds().answers, filled_kinds().scores)
    assert back.response.answers == dict(EVERY_ANSWER) | {"signs": ["silence", "sarcasm"]}


def test_a_whole_step_may_come_as_a_decimal():
    assert read(sent(item("intensity", {"valueDecimal": 4}))).answers.values == {"intensity": 4}


def test_several_choices_may_be_none():
    assert read(sent(item("signs"))).answers.choices == {}


def test_a_choice_of_no_system_is_ours():
    assert read(sent(item("on-track", {"valueCoding": {"code": "yes"}}))).answers.choices == {
        "on-track": ("yes",)
    }


@pytest.mark.parametrize(
    ("link_id", "answer"),
    [
        ("happened", {"valueString": "yes"}),
        ("happened", {"valueBoolean": 1}),
        ("why", {"valueDecimal": 1}),
        ("why", {"valueString": 1}),
        ("on-track", {"valueString": "yes"}),
        ("on-track", {"valueCoding": "yes"}),
        ("intensity", {"valueBoolean": True}),
        ("signs", {"valueString": "silence", "valueBoolean": True}),
    ],
)
def test_an_answer_of_another_type_is_refused_by_place(link_id, answer):
    items = [one for one in sent()["item"][0]["item"] if one["linkId"] != link_id]
    resource = sent() | {"item": [{"linkId": "panel", "item": [*items, item(link_id, answer)]}]}
    assert faults_of(resource) == [(f"{PANEL}[{len(items)}].answer[0]", "wrong-type")]


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        (({"valueCoding": {"code": "nose"}},), (f"{PANEL}[1].answer[0].value.code", "unknown-choice")),
        (
            ({"valueCoding": {"code": "silence"}}, {"valueCoding": {"code": "nose"}}),
            (f"{PANEL}[1].answer[1].value.code", "unknown-choice"),
        ),
        (
            ({"valueCoding": {"system": "urn:other", "code": "silence"}},),
            (f"{PANEL}[1].answer[0].value.system", "foreign-coding"),
        ),
        (
            ({"valueCoding": {"code": "none-seen"}}, {"valueCoding": {"code": "silence"}}),
            (f"{PANEL}[1].answer[0]", "exclusive-choice"),
        ),
        (
            ({"valueCoding": {"code": "silence"}}, {"valueCoding": {"code": "silence"}}),
            (f"{PANEL}[1].answer[0]", "doubled-choice"),
        ),
    ],
)
def test_choices_that_do_not_fit_are_refused_by_place(answers, fault):
    assert faults_of(sent(item("signs", *answers))) == [fault]


def test_only_one_choice_is_taken_where_one_is_asked():
    two = ({"valueCoding": {"code": "yes"}}, {"valueCoding": {"code": "no"}})
    assert faults_of(sent(item("on-track", *two))) == [(f"{PANEL}[1].answer", "more-than-one-answer")]


def test_an_answer_to_a_closed_item_is_refused_by_place():
    closed = sent(item("why", {"valueString": "words"}))
    assert faults_of(closed) == [(f"{PANEL}[1].answer[0]", "not-enabled")]


def test_a_required_item_may_not_be_blank():
    without = sent(item("mark", {"valueDecimal": 5}))
    del without["item"][0]["item"][0]
    assert faults_of(without) == [("QuestionnaireResponse.item", "missing-answer")]


def test_a_fault_of_the_opening_item_is_not_repeated_by_those_it_opens():
    resource = sent(item("intensity", {"valueInteger": 3}))
    resource["item"][0]["item"][0]["answer"] = [{"valueString": "yes"}]
    assert faults_of(resource) == [(f"{PANEL}[0].answer[0]", "wrong-type")]
