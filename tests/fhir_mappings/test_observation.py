"""Scores as Observations."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.observation import STRAIGHT_LINED, observation_parts, to_observations, to_withdrawn
from tests.answer_sets import complete_answers
from tests.builders import NAMES, WAI_CHOICES, a_filled, numbered, srs, wai_sr
from tests.every_kind import every_kind, filled_kinds

THREE_MARKS = numbered(("9.2", "9.0", "8.7", None))
TWO_CHOICES = numbered(("3", "4"))


def by_part(filled, form="panel"):
    return {
        observation["id"].removeprefix(f"{filled.id}."): observation
        for observation in to_observations(filled, NAMES, form=form)
    }


def test_four_marks_the_total_and_a_panel_come_from_the_srs():
    assert list(by_part(a_filled())) == ["item-1", "item-2", "item-3", "item-4", "total", "panel"]


def test_three_scales_the_total_and_a_panel_come_from_the_wai_sr():
    assert list(by_part(a_filled(wai_sr()))) == ["task", "bond", "goal", "total", "panel"]


def test_parts_are_those_of_the_observations():
    for filled in (a_filled(), a_filled(wai_sr()), a_filled(total=Decimal(36))):
        assert list(observation_parts(filled)) == list(by_part(filled))


def test_the_panel_lists_its_members_and_has_no_value():
    panel = by_part(a_filled())["panel"]
    assert [one["reference"] for one in panel["hasMember"]][-1] == "Observation/r-7.total"
    assert "valueQuantity" not in panel


def test_a_bare_total_is_alone():
    assert list(by_part(a_filled(total=Decimal("36.3")))) == ["total"]


def test_a_score_without_value_makes_no_observation():
    assert list(by_part(a_filled(answers=THREE_MARKS))) == ["item-1", "item-2", "item-3", "panel"]


def test_nothing_is_observed_where_no_score_has_a_value():
    filled = a_filled(wai_sr(), TWO_CHOICES)
    assert (observation_parts(filled), to_observations(filled, NAMES)) == ((), [])
    assert to_observations(filled, NAMES, form="compact") == []


def test_compact_is_the_total_with_the_marks_as_components():
    compact = by_part(a_filled(), "compact")["compact"]
    assert compact["valueQuantity"]["value"] == Decimal("36.3")
    assert [one["valueQuantity"]["value"] for one in compact["component"]] == [
        Decimal(mark) for mark in ("9.2", "9.0", "8.7", "9.4")
    ]


def test_compact_says_that_a_total_is_absent():
    compact = by_part(a_filled(answers=THREE_MARKS), "compact")["compact"]
    assert "valueQuantity" not in compact
    assert compact["dataAbsentReason"]["coding"][0]["code"] == "unknown"


def test_compact_of_a_bare_total_has_no_components():
    compact = by_part(a_filled(total=Decimal("36.3")), "compact")["compact"]
    assert "component" not in compact


def test_compact_of_a_form_with_one_score_takes_that():
    form = replace(wai_sr(), scores=wai_sr().scores[:2])
    compact = by_part(a_filled(form), "compact")["compact"]
    assert compact["code"]["coding"][0]["code"] == "wai-sr-client.task"


def test_compact_of_a_form_with_several_scores_and_no_total_has_the_code_of_the_panel():
    form = replace(wai_sr(), scores=wai_sr().scores[:4])
    compact = by_part(a_filled(form), "compact")["compact"]
    assert compact["code"]["coding"][0]["code"] == "wai-sr-client"
    assert [one["valueQuantity"]["value"] for one in compact["component"]] == [15, 18]
    assert not {"valueQuantity", "dataAbsentReason"} & set(compact)


def test_each_kind_of_answer_is_a_value_of_its_own_kind():
    found = by_part(filled_kinds())
    assert found["happened"]["valueBoolean"] is True
    assert found["on-track"]["valueCodeableConcept"]["coding"][0]["code"] == "no"
    assert found["marker-3"]["valueQuantity"]["value"] == 3
    assert not {"why", "signs"} & set(found)


def test_a_no_is_a_value_too():
    closed = by_part(filled_kinds({"happened": False}))["happened"]
    assert closed["valueBoolean"] is False
    assert "Every: Happened: no" in closed["text"]["div"]


def test_counts_and_peaks_are_observed():
    found = by_part(filled_kinds())
    values = {part: found[part]["valueQuantity"]["value"] for part in ("marker-count", "marker-peak")}
    assert values == {"marker-count": 2, "marker-peak": 3}


def test_nothing_seen_is_a_count_of_none_and_no_peak():
    found = by_part(filled_kinds({"happened": False}))
    assert found["marker-count"]["valueQuantity"]["value"] == 0
    assert "marker-peak" not in found


def test_an_answer_that_is_its_own_score_is_observed_once():
    found = [one["id"] for one in to_observations(filled_kinds(), NAMES)]
    assert found.count("r-9.intensity") == 1


def test_a_score_that_is_an_answer_is_observed_where_other_items_are_not():
    found = by_part(filled_kinds(form=every_kind(observed_items=False)))
    assert list(found) == ["intensity", "marker-count", "marker-peak", "mark-mean", "panel"]


@pytest.mark.parametrize("instrument_id", sorted(shipped_instruments()))
def test_every_id_is_one_that_fhir_allows(instrument_id):
    instrument = shipped_instruments()[instrument_id]
    filled = a_filled(instrument, complete_answers(instrument), id="0f3b2c1d-5e6f-4a7b-8c9d-0e1f2a3b4c5d")
    ids = [one["id"] for one in to_observations(filled, NAMES)]
    assert [one for one in ids if not re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", one)] == []


def test_a_mark_has_no_more_digits_than_the_form_allows():
    assert str(by_part(a_filled())["item-4"]["valueQuantity"]["value"]) == "9.4"


def test_both_times_are_when_the_form_was_filled_in():
    total = by_part(a_filled())["total"]
    assert total["effectiveDateTime"] == total["issued"] == "2026-03-02T10:50:00+01:00"


def test_who_answered_is_the_performer():
    total = by_part(a_filled(source="RelatedPerson/eve"))["total"]
    assert total["performer"] == [{"reference": "RelatedPerson/eve"}]


def test_a_later_version_is_amended():
    assert by_part(a_filled(version=2, status="amended"))["total"]["status"] == "amended"
    assert by_part(a_filled(status="amended"))["total"]["status"] == "amended"


def test_a_response_in_error_has_observations_in_error():
    statuses = {one["status"] for one in by_part(a_filled(status="entered-in-error", version=3)).values()}
    assert statuses == {"entered-in-error"}


def test_a_withdrawn_observation_keeps_its_value():
    total = by_part(a_filled())["total"]
    withdrawn = to_withdrawn(total)
    assert (withdrawn["status"], total["status"]) == ("entered-in-error", "final")
    assert withdrawn["valueQuantity"] == total["valueQuantity"]


def test_a_prorated_score_says_so():
    one_blank = numbered((*WAI_CHOICES[:8], None, *WAI_CHOICES[9:]))
    found = by_part(a_filled(wai_sr(), one_blank))
    assert found["bond"]["note"] == [{"text": "3 of 4 items answered, prorated."}]
    assert "note" not in found["task"]


def test_a_provisional_instrument_says_so_in_every_observation():
    form = replace(srs(), status="provisional", status_reason="Key unsure.")
    notes = [one["note"] for one in by_part(a_filled(form)).values()]
    assert notes == [[{"text": "Provisional instrument: Key unsure."}]] * 6


def test_a_form_answered_alike_throughout_says_so_in_every_observation():
    form = shipped_instruments()["arm-5-client"]
    alike = a_filled(form, {item.link_id: Decimal(4) for item in form.items})
    assert [one["note"] for one in by_part(alike).values()] == [[{"text": STRAIGHT_LINED}]] * 2


def test_the_scale_range_does_not_pass_for_a_normal_range():
    (limits,) = by_part(a_filled())["total"]["referenceRange"]
    assert (limits["low"]["value"], limits["high"]["value"]) == (0, 40)
    assert limits["type"] == {"text": "possible range of the scale"}


def test_an_unknown_encounter_is_left_out():
    assert "encounter" not in by_part(a_filled(encounter=None))["total"]
