"""Forms filled in the EHR come in: once, whole, in every version, or parked with the reason."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.errors import EhrUnreadable
from service.flows.poll_ehr import NO_SEARCH
from service.flows.record_response import record_response
from service.store.inbound import read_cursor, replacements
from service.store.patients import find_alias
from tests.builders import NAMES
from tests.form_maps import srs_map, theirs
from tests.service.build import a_response as ours
from tests.service.build import an_access
from tests.service.flows.delivering import Crash
from tests.service.flows.taking_in import BASE, Clinic, a_clinic

# The extensions that a portal does not know, left out.
BARE: dict[str, Any] = {"extension": None}


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with a_clinic(tmp_path) as made:
        yield made


def with_total(value: str) -> list[dict[str, Any]]:
    marks = [
        {"linkId": f"item-{number}", "answer": [{"valueDecimal": Decimal("9.0")}]} for number in range(1, 5)
    ]
    return [*marks, {"linkId": "total", "answer": [{"valueDecimal": Decimal(value)}]}]


def test_a_form_filled_in_the_ehr_is_recorded_with_where_it_came_from(clinic: Clinic) -> None:
    clinic.fill()
    assert clinic.poll().taken == 1
    taken = clinic.taken()
    assert (taken.origin, taken.ehr_reference) == ("ehr", "QuestionnaireResponse/e-1")
    assert clinic.deliveries() == [("response", 1)]


def test_the_same_form_is_taken_once_however_often_the_ehr_is_asked(clinic: Clinic) -> None:
    clinic.fill()
    clinic.poll()
    clinic.clock.pass_by(minutes=1)
    assert clinic.poll().taken == 0
    assert clinic.states() == ["taken"]


def test_a_pass_begins_a_little_before_where_the_last_one_ended(clinic: Clinic) -> None:
    clinic.fill()
    clinic.poll()
    clinic.asked.clear()
    clinic.poll()
    (search,) = [one for one in clinic.asked if "_lastUpdated" in str(one.url)]
    assert search.url.params["_lastUpdated"] == "ge2026-03-02T11:55:00.000000Z"
    assert NAMES.questionnaire("srs-3") in search.url.params["questionnaire"].split(",")


def test_what_the_index_shows_late_still_comes_in(clinic: Clinic) -> None:
    clinic.fill("e-1")
    clinic.poll()
    clinic.clock.pass_by(minutes=-2)
    clinic.fill("e-2", **BARE, subject={"reference": "Patient/anna"}, authored="2026-02-23T10:50:00+01:00")
    clinic.clock.pass_by(minutes=2)
    assert clinic.poll().taken == 1


def test_pages_are_followed(clinic: Clinic) -> None:
    clinic.know(*(f"p-{number}" for number in range(60)))
    for number in range(60):
        patient = {"reference": f"Patient/p-{number}"}
        clinic.fill(f"e-{number}", subject=patient, source=patient)
    assert clinic.poll().taken == 60


def test_a_form_of_others_is_none_of_ours(clinic: Clinic) -> None:
    clinic.fill(questionnaire="https://other.example/fhir/Questionnaire/phq-9")
    clinic.poll()
    assert clinic.states() == []


def test_a_response_that_we_wrote_is_not_taken_in_again(clinic: Clinic) -> None:
    clinic.fill(identifier={"system": NAMES.identifier("response"), "value": "r-7"})
    clinic.poll()
    assert clinic.states() == []


def test_one_that_we_wrote_is_known_by_the_chart_where_the_ehr_dropped_our_identifier(clinic: Clinic) -> None:
    clinic.fill("e-9")
    with clinic.deployment.database.write() as tx:
        tx.exec_driver_sql(
            "INSERT INTO chart_entries (clinic, ehr, logical, ehr_id, our_version, updated_at)"
            " VALUES ('default', 'ehr', 'QuestionnaireResponse/r-7', 'e-9', 1, '')"
        )
    clinic.poll()
    assert clinic.states() == []


def test_a_response_sent_to_us_under_its_place_in_the_ehr_is_that_one(clinic: Clinic) -> None:
    sent = ours(total="36.3", ehr_reference=f"{BASE}/QuestionnaireResponse/e-1")
    recorded = record_response(clinic.deployment, sent, an_access())
    clinic.fill(item=with_total("36.0"))
    clinic.poll()
    assert clinic.taken().id == recorded.filled.id
    assert clinic.taken().version == 2  # the EHR says other answers now


def test_a_change_in_the_ehr_is_our_next_version(clinic: Clinic) -> None:
    clinic.fill()
    clinic.poll()
    clinic.clock.pass_by(minutes=1)
    clinic.fill(status="amended", item=with_total("36.0"))
    clinic.poll()
    assert (clinic.taken().version, clinic.taken().status) == (2, "amended")
    assert clinic.states() == ["taken", "taken"]


def test_what_an_amended_form_is_silent_about_stays(clinic: Clinic) -> None:
    clinic.fill()
    clinic.poll()
    clinic.clock.pass_by(minutes=1)
    clinic.fill(status="amended", item=with_total("36.0"), **BARE)
    clinic.poll()
    assert (clinic.taken().therapist, clinic.taken().session_number) == ("Practitioner/ada", 7)


def test_entered_in_error_there_is_withdrawn_here(clinic: Clinic) -> None:
    clinic.fill()
    clinic.poll()
    clinic.clock.pass_by(minutes=1)
    clinic.fill(status="entered-in-error")
    clinic.poll()
    assert (clinic.taken().status, clinic.taken().version) == ("entered-in-error", 2)


def test_one_withdrawn_before_it_was_seen_is_nothing_here(clinic: Clinic) -> None:
    clinic.fill(status="entered-in-error")
    assert clinic.poll().taken == 1
    assert [row.response_id for row in clinic.came()] == [None]


def test_a_total_that_disagrees_is_kept_and_parked_not_scored(clinic: Clinic) -> None:
    clinic.fill(item=with_total("12"))
    assert clinic.poll().parked == 1
    assert clinic.reasons() == ["total-mismatch"]
    assert b"QuestionnaireResponse" in clinic.came()[0].body
    assert clinic.deliveries() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"subject": {"identifier": {"system": "urn:mrn", "value": "1"}}, "source": None}, "patient-unknown"),
        ({"authored": "2026-03-02"}, "no-time-zone"),
        ({"item": [{"linkId": "q-9", "answer": [{"valueDecimal": Decimal(1)}]}]}, "unknown-item"),
    ],
)
def test_what_cannot_be_taken_is_parked_with_its_reason(
    clinic: Clinic, changes: dict[str, Any], reason: str
) -> None:
    clinic.fill(**changes)
    clinic.poll()
    assert clinic.states() == ["parked"]
    assert clinic.reasons()[0] == reason


def test_the_next_version_of_a_parked_form_takes_its_place(clinic: Clinic) -> None:
    clinic.fill(authored="2026-03-02")
    clinic.poll()
    clinic.clock.pass_by(minutes=1)
    clinic.fill()
    clinic.poll()
    assert clinic.states() == ["superseded", "taken"]


def test_a_subject_given_by_identifier_alone_is_looked_up(clinic: Clinic) -> None:
    mrn = {"system": "urn:mrn", "value": "4711"}
    clinic.know("anna", identifier=[mrn])
    clinic.fill(subject={"identifier": mrn}, source=None)
    clinic.poll()
    assert clinic.taken().patient == "Patient/anna"


def test_several_patients_of_one_identifier_are_left_to_a_person(clinic: Clinic) -> None:
    mrn = {"system": "urn:mrn", "value": "4711"}
    clinic.know("anna", "berta", identifier=[mrn])
    clinic.fill(subject={"identifier": mrn}, source=None)
    clinic.poll()
    assert clinic.reasons() == ["patient-ambiguous"]


def test_a_patient_whom_the_ehr_replaced_is_merged_into_who_stays(clinic: Clinic) -> None:
    clinic.fill("e-1")
    clinic.poll()
    clinic.know("berta")
    clinic.know("anna", link=[{"other": {"reference": "Patient/berta"}, "type": "replaced-by"}])
    clinic.clock.pass_by(minutes=1)
    clinic.fill("e-2", authored="2026-02-23T10:50:00+01:00", **BARE)
    clinic.poll()
    with clinic.deployment.database.read() as tx:
        keys = {find_alias(tx, "default", f"Patient/{one}") for one in ("anna", "berta")}
        named = replacements(tx, "default", "ehr", ["Patient/anna"])
    assert len({alias.patient_key for alias in keys if alias}) == 1
    assert clinic.taken(1).patient == "Patient/berta"
    assert named == {"Patient/anna": "Patient/berta"}


def test_date_and_therapist_come_from_the_encounter_where_the_form_says_neither(clinic: Clinic) -> None:
    clinic.put(
        {
            "resourceType": "Encounter",
            "id": "session-7",
            "period": {"start": "2026-02-27T10:00:00+01:00"},
            "participant": [{"individual": {"reference": "Practitioner/ada"}}],
        }
    )
    clinic.fill(encounter={"reference": "Encounter/session-7"}, **BARE)
    clinic.poll()
    taken = clinic.taken()
    assert (taken.session_date, taken.therapist, taken.session_number) == (
        "2026-02-27",
        "Practitioner/ada",
        None,
    )


def test_of_two_therapists_in_one_session_neither_is_guessed(clinic: Clinic) -> None:
    people = [{"individual": {"reference": f"Practitioner/{one}"}} for one in ("ada", "bea")]
    clinic.put({"resourceType": "Encounter", "id": "session-7", "participant": people})
    clinic.fill(encounter={"reference": "Encounter/session-7"}, **BARE)
    clinic.poll()
    assert (clinic.taken().session_date, clinic.taken().therapist) == ("2026-03-02", "")


def test_an_encounter_that_is_not_there_says_nothing(clinic: Clinic) -> None:
    clinic.put({"resourceType": "Encounter", "id": "gone"})
    clinic.fill(encounter={"reference": "Encounter/gone"}, **BARE)
    clinic.instead["gone"] = httpx.Response(404)
    clinic.poll()
    assert clinic.taken().therapist == ""


def test_an_absolute_reference_below_the_ehr_is_the_same_patient(clinic: Clinic) -> None:
    there = {"reference": f"{BASE}/Patient/anna/_history/1"}
    clinic.fill(subject=there, source=there)
    clinic.poll()
    assert clinic.taken().patient == "Patient/anna"


def test_a_form_of_the_ehrs_own_comes_in_by_its_map(clinic: Clinic) -> None:
    clinic.with_maps(srs_3=srs_map())
    clinic.put(theirs(id="e-1"))
    clinic.poll()
    assert clinic.taken().instrument == "srs-3"


def test_a_new_map_fetches_what_was_passed_by_and_tries_what_is_parked(clinic: Clinic) -> None:
    clinic.put(theirs(id="e-1"))
    clinic.fill("e-2", authored="2026-03-02")
    clinic.poll()
    clinic.clock.pass_by(days=3)
    clinic.with_maps(srs_3=srs_map())
    clinic.poll()
    assert sorted((row.ehr_id, row.state, row.tries) for row in clinic.came()) == [
        ("e-1", "taken", 0),
        ("e-2", "parked", 1),
    ]


def test_a_crash_before_the_commit_loses_and_doubles_nothing(clinic: Clinic) -> None:
    clinic.fill()

    def crash(_: str) -> None:
        raise Crash("inbound-recorded")

    clinic.crash_point = crash
    with pytest.raises(Crash):
        clinic.poll()
    clinic.crash_point = lambda _: None
    assert clinic.poll().taken == 1
    assert clinic.states() == ["taken"]


def test_the_cursor_stands_still_where_an_answer_is_missing(clinic: Clinic) -> None:
    clinic.fill()
    clinic.instead["QuestionnaireResponse"] = httpx.Response(500)
    with pytest.raises(EhrUnreadable):
        clinic.poll()
    clinic.instead.clear()
    assert clinic.poll().taken == 1


def test_an_ehr_without_the_search_is_told_of_in_plain_words(clinic: Clinic) -> None:
    clinic.fill()
    statement = clinic.ehr.get("/fhir/metadata").json()
    for one in statement["rest"][0]["resource"]:
        one["searchParam"] = [two for two in one["searchParam"] if two["name"] != "_lastUpdated"]
    clinic.instead["metadata"] = httpx.Response(200, json=statement)
    assert clinic.poll().taken == 0
    with clinic.deployment.database.read() as tx:
        assert read_cursor(tx, "default", "ehr").trouble == NO_SEARCH
    assert NO_SEARCH in clinic.log.getvalue()


@pytest.mark.parametrize(
    ("following", "code"),
    [
        ("https://elsewhere.example/fhir?page=2", "next-page-elsewhere"),
        (f"{BASE}/QuestionnaireResponse?page=2", "pages-in-a-circle"),
    ],
)
def test_a_next_page_elsewhere_or_in_a_circle_is_not_fetched(
    clinic: Clinic, following: str, code: str
) -> None:
    page = {"resourceType": "Bundle", "link": [{"relation": "next", "url": following}]}
    clinic.instead["QuestionnaireResponse"] = httpx.Response(200, json=page)
    with pytest.raises(EhrUnreadable, match=code):
        clinic.poll()


@pytest.mark.parametrize(
    ("status", "reason"),
    [(404, "patient-unknown"), (403, "patient-not-shown"), (400, "patient-not-shown")],
)
def test_a_patient_whom_the_ehr_does_not_know_or_show_is_parked(
    clinic: Clinic, status: int, reason: str
) -> None:
    clinic.fill()
    clinic.instead["anna"] = httpx.Response(status)
    clinic.poll()
    assert clinic.reasons() == [reason]


def test_a_patient_at_whose_record_the_ehr_fails_stops_no_other_form(clinic: Clinic) -> None:
    clinic.know("berta")
    clinic.fill()
    clinic.fill("e-2", subject={"reference": "Patient/berta"}, source={"reference": "Patient/berta"})
    clinic.instead["anna"] = httpx.Response(500)
    assert clinic.poll().taken == 1
    assert sorted(clinic.states()) == ["due", "taken"]
    clinic.instead.clear()
    assert clinic.poll().taken == 1
    assert clinic.states() == ["taken", "taken"]


def test_after_a_day_of_failures_a_person_is_asked(clinic: Clinic) -> None:
    clinic.fill()
    clinic.instead["anna"] = httpx.Response(500)
    clinic.poll()
    clinic.clock.pass_by(hours=23)
    clinic.poll()
    assert clinic.states() == ["due"]
    clinic.clock.pass_by(hours=2)
    clinic.poll()
    assert clinic.states() == ["parked"]
    assert clinic.reasons() == ["people-not-looked-up"]


def test_a_subject_by_identifier_is_parked_where_the_ehr_offers_no_such_search(clinic: Clinic) -> None:
    clinic.fill(subject={"identifier": {"system": "urn:mrn", "value": "1"}}, source=None)
    statement = clinic.ehr.get("/fhir/metadata").json()
    for one in statement["rest"][0]["resource"]:
        if one["type"] == "Patient":
            one["searchParam"] = [two for two in one["searchParam"] if two["name"] != "identifier"]
    clinic.instead["metadata"] = httpx.Response(200, json=statement)
    clinic.poll()
    assert clinic.reasons() == ["patient-not-searchable"]


def test_a_form_over_which_we_stumble_is_parked_and_nothing_of_it_is_recorded(clinic: Clinic) -> None:
    def stumble(_: str) -> None:
        raise ZeroDivisionError

    clinic.fill()
    clinic.crash_point = stumble
    assert clinic.poll().parked == 1
    assert clinic.reasons() == ["service-failed"]
    assert clinic.deliveries() == []


def test_no_log_line_names_anybody(clinic: Clinic) -> None:
    clinic.fill(item=with_total("12"))
    clinic.poll()
    assert "inbound_parked" in clinic.log.getvalue()
    assert not [word for word in ("anna", "e-1", "12") if f'"{word}"' in clinic.log.getvalue()]


def test_a_form_that_is_historical_alerts_nobody(clinic: Clinic) -> None:
    long_ago = (clinic.clock.moment - timedelta(days=200)).isoformat()
    clinic.fill(authored=long_ago, **BARE)
    clinic.poll()
    assert clinic.taken().historical
