"""Repair steps, and what an EHR is told of them."""

from fhir_mappings.alert import to_detected_issue
from fhir_mappings.repair import IN_OWN_WORDS, Mitigation, repair_steps
from tests.builders import NAMES, an_alert

AT, ADA = "2026-03-03T09:00:00+01:00", "Practitioner/ada"


def mitigations(*steps, status="in-repair"):
    done = tuple(Mitigation(step, AT, ADA) for step in steps)
    return to_detected_issue(an_alert(status=status, mitigations=done), NAMES)["mitigation"]


def test_the_steps_are_those_of_the_reflection_form_without_none_yet():
    assert repair_steps()["validated"] == "Validated"
    assert "none-yet" not in repair_steps()


def test_a_step_is_a_mitigation_with_date_and_author():
    (told,) = mitigations("validated")
    (coding,) = told["action"]["coding"]
    assert (coding["system"], coding["code"]) == (NAMES.vocabulary("repair-steps"), "validated")
    assert (told["date"], told["author"]) == (AT, {"reference": ADA})


def test_a_step_in_own_words_is_told_without_them():
    assert mitigations(None) == [{"action": {"text": IN_OWN_WORDS}, "date": AT, "author": {"reference": ADA}}]


def test_a_persons_word_that_it_is_repaired_is_a_mitigation_too():
    told = mitigations("validated", "repaired", status="repaired")
    assert [one["action"]["coding"][0]["code"] for one in told] == ["validated", "repaired"]


def test_a_strain_that_deepened_in_repair_is_amended_until_it_ends():
    statuses = [
        to_detected_issue(an_alert(status=status, amended=True), NAMES)["status"]
        for status in ("in-repair", "repaired")
    ]
    assert statuses == ["amended", "final"]
