"""The end of a treatment on the page of a dyad: shown, told, taken back; by whom, and of which version."""

import pytest
from sqlalchemy import select

from service.app import Served
from service.log import Log
from service.store.tables import audit_rows
from tests.service.api.callers import a_caller, ada, opened_to
from tests.service.api.clinician.reading import field_in, token_in, words_in
from tests.service.api.v1.build import WITH_A_DIP, record_course
from tests.service.two_clinics import clients_of, key_of, of_clinic

ANNA = "/clinician/patients/anna"
END = f"{ANNA}/treatment-end"
V1 = "/v1/patients/anna/treatment-end"
PLANNED = {"therapist": "Practitioner/ada", "date": "2026-03-02", "reason": "planned"}
BY = {"by": "Practitioner/ada"}


@pytest.fixture
def course(client, clock):
    record_course(client, clock, WITH_A_DIP)
    return client


def end_form(page):
    """Return the part of a page that tells its end, '' where there is none."""
    return page.partition('id="end"')[2]


def tell(client, path=END, **fields):
    """Send the form of the page as it is now."""
    page = client.get(ANNA).text
    version = field_in(end_form(page), "version")
    given = PLANNED | BY if path == END else {"therapist": "Practitioner/ada"} | BY
    return client.post(path, data={"token": token_in(page), "version": version} | given | fields)


def told(client):
    return [(one["date"], one["reason"], one["by"]) for one in client.get(V1).json()["items"]]


def test_an_end_is_told_and_stands_above_and_beside_the_open_alert(course):
    answer = tell(course)
    page = words_in(course.get(answer.headers["location"]).text)

    assert answer.headers["location"] == f"{ANNA}?therapist=Practitioner%2Fada&kept=end"
    assert told(course) == [("2026-03-02", "planned", "Practitioner/ada")]
    assert "Kept." in page
    assert "Possible strain open marked dip Treatment ended on 2026-03-02 (planned) Marked dip" in page
    assert page.count("Treatment ended on 2026-03-02 (planned)") == 3


def test_a_german_reader_is_told_in_german(course):
    tell(course)
    page = words_in(course.get(ANNA, headers={"Accept-Language": "de"}).text)

    assert "Die Behandlung endete am 2026-03-02 (geplant)" in page
    assert "Ende zurücknehmen" in page


def test_an_end_is_taken_back(course):
    tell(course)
    tell(course, f"{END}/withdraw")

    assert told(course) == []
    assert "Treatment ended" not in course.get(ANNA).text


def test_an_end_that_a_session_overtook_is_not_shown_and_can_be_told_anew(course):
    course.put(V1, json=PLANNED | BY | {"date": "2026-02-01"})
    assert "Treatment ended" not in course.get(ANNA).text
    tell(course)

    assert told(course) == [("2026-03-02", "planned", "Practitioner/ada")]


def test_an_end_that_does_not_hold_is_not_called_kept(course):
    answer = tell(course, date="2026-02-01")
    page = words_in(course.get(answer.headers["location"]).text)

    assert answer.headers["location"].endswith("&end=overtaken#end")
    assert "this end does not hold: after it there was a session on 2026-03-02 ." in page
    assert "Kept." not in page


@pytest.mark.parametrize("path", [END, f"{END}/withdraw"])
def test_what_was_said_of_another_version_is_not_kept_and_the_page_says_so(course, deployment, path):
    course.put(V1, json=PLANNED | BY | {"reason": "transferred"})
    answer = tell(course, path, version="none")

    assert answer.headers["location"].endswith("&end=changed#end")
    assert "It has changed since this page was made." in course.get(answer.headers["location"]).text
    assert told(course) == [("2026-03-02", "transferred", "Practitioner/ada")]
    with deployment.database.read() as tx:
        rows = tx.execute(select(audit_rows.c.route, audit_rows.c.status)).all()
    assert (path.replace("anna", "{patient}"), 412) in rows


def test_a_button_pressed_twice_is_kept_once(course):
    first = tell(course)
    again = tell(course, f"{END}", version="none")

    assert first.headers["location"] == again.headers["location"]


def test_what_is_told_has_its_row_in_the_audit(course, deployment):
    tell(course)

    with deployment.database.read() as tx:
        rows = tx.execute(select(audit_rows.c.route, audit_rows.c.status, audit_rows.c.patient_row)).all()
    assert [row.status for row in rows if row.route.endswith("/treatment-end") and row.patient_row] == [200]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"version": ""}, 400),
        ({"date": "2026-13-01"}, 422),
        ({"date": "2027-01-01"}, 422),
        ({"reason": "xxx"}, 422),
        ({"by": "ada"}, 422),
        ({"more": "than asked"}, 422),
        ({"token": "0" * 64}, 403),
    ],
)
def test_a_form_with_faults_changes_nothing_and_repeats_nothing(course, fields, status):
    answer = tell(course, **fields)

    assert (answer.status_code, "xxx" in answer.text) == (status, False)
    assert told(course) == []


@pytest.mark.parametrize("path", [END, f"{END}/withdraw"])
def test_what_another_site_sent_is_refused(course, path):
    token = token_in(course.get(ANNA).text)
    given = {"token": token, "version": "none"} | PLANNED | BY

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert course.post(path, data=given, headers=headers).status_code == 403
    assert told(course) == []


def test_an_end_is_told_by_who_is_signed_in(deployment, course, log_stream):
    with opened_to(deployment, Log(log_stream), ada=ada()) as clients:
        page = clients["ada"].get(ANNA).text
        given = {"token": token_in(page), "version": "none"} | PLANNED
        foreign = clients["ada"].post(END, data=given | {"by": "Practitioner/bo"})
        own = clients["ada"].post(END, data=given)

    assert 'name="by"' not in page
    assert (foreign.status_code, own.status_code) == (422, 303)
    assert told(course) == [("2026-03-02", "planned", "Practitioner/ada")]


def test_who_may_not_tell_it_sees_it_without_the_form(deployment, course, log_stream):
    tell(course)
    scopes = "user/DetectedIssue.rs user/Observation.rs user/QuestionnaireResponse.rs user/Task.rus"
    with opened_to(deployment, Log(log_stream), poor=a_caller(scopes, user="Practitioner/ada")) as clients:
        page = clients["poor"].get(ANNA).text
        given = {"token": token_in(page), "version": "none"} | PLANNED
        refused = [clients["poor"].post(path, data=given) for path in (END, f"{END}/withdraw")]

    assert ("Treatment ended on" in page, end_form(page)) == (True, "")
    assert [one.status_code for one in refused] == [403, 403]
    assert all("Your sign-in does not open this page." in one.text for one in refused)


def test_another_therapists_treatment_cannot_be_ended(deployment, course, log_stream):
    with opened_to(deployment, Log(log_stream), bo=ada(user="Practitioner/bo")) as clients:
        given = {"token": token_in(course.get(ANNA).text), "version": "none"}
        told_by_bo = clients["bo"].post(END, data=given | PLANNED)
        taken_back = clients["bo"].post(f"{END}/withdraw", data=given | {"therapist": "Practitioner/ada"})

    assert [one.status_code for one in (told_by_bo, taken_back)] == [403, 403]
    assert told(course) == []


def test_another_clinics_treatment_is_not_there(deployment, clock, log_stream):
    both = [Served(of_clinic(deployment, name)) for name in ("north", "south")]
    keys = {one.deployment.clinic: key_of(one.deployment) for one in both}
    clients = clients_of(both, Log(log_stream), keys)
    record_course(clients["south"], clock, WITH_A_DIP)
    given = {"token": token_in(clients["south"].get(ANNA).text), "version": "none"} | PLANNED | BY

    assert clients["north"].post(END, data=given).status_code == 404
    assert told(clients["south"]) == []
