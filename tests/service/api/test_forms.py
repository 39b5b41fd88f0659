"""The client's form as its pages meet the service: what is shown, taken once, and refused."""

import io
from datetime import timedelta

import pytest

from fhir_mappings.catalogue import builtin_instruments, has_licensed_wording
from service.api.forms import MISSES_PER_MINUTE
from service.app import Served, create_app
from service.log import Log
from service.settings import Settings
from tests.answer_sets import complete_answers
from tests.conftest import BASE_URL, NOW, TestClient
from tests.service.api.forms_build import MARKS, a_clinic, a_link, fill, path_of, told_by, worded
from tests.service.api.v1.build import post
from tests.service.two_clinics import NORTH, SOUTH, key_of, of_clinic, service_of

WHO = ("csrs-child", "srs-3")
CLIENT_FORMS = sorted(one.id for one in builtin_instruments().values() if one.perspective == "client")


@pytest.fixture
def clinic(deployment):
    with a_clinic(deployment) as client:
        yield client


@pytest.fixture
def link(clinic):
    return a_link(clinic)


def stored(client):
    return client.get("/fhir/QuestionnaireResponse").json().get("entry", [])


def state_of(client, link):
    return client.get(f"/v1/form-links/{link['id']}").json()


def test_a_page_shows_the_clinics_words_and_nothing_of_whom_it_is_for(clinic, link):
    page = clinic.get(path_of(link))

    assert page.status_code == 200
    (form,) = told_by(page)["forms"]
    assert form["items"][0]["text"] == "Heard and respected"
    assert not any(one in page.text for one in ("anna", "ada", "2026-03"))


def test_a_page_is_kept_by_nobody_and_runs_no_script_but_ours(clinic, link):
    headers = clinic.get(path_of(link)).headers

    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]


def test_what_a_page_loads_is_there(clinic, link):
    page = clinic.get(path_of(link))

    for path in told_by(page)["files"]:
        assert clinic.get(path).headers["cache-control"].endswith("immutable"), path
    assert "connect-src 'self'" in clinic.get("/form/worker.js").headers["content-security-policy"]
    assert clinic.get("/form/assets/0123456789abcdef/main.js").status_code == 404


def test_filled_marks_become_a_response_of_the_client(clinic, link):
    assert fill(clinic, path_of(link), offset_minutes=60).json() == {"state": "received"}

    (entry,) = stored(clinic)
    response = entry["resource"]
    assert response["questionnaire"].endswith("/Questionnaire/srs-3-default|1.0.0")
    assert response["source"]["reference"] == response["subject"]["reference"] == "Patient/anna"
    assert response["authored"] == "2026-03-02T13:00:00+01:00"
    assert clinic.get(f"/v1/responses/{response['id']}").json()["scores"] == {"total": 36.3}


def test_a_page_never_tells_a_score(clinic, link):
    assert "36" not in fill(clinic, path_of(link)).text


def test_the_link_is_the_responses_identifier(clinic, link):
    fill(clinic, path_of(link))

    identifier = f"https://alliance.example/fhir/identifier/form-link|{link['id']}.srs-3"
    found = clinic.get("/fhir/QuestionnaireResponse", params={"identifier": identifier}).json()
    assert found["total"] == 1


def test_sent_twice_it_is_stored_once(clinic, link):
    answers = [fill(clinic, path_of(link), waited_seconds=wait).status_code for wait in (0, 30)]

    assert (answers, len(stored(clinic))) == ([200, 200], 1)


def test_other_answers_to_a_used_link_are_not_taken(clinic, link):
    fill(clinic, path_of(link))
    answer = fill(clinic, path_of(link), {"srs-3": MARKS | {"item-1": 1.0}})

    assert (answer.status_code, answer.json(), len(stored(clinic))) == (409, {"state": "used"}, 1)


def test_a_used_link_shows_a_page_of_thanks(clinic, link):
    fill(clinic, path_of(link))
    page = clinic.get(path_of(link), headers={"Accept-Language": "fr-CH,fr;q=0.9"})

    assert page.status_code == 410
    assert "<h1>Merci</h1>" in page.text


def test_a_childs_form_has_faces_and_addresses_a_child(deployment):
    with a_clinic(deployment, "srs-3", "csrs-child") as client:
        child, adult = (a_link(client, one, another_session=True, language="de") for one in WHO)
        told, other = told_by(client.get(path_of(child))), told_by(client.get(path_of(adult)))

    assert (told["forms"][0]["faces"], other["forms"][0]["faces"]) == (True, False)
    assert "für dich passt" in told["words"]["mark"]
    assert "für Sie passt" in other["words"]["mark"]


def test_an_expired_link_shows_a_friendly_page_and_takes_nothing(clinic, clock, link):
    clock.now += timedelta(days=1)

    assert "no longer open" in clinic.get(path_of(link)).text
    assert fill(clinic, path_of(link)).json() == {"state": "expired"}
    assert stored(clinic) == []


def test_what_was_given_in_time_is_taken_when_the_network_is_back(clinic, clock, link):
    clock.now += timedelta(hours=24, minutes=20)

    assert fill(clinic, path_of(link), waited_seconds=1800).status_code == 200
    assert stored(clinic)[0]["resource"]["authored"].startswith("2026-03-03T11:50:00")


def test_nothing_waits_longer_than_an_hour(clinic, clock, link):
    clock.now += timedelta(hours=25, minutes=1)

    assert fill(clinic, path_of(link), waited_seconds=7200).status_code == 410


def test_a_revoked_link_takes_nothing(clinic, link):
    clinic.post(f"/v1/form-links/{link['id']}/revoke")

    assert clinic.get(path_of(link)).status_code == 410
    assert fill(clinic, path_of(link)).json() == {"state": "revoked"}


def test_an_unknown_link_shows_a_friendly_page(clinic):
    page = clinic.get(f"/form/{'x' * 43}", headers={"Accept-Language": "de"})

    assert (page.status_code, "keinen Fragebogen" in page.text) == (404, True)
    assert fill(clinic, f"/form/{'x' * 43}").status_code == 404


def test_a_session_that_was_rated_already_keeps_its_rating_and_the_other_form_is_taken(clinic):
    link = a_link(clinic, "srs-3", "session-check-in-client")
    before = post(clinic).json()["id"]
    answers = {"srs-3": MARKS, "session-check-in-client": {"understood": 7}}

    assert fill(clinic, path_of(link), answers).status_code == 200
    outcome = state_of(clinic, link)["responses"]
    assert outcome["srs-3"] == {"response": before, "recorded": False}
    assert outcome["session-check-in-client"]["recorded"] is True


def test_a_form_left_blank_is_left_out(clinic):
    link = a_link(clinic, "srs-3", "session-check-in-client")
    fill(clinic, path_of(link), {"srs-3": {"item-1": 4}, "session-check-in-client": {"felt": " "}})

    assert list(state_of(clinic, link)["responses"]) == ["srs-3"]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({}, "nothing-answered"),
        ({"srs-3": {}}, "nothing-answered"),
        ({"srs-3": {"item-1": 11}}, "above-maximum"),
        ({"srs-3": {"item-1": 9.25}}, "wrong-step"),
        ({"ors-client": {"item-1": 1}}, "unknown-form"),
        ({"srs-3": 9}, "wrong-type"),
    ],
)
def test_bad_answers_are_refused_and_the_link_stays_open(clinic, link, answers, reason):
    answer = fill(clinic, path_of(link), answers)

    assert (answer.status_code, answer.json()["faults"][0]["reason"]) == (422, reason)
    assert state_of(clinic, link)["state"] == "open"


def test_the_language_is_the_browsers_or_the_one_that_is_chosen(clinic, link):
    page = clinic.get(path_of(link), headers={"Accept-Language": "de-AT,en;q=0.5"})
    chosen = clinic.get(f"{path_of(link)}?language=en", headers={"Accept-Language": "de"})

    assert told_by(page)["forms"][0]["items"][0]["text"] == "Gehört und geachtet"
    assert (told_by(page)["words"]["send"], told_by(chosen)["words"]["send"]) == ("Absenden", "Send")
    assert told_by(page)["languages"] == [["en", "English"], ["de", "Deutsch"]]


def test_the_language_of_the_link_is_not_the_readers_to_choose(clinic):
    link = a_link(clinic, language="de")
    told = told_by(clinic.get(f"{path_of(link)}?language=en"))

    assert (told["language"], told["languages"]) == ("de", [])


def test_the_language_that_was_shown_is_recorded(clinic, link):
    fill(clinic, path_of(link), language="de")

    assert stored(clinic)[0]["resource"]["language"] == "de"


def test_a_form_that_is_written_from_right_to_left_says_so(deployment):
    own = worded(deployment, ["srs-3"], ["en", "ar"])
    with TestClient(create_app(own, Log(io.StringIO())), base_url=BASE_URL) as client:
        page = client.get(path_of(a_link(client, language="ar")))

    assert told_by(page)["forms"][0]["direction"] == "rtl"
    assert '<html lang="ar" dir="rtl">' in page.text


def test_every_client_form_is_shown_filled_and_recorded(deployment):
    licensed = [one for one in CLIENT_FORMS if has_licensed_wording(builtin_instruments()[one])]
    with a_clinic(deployment, *licensed) as client:
        for session, name in enumerate(CLIENT_FORMS, 1):
            link = a_link(client, name, session_number=session)
            (form,) = told_by(client.get(path_of(link)))["forms"]
            answers = complete_answers(builtin_instruments()[name])
            assert {item["id"] for item in form["items"]} == set(answers)
            sent = {key: float(one) if hasattr(one, "quantize") else one for key, one in answers.items()}
            assert fill(client, path_of(link), {name: sent}).status_code == 200, name
            response = state_of(client, link)["responses"][name]["response"]
            assert client.get(f"/v1/responses/{response}").json()["complete"], name
    assert len(CLIENT_FORMS) >= 12


def test_a_code_opens_the_form_at_a_kiosk(clinic, link):
    opened = clinic.post("/form/kiosk", json={"code": link["code"].lower().replace("-", " ")})

    page = clinic.get(opened.json()["form"])
    assert told_by(page)["kiosk"] is True
    assert fill(clinic, opened.json()["form"]).status_code == 200
    assert clinic.post("/form/kiosk", json={"code": link["code"]}).status_code == 404


def test_typed_again_a_code_opens_a_new_address_alone(clinic, link):
    first, second = (clinic.post("/form/kiosk", json={"code": link["code"]}).json()["form"] for _ in range(2))

    assert [clinic.get(path).status_code for path in (first, second, path_of(link))] == [404, 200, 200]


def test_a_code_ends_after_twelve_hours(clinic, clock, link):
    clock.now += timedelta(hours=12)

    assert clinic.post("/form/kiosk", json={"code": link["code"]}).status_code == 404
    assert clinic.get(path_of(link)).status_code == 200


def test_whoever_guesses_is_refused_whatever_the_next_guess_is(clinic, link):
    for _ in range(MISSES_PER_MINUTE):
        clinic.post("/form/kiosk", json={"code": "BCDF-GHJK"})

    assert clinic.post("/form/kiosk", json={"code": link["code"]}).status_code == 429
    assert "One moment" in clinic.get(path_of(link)).text
    assert fill(clinic, path_of(link)).status_code == 429


def test_token_and_code_are_kept_as_hashes_alone(clinic, deployment, link):
    kiosk = clinic.post("/form/kiosk", json={"code": link["code"]}).json()["form"]
    with deployment.database.read() as tx:
        kept = str(tx.exec_driver_sql("SELECT * FROM form_links").all())

    secrets = (path_of(link)[6:], kiosk[6:], link["code"], link["code"].replace("-", ""))
    assert not any(one in kept for one in secrets)


def test_every_access_has_its_row_in_the_audit(clinic, deployment, link):
    clinic.get(path_of(link))
    fill(clinic, path_of(link))
    with deployment.database.read() as tx:
        rows = tx.exec_driver_sql("SELECT route, action, caller, status, patient_row FROM audit_rows").all()

    assert ("/form/{token}", "R", "form", 200, 1) in rows
    assert ("/form/{token}", "C", "form", 201, 1) in rows


def test_a_link_is_of_its_clinic_alone(deployment):
    clinics = [worded(of_clinic(deployment, name, Settings())) for name in (NORTH, SOUTH)]
    keys = [key_of(one) for one in clinics]
    service = service_of([Served(one) for one in clinics], Log(io.StringIO()))
    north, south = (
        TestClient(service, base_url=BASE_URL, headers={"Authorization": f"Bearer {key}"}) for key in keys
    )
    client = TestClient(service, base_url=BASE_URL)
    link = a_link(north)

    assert client.get(path_of(link)).status_code == 200
    assert fill(client, path_of(link)).status_code == 200
    assert south.get(f"/v1/form-links/{link['id']}").status_code == 404
    assert south.post(f"/v1/form-links/{link['id']}/revoke").status_code == 404
    assert (len(stored(north)), len(stored(south))) == (1, 0)


def test_what_is_filled_is_dated_by_our_clock(clinic, link):
    fill(clinic, path_of(link))

    assert stored(clinic)[0]["resource"]["authored"] == NOW.isoformat()
