"""Who is signed in: how long, what the cookie opens and what it does not, and who leaves."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from service.flows.sign_ins import KnownSignIns
from service.scopes import Need, parse_scopes
from service.settings import Settings
from service.store.page_tables import page_sign_ins
from service.store.tables import audit_rows
from tests.conftest import NOW
from tests.service.api.clinician.reading import token_in


def at(site, path="/clinician"):
    return site.browser.get(path).status_code


def test_a_sign_in_ends_when_nobody_used_it_for_half_an_hour(site, clock):
    site.sign_in()
    clock.now = NOW + timedelta(minutes=29)
    used = at(site)
    clock.now = NOW + timedelta(minutes=58)

    assert (used, at(site)) == (200, 200)
    clock.now = NOW + timedelta(minutes=89)
    assert at(site) == 401


def test_a_sign_in_that_is_used_ends_after_ten_hours(site, clock):
    site.sign_in()
    for minutes in range(20, 600, 20):
        clock.now = NOW + timedelta(minutes=minutes)
        assert at(site) == 200
    clock.now = NOW + timedelta(hours=10)

    assert at(site) == 401


def test_who_is_not_signed_in_is_shown_the_way_in(site):
    answer = site.browser.get("/clinician/patients/anna")

    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")
    assert 'href="/clinician/sign-in?to=/clinician/patients/anna"' in answer.text


@pytest.mark.parametrize("cookie", ["", "default.", "default." + "a" * 43, "north." + "a" * 43, "x" * 5000])
def test_a_cookie_that_we_did_not_give_opens_nothing(site, cookie):
    headers = {"Cookie": f"__Host-alliance={cookie}"}

    assert site.another_browser().get("/clinician", headers=headers).status_code == 401


def test_two_cookies_of_one_name_open_nothing(site):
    site.sign_in()
    own = site.browser.cookies["__Host-alliance"]
    headers = {"Cookie": f"__Host-alliance={own}; __Host-alliance={own}"}

    assert site.another_browser().get("/clinician", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/v1/rupture-alerts", "/fhir/QuestionnaireResponse", "/v1/deliveries"])
def test_the_cookie_opens_no_door_for_callers(site, path):
    site.sign_in(scope="openid alliance/operations.read")

    assert at(site, path) == 401


def test_the_cookie_is_kept_as_a_hash(site):
    site.sign_in()
    cookie = site.browser.cookies["__Host-alliance"]

    with site.deployment.database.read() as tx:
        (row,) = tx.execute(select(page_sign_ins)).mappings().all()
    assert cookie not in str(dict(row))
    assert (row["practitioner"], row["supervises"]) == ("Practitioner/ada", False)


def test_who_signs_out_is_out_everywhere(site):
    site.sign_in()
    cookie = site.browser.cookies["__Host-alliance"]
    token = token_in(site.browser.get("/clinician").text)

    answer = site.browser.post("/clinician/sign-out", data={"token": token})
    assert answer.status_code == 200
    assert "Max-Age=0" in answer.headers["set-cookie"]
    again = site.another_browser().get("/clinician", headers={"Cookie": f"__Host-alliance={cookie}"})
    assert again.status_code == 401


def test_signing_out_leaves_a_row_in_the_audit(site):
    site.sign_in()
    token = token_in(site.browser.get("/clinician").text)
    site.browser.post("/clinician/sign-out", data={"token": token})

    with site.deployment.database.read() as tx:
        routes = tx.execute(select(audit_rows.c.route, audit_rows.c.interaction)).all()
    assert ("/clinician/sign-out", "delete") in routes


def test_what_is_over_is_forgotten_at_the_next_sign_in(site, clock):
    site.sign_in()
    clock.now = NOW + timedelta(hours=11)
    site.sign_in(exp=int(clock.now.timestamp()) + 60, iat=None)

    with site.deployment.database.read() as tx:
        assert len(tx.execute(select(page_sign_ins)).all()) == 1


def test_a_sign_in_of_one_clinic_is_none_of_another(site):
    site.sign_in()
    cookie = site.browser.cookies["__Host-alliance"]
    own = site.deployment
    known = KnownSignIns(own.database, dict.fromkeys(("default", "south"), own.settings), own.clock)

    assert known(cookie) is not None
    assert known(cookie.replace("default.", "south.")) is None


def test_a_sign_in_counts_no_more_once_nobody_can_sign_in(site):
    site.sign_in()
    own, cookie = site.deployment, site.browser.cookies["__Host-alliance"]
    closed = own.settings.model_copy(update={"sign_in_client_id": None, "launch_iss": None})

    assert KnownSignIns(own.database, {"default": closed}, own.clock)(cookie) is None


def test_another_host_opens_nothing(site):
    site.sign_in()

    answer = site.browser.get("/clinician", headers={"Host": "evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["Task", "EpisodeOfCare"])
def test_who_signed_in_may_take_an_alert_and_tell_an_end_by_the_default_scopes(kind):
    scopes = parse_scopes(" ".join(Settings().page_scopes))

    assert len(scopes) == len(Settings().page_scopes)
    assert any(one.opens(Need(kind, "u")) for one in scopes)
