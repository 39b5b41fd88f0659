"""The page of a dyad: what it shows to whom, and how an alert is moved there."""

from pathlib import Path

import pytest
from sqlalchemy import select

from service.alliance.markers import BAND, BAND_EDGE, COLOURS, FAINT, GREY, INK
from service.app import Served
from service.log import Log
from service.store.tables import audit_rows
from tests.service.api.callers import a_caller, ada, opened_to
from tests.service.api.clinician.reading import field_in, token_in, words_in
from tests.service.api.v1.build import STEADY, WITH_A_DIP, post, record_course
from tests.service.two_clinics import clients_of, key_of, of_clinic

ANNA = "/clinician/patients/anna"


@pytest.fixture
def alert(client, clock):
    """An open alert of Anna's, as /v1 tells it."""
    record_course(client, clock, WITH_A_DIP)
    (found,) = client.get("/v1/rupture-alerts").json()["items"]
    return found


def act(client, alert, act, **fields):
    """Send a form of the page as it is now."""
    page = client.get(ANNA).text
    given = {"token": token_in(page), "version": alert["version"], "by": "Practitioner/ada", "act": act}
    return client.post(f"/clinician/alerts/{alert['id']}", data=given | fields)


def current(client, alert):
    return client.get(f"/v1/rupture-alerts/{alert['id']}").json()


def test_the_page_shows_trend_alert_next_step_and_brief(client, alert):
    page = client.get(ANNA)
    told = words_in(page.text)

    assert page.status_code == 200
    assert page.text.count(' role="img"') == 2  # one is shown: the wide or the narrow
    assert "Marked dip after session 7, possible strain." in told
    assert "One next step You could open the next session by asking how the last one felt." in told
    assert "SRS client 27.0" in told
    assert "Ask what has stayed with them since last time" in told


def test_client_and_therapist_are_side_by_side(client, clock, deployment):
    record_course(client, clock, STEADY)
    for form, mark in {"wai-sr-client": 4, "wai-sr-therapist": 3}.items():
        items = deployment.instruments[form].items
        answers = {item.link_id: mark for item in items}
        receipt = post(client, instrument=form, identifier=f"urn:x|{form}", session_number=6, answers=answers)
        assert receipt.status_code == 201, receipt.text

    page = client.get(ANNA).text
    assert "WAI-SR client 48" in words_in(page)
    assert "therapist 3" in words_in(page)
    assert page.count("Working Alliance Inventory, Short Revised</h3>") == 1


def test_the_picture_and_what_stands_beside_speak_the_readers_language(client, alert):
    page = client.get(ANNA, headers={"Accept-Language": "de"}).text
    picture = page.partition('<div class="picture" lang="de">')[2].partition("</section>")[0]
    assert "die Meldung zu Sitzung 7 ist offen." in picture
    assert "wahrgenommenen Sitzungen bewertet" in picture
    assert "session" not in words_in(picture)


def test_nothing_of_others_and_no_script_is_loaded(client, alert):
    page = client.get(ANNA)

    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'")
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert "http://" not in page.text.replace("http://www.w3.org/2000/svg", "")


def test_the_pages_own_assets_are_open_and_typed(client):
    for name, kind in {
        "base.css": "text/css",
        "clinician.css": "text/css",
        "icon.svg": "image/svg+xml",
    }.items():
        asset = client.get(f"/clinician/assets/{name}")
        assert (asset.status_code, asset.headers["content-type"].partition(";")[0]) == (200, kind)


def test_an_alert_is_taken_worked_on_and_repaired(client, alert):
    taken = act(client, alert, "acknowledge")
    assert taken.headers["location"] == f"{ANNA}?therapist=Practitioner%2Fada&kept=acknowledge#alert"
    act(client, alert | {"version": 2}, "repair-steps", step="validated")
    act(client, alert | {"version": 3}, "repair-steps", words="Asked about it.\r\nIt helped.")
    page = words_in(client.get(ANNA).text)
    act(client, alert | {"version": 4}, "resolve", outcome="repaired")

    assert "✓ Validated done" in page
    now = current(client, alert)
    assert now["status"] == "repaired"
    assert now["acts"][2]["text"] == "Asked about it.\nIt helped."
    assert "No open alert" in words_in(client.get(ANNA).text)


def test_an_alert_is_dismissed_with_a_reason(client, alert):
    act(client, alert, "dismiss", reason="known-cause", words="A house move.")

    assert current(client, alert)["dismissal"] == "known-cause"


def test_a_stale_move_changes_nothing_and_shows_what_changed(client, alert):
    act(client, alert, "acknowledge", by="Practitioner/bo")
    stale = act(client, alert, "dismiss", reason="other")

    page = words_in(client.get(stale.headers["location"]).text)
    assert "What you chose was not kept. Meanwhile: bo took it" in page
    assert current(client, alert)["status"] == "acknowledged"


def test_the_words_of_a_stale_move_are_not_lost(client, alert):
    act(client, alert, "acknowledge", by="Practitioner/bo")
    stale = act(client, alert, "dismiss", reason="other", words="A house <move>.")

    assert stale.status_code == 409
    assert "Your words, to take along: A house <move>." in words_in(stale.text)
    assert "bo took it" in words_in(stale.text)


def test_a_move_that_does_not_fit_shows_the_page_as_it_is(client, alert):
    answer = act(client, alert, "repair-steps", step="validated")

    assert answer.headers["location"].endswith("&since=1#alert")
    assert current(client, alert)["status"] == "open"


def test_a_refused_move_has_its_row_in_the_audit(client, alert, deployment):
    act(client, alert | {"version": 9}, "acknowledge")

    with deployment.database.read() as tx:
        rows = tx.execute(select(audit_rows.c.route, audit_rows.c.status)).all()
    assert ("/clinician/alerts/{alert_id}", 412) in rows


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"act": "close"}, 400),
        ({"version": "one"}, 400),
        ({"version": ""}, 400),
        ({"act": "dismiss"}, 422),
        ({"act": "dismiss", "reason": "none"}, 422),
        ({"act": "repair-steps"}, 422),
        ({"by": "ada"}, 422),
        ({"more": "than asked"}, 422),
        ({"words": "x" * 4001}, 422),
    ],
)
def test_a_form_with_faults_changes_nothing_and_repeats_nothing(client, alert, fields, status):
    answer = act(client, alert, **({"act": "acknowledge"} | fields))

    assert answer.status_code == status
    assert "xxx" not in answer.text
    assert current(client, alert)["version"] == 1


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_change_that_no_page_of_ours_sent_is_refused(client, alert, token):
    answer = act(client, alert, "acknowledge", token=token)

    assert answer.status_code == 403
    assert current(client, alert)["status"] == "open"


def test_a_change_sent_by_another_site_is_refused(client, alert):
    page = client.get(ANNA).text
    given = {"token": token_in(page), "version": "1", "by": "Practitioner/ada", "act": "acknowledge"}
    path = f"/clinician/alerts/{alert['id']}"

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert client.post(path, data=given, headers=headers).status_code == 403
    assert current(client, alert)["status"] == "open"


def test_a_token_of_another_sign_in_is_refused(site):
    site.sign_in()
    foreign = token_in(site.browser.get("/clinician").text)
    site.sign_in()

    answer = site.browser.post("/clinician/sign-out", data={"token": foreign})
    assert answer.status_code == 403


def test_words_of_people_are_escaped(client, alert):
    mean = "<script>alert(1)</script>"
    act(client, alert, "acknowledge", words=mean)

    page = client.get(ANNA).text
    assert mean not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_an_act_is_that_of_who_is_signed_in(deployment, client, alert, log_stream):
    with opened_to(deployment, Log(log_stream), ada=ada(), bo=ada(user="Practitioner/bo")) as clients:
        page = clients["ada"].get(ANNA).text
        given = {"token": token_in(page), "version": "1", "act": "acknowledge"}
        foreign = clients["ada"].post(
            f"/clinician/alerts/{alert['id']}", data=given | {"by": "Practitioner/bo"}
        )
        own = clients["ada"].post(f"/clinician/alerts/{alert['id']}", data=given)

    assert 'name="by"' not in page
    assert (foreign.status_code, own.status_code) == (422, 303)
    assert current(client, alert)["owner"] == "Practitioner/ada"


def test_another_therapists_patient_is_not_there(deployment, client, alert, log_stream):
    receipt = current(client, alert)["response"]
    with opened_to(deployment, Log(log_stream), bo=ada(user="Practitioner/bo")) as clients:
        bo = clients["bo"]
        token = token_in(client.get(ANNA).text)
        given = {"token": token, "version": "1", "act": "acknowledge"}
        answers = [
            bo.get(ANNA),
            bo.get(f"{ANNA}?therapist=Practitioner/ada"),
            bo.get("/clinician?therapist=Practitioner/ada"),
            bo.get("/clinician/digest?therapist=Practitioner/ada"),
            bo.get(f"/clinician/responses/{receipt}"),
            bo.post(f"/clinician/alerts/{alert['id']}", data=given),
        ]
        own = bo.get("/clinician")

    assert [one.status_code for one in answers] == [404] * 6
    assert "anna" not in own.text + "".join(one.text.replace(ANNA, "") for one in answers)


def test_another_clinics_patient_is_not_there(deployment, clock, log_stream):
    both = [Served(of_clinic(deployment, name)) for name in ("north", "south")]
    keys = {one.deployment.clinic: key_of(one.deployment) for one in both}
    clients = clients_of(both, Log(log_stream), keys)
    record_course(clients["south"], clock, WITH_A_DIP)
    (alert,) = clients["south"].get("/v1/rupture-alerts").json()["items"]
    north = clients["north"]
    token = token_in(clients["south"].get(ANNA).text)
    given = {"token": token, "version": "1", "act": "acknowledge", "by": "Practitioner/ada"}

    assert north.get(ANNA).status_code == 404
    assert north.get(f"/clinician/responses/{alert['response']}").status_code == 404
    assert north.post(f"/clinician/alerts/{alert['id']}", data=given).status_code == 404
    assert "anna" not in north.get("/clinician").text + north.get("/clinician/digest").text


def test_who_may_not_see_alerts_is_shown_no_dyad(deployment, client, alert, log_stream):
    poor = a_caller("user/Observation.rs user/QuestionnaireResponse.rs", user="Practitioner/ada")
    with opened_to(deployment, Log(log_stream), poor=poor) as clients:
        assert clients["poor"].get(ANNA).status_code == 403


def test_the_visit_that_the_page_was_opened_from_is_told(client, clock):
    record_course(client, clock, [37.0], encounter="Encounter/e-1")

    here, other = (words_in(client.get(f"{ANNA}?encounter={name}").text) for name in ("e-1", "e-2"))
    assert "This visit Session Rating Scale" in here
    assert "No form of this visit has arrived yet." in other


def test_a_patient_whom_nobody_rated_is_not_there_in_words(client):
    answer = client.get("/clinician/patients/nobody")

    assert answer.status_code == 404
    assert "This page cannot be shown" in answer.text


def test_a_read_of_the_page_has_its_row_in_the_audit(client, alert, deployment):
    client.get(ANNA)

    with deployment.database.read() as tx:
        rows = tx.execute(select(audit_rows.c.route, audit_rows.c.subject, audit_rows.c.patient_row)).all()
    assert any(row.route == "/clinician/patients/{patient}" and row.patient_row for row in rows)


def test_forms_carry_the_version_that_was_looked_at(client, alert):
    assert field_in(client.get(ANNA).text, "version") == "1"


def test_the_styles_know_every_colour_of_the_picture():
    colours = {*COLOURS.values(), INK, GREY, FAINT, BAND, BAND_EDGE}
    styles = (Path(__file__).parents[4] / "service" / "pages" / "clinician" / "clinician.css").read_text()

    assert {one for one in colours if one not in styles} == set()


def test_a_page_with_its_secret_is_never_packed(client, alert):
    packed = {"Accept-Encoding": "gzip"}

    assert "content-encoding" not in client.get(ANNA, headers=packed).headers
    assert (
        client.get("/v1/patients/anna/alliance-trend", headers=packed).headers["content-encoding"] == "gzip"
    )
