"""The pages that list: caseload, digest, deliveries; and one filled form."""

import re
from html import unescape

import pytest

from service.api.clinician.rendering import texts_by_language
from service.log import Log
from service.store.subscriptions import SubscriptionRow, add_subscription
from tests.service.api.callers import a_caller, ada, opened_to
from tests.service.api.clinician.reading import token_in, words_in
from tests.service.api.v1.build import STEADY, WITH_A_DIP, post, record_course

BOTH = "alliance/operations.read alliance/operations.write"


@pytest.fixture
def caseload(client, clock):
    """Anna with an alert and Ben without, both of Ada's."""
    record_course(client, clock, STEADY, patient="Patient/ben")
    record_course(client, clock, WITH_A_DIP)


def test_a_caseload_has_whoever_needs_attention_first(client, caseload):
    page = client.get("/clinician").text

    assert re.findall(r"/clinician/patients/(\w+)", page) == ["anna", "ben"]
    assert "open marked dip SRS 27.0 session 7" in words_in(page)


def test_of_several_therapists_one_is_chosen(client, caseload, clock):
    record_course(client, clock, STEADY, patient="Patient/cay", therapist="Practitioner/bo")

    page = words_in(client.get("/clinician").text)
    assert "Choose a therapist" in page
    assert "cay" in client.get("/clinician?therapist=Practitioner/bo").text


def test_a_therapist_sees_the_own_caseload_at_once(deployment, client, caseload, log_stream):
    with opened_to(deployment, Log(log_stream), ada=ada()) as clients:
        page = clients["ada"].get("/clinician").text

    assert "ben" in page
    assert "<select" not in page


def test_who_reaches_nobody_is_told_so(deployment, client, caseload, log_stream):
    nobody = a_caller("user/*.rs", supervises=False, user="Practitioner/new")
    with opened_to(deployment, Log(log_stream), new=nobody) as clients:
        page = words_in(clients["new"].get("/clinician").text)

    assert "Nobody was rated with this therapist lately." in page
    assert "anna" not in page


def test_the_digest_tells_what_needs_attention_and_counts_nobody(client, caseload):
    page = words_in(client.get("/clinician/digest").text)

    assert "Needs attention anna open marked dip" in page
    assert "What did I do just before the dip?" in page


def test_deliveries_are_told_with_what_happens_next_and_retried(client, caseload):
    page = client.get("/clinician/deliveries?state=pending")
    assert page.status_code == 200
    waiting = client.get("/v1/deliveries?state=waiting").json()["items"][0]
    one = client.get(f"/clinician/deliveries/{waiting['id']}")

    assert "It waits for an EHR to be configured" in words_in(one.text)
    given = {"token": token_in(one.text), "version": waiting["version"]}
    again = client.post(f"/clinician/deliveries/{waiting['id']}/retry", data=given)
    assert again.headers["location"].startswith(f"/clinician/deliveries/{waiting['id']}")


def a_subscription(**facts):
    unasked = dict.fromkeys(
        ("heartbeat_seconds", "timeout_seconds", "most_events", "about", "person", "patient")
    )
    blank = dict.fromkeys(("reason", "base", "caller", "credential", "scopes"), "")
    moments = dict.fromkeys(("due_at", "created_at", "updated_at"), "2026-03-02T12:00:00.000000Z")
    made = {"clinic": "default", "id": "s-1", "version": 1, "topic": "new-score", "content": "id-only"}
    lists = {"filters": "[]", "header_names": "[]", "end_at": "9999-12-31T00:00:00.000000Z"}
    return SubscriptionRow(**unasked, **blank, **moments, **made, **lists, supervises=False, **facts)


def test_a_subscription_in_error_is_told_with_its_receiver(client, deployment):
    failed = a_subscription(
        status="error", endpoint="https://ehr.example/key-1", events=3, delivered=1, fault="no-answer"
    )
    with deployment.database.write() as tx:
        add_subscription(tx, failed, [])

    page = client.get("/clinician/deliveries").text
    assert "ehr.example, new-score: in error not taken yet: 2 (no-answer) s-1" in words_in(page)
    assert "key-1" not in page


def test_a_stale_retry_is_told(client, caseload):
    waiting = client.get("/v1/deliveries?state=waiting").json()["items"][0]
    token = token_in(client.get(f"/clinician/deliveries/{waiting['id']}").text)

    answer = client.post(
        f"/clinician/deliveries/{waiting['id']}/retry", data={"token": token, "version": "99"}
    )
    assert "It has changed since this page was made." in client.get(answer.headers["location"]).text


def test_a_page_of_deliveries_leads_to_the_next(client):
    for number in range(51):
        post(client, patient=f"Patient/p-{number}", identifier=f"urn:x|{number}")
    first = client.get("/clinician/deliveries?state=waiting").text
    (link,) = re.findall(r'href="(/clinician/deliveries\?state=waiting[^"]*after=[^"]*)"', first)

    following = client.get(unescape(link)).text
    assert (first.count("<tr>"), following.count("<tr>")) == (51, 2)


def test_clinic_it_alone_sees_deliveries(deployment, client, caseload, log_stream):
    it = a_caller("alliance/operations.read")
    with opened_to(deployment, Log(log_stream), ada=ada(), it=it) as clients:
        statuses = [clients[name].get("/clinician/deliveries").status_code for name in ("ada", "it")]
        has_link = "/clinician/deliveries" in clients["ada"].get("/clinician").text

    assert (statuses, has_link) == ([403, 200], False)


def test_a_form_is_shown_as_it_was_answered(client):
    receipt = post(client).json()

    page = words_in(client.get(f"/clinician/responses/{receipt['id']}").text)
    assert "36.3" in page
    assert "9.2" in page


def test_of_a_bare_total_no_answer_is_called_blank(client, clock):
    (receipt,) = record_course(client, clock, [30])

    page = words_in(client.get(f"/clinician/responses/{receipt['id']}").text)
    assert "Only the total is known" in page
    assert "left blank" not in page


def test_a_report_in_words_hides_no_score(client, caseload):
    told = post(
        client,
        instrument="rupture-report-client",
        identifier="urn:x|told",
        session_number=7,
        answers={"happened": False},
    )
    assert told.status_code == 201, told.text

    assert "SRS 27.0 session 7" in words_in(client.get("/clinician").text)


def test_moments_of_ours_say_their_zone(client, caseload):
    assert "12:00 UTC" in words_in(client.get("/clinician/deliveries?state=waiting").text)


def test_every_language_has_every_text():
    def keys(texts, path=""):
        for key, value in texts.items():
            yield from keys(value, f"{path}{key}.") if isinstance(value, dict) else [f"{path}{key}"]

    by_language = texts_by_language()
    assert {language: sorted(keys(texts)) for language, texts in by_language.items()} == dict.fromkeys(
        by_language, sorted(keys(by_language["en"]))
    )


def test_whoever_may_not_see_a_page_is_told_what_is_missing(deployment, client, caseload, log_stream):
    it = a_caller("alliance/operations.read")
    with opened_to(deployment, Log(log_stream), ada=ada(), it=it) as clients:
        for_ada = clients["ada"].get("/clinician/deliveries")
        for_it = clients["it"].get("/clinician/digest")

    assert (for_ada.status_code, for_it.status_code) == (403, 403)
    assert "Your sign-in does not open this page." in words_in(for_ada.text)
    assert "alliance/operations.read" in for_ada.text
    assert 'href="/clinician/deliveries"' in for_it.text


def test_clinic_it_is_offered_no_patients(deployment, client, caseload, log_stream):
    with opened_to(deployment, Log(log_stream), it=a_caller("alliance/operations.read")) as clients:
        page = clients["it"].get("/clinician/deliveries").text

    assert 'href="/clinician"' not in page
    assert 'href="/clinician/digest"' not in page


def test_an_alert_that_somebody_took_is_told_once_in_the_digest(client, caseload):
    (alert,) = client.get("/v1/rupture-alerts").json()["items"]
    client.post(
        f"/v1/rupture-alerts/{alert['id']}/acknowledge",
        json={"by": "Practitioner/ada"},
        headers={"If-Match": f'W/"{alert["version"]}"'},
    )

    page = words_in(client.get("/clinician/digest").text)
    assert page.count("Marked dip after session") == 1


def test_whoever_may_only_look_is_offered_no_retry(deployment, client, caseload, log_stream):
    one = client.get("/v1/deliveries?state=waiting").json()["items"][0]["id"]
    callers = {"looks": a_caller("alliance/operations.read"), "acts": a_caller(BOTH)}
    with opened_to(deployment, Log(log_stream), **callers) as clients:
        pages = [clients[name].get(f"/clinician/deliveries/{one}").text for name in callers]

    assert ["Try again now" in page for page in pages] == [False, True]
