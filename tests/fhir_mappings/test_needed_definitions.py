"""What an EHR needs to hold before a response or an alert, and no more."""

import re

from fhir_mappings import json_text
from fhir_mappings.alert import to_detected_issue
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.flag import to_flag
from fhir_mappings.needed_definitions import canonicals_of_alerts, needed_definitions
from fhir_mappings.task import to_task
from fhir_mappings.terminology import definitions
from tests.builders import NAMES, an_alert

KNOWN = definitions(shipped_instruments(), NAMES)


def needed(instrument):
    return [one["id"] for one in needed_definitions([NAMES.questionnaire(instrument)], KNOWN)]


def test_a_form_of_marks_needs_the_measures_and_the_perspectives():
    assert [one.rpartition("-")[0] for one in needed("srs-3")] == [
        "alliance-measures",
        "alliance-perspectives",
        "alliance-perspectives",
        "srs-3",
    ]


def test_a_form_of_choices_needs_their_codes_too():
    assert needed("wai-sr-client").count("wai-frequency-5-1.0.0") == 2


def test_a_derived_form_needs_the_form_that_it_names_before_it():
    forms = [one for one in needed("wai-b3-client") if one.startswith("wai-") and "-client-" in one]
    assert forms == ["wai-sr-client-1.0.0", "wai-b3-client-1.0.0"]


def test_what_is_not_ours_needs_nothing():
    assert needed_definitions(["https://other.example/q"], KNOWN) == []


def test_an_alert_needs_every_list_that_its_resources_name():
    acted = {"owner": "Practitioner/ada", "dismissal": "other", "status": "dismissed"}
    shown = [to_detected_issue(an_alert(**acted), NAMES), to_task(an_alert(**acted), NAMES)]
    shown.append(to_flag(an_alert(), NAMES))
    named = set(re.findall(r'"system":\s*"([^"]+)"', json_text.dumps(shown).decode()))
    ours = {one for one in named if "/CodeSystem/" in one and one.startswith(NAMES.base)}
    assert len(ours) > 2
    assert ours <= set(canonicals_of_alerts(NAMES))


def test_the_lists_of_alerts_are_all_known():
    found = {one["url"] for one in needed_definitions(canonicals_of_alerts(NAMES), KNOWN)}
    assert set(canonicals_of_alerts(NAMES)) <= found
