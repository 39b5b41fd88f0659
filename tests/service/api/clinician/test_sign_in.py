"""Signing in: what is asked, what lets a person in, and everything that does not."""

import hashlib
import json
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from service.log import Log
from service.store.tables import audit_rows
from tests.conftest import NOW
from tests.service.api.clinician.signing_in import (
    EHR,
    EHR_ISSUER,
    LAUNCHED,
    RETURN,
    a_site,
    endpoints,
)
from tests.service.identity.signing import ISSUER, forged, rsa, token

LAUNCH = f"/launch?iss={EHR}&launch=xyz"


def sent_code(site, issuer=ISSUER):
    """Return what was sent to a token endpoint, and its headers."""
    request = next(one.request for one in site.servers.calls if str(one.request.url) == f"{issuer}/token")
    return {name: value for name, (value,) in parse_qs(request.content.decode()).items()}, request.headers


def test_the_browser_is_sent_to_the_clinics_provider_with_pkce_state_and_nonce(site):
    asked = site.send_away()

    assert (asked["response_type"], asked["redirect_uri"]) == ("code", RETURN)
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid fhirUser"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3


def test_a_launch_names_the_ehr_and_repeats_its_launch(site):
    asked = site.send_away(LAUNCH)

    assert (asked["aud"], asked["launch"], asked["client_id"]) == (EHR, "xyz", LAUNCHED)
    assert asked["scope"] == "launch openid fhirUser"


def test_the_code_is_sent_with_the_verifier_of_its_challenge_and_our_secret(site):
    asked = site.send_away()
    site.grant(asked)
    site.come_back(asked)

    form, headers = sent_code(site)
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]
    assert headers["authorization"].startswith("Basic ")
    assert "client_id" not in form


def test_a_public_client_names_itself(site):
    site.sign_in(LAUNCH)

    form, headers = sent_code(site, EHR_ISSUER)
    assert form["client_id"] == LAUNCHED
    assert "authorization" not in headers


def test_who_signed_in_gets_a_cookie_and_no_token(site):
    answer = site.sign_in()

    cookies = answer.headers.get_list("set-cookie")
    assert answer.headers["location"] == "/clinician"
    assert cookies[0].startswith("__Host-alliance=default.")
    assert all(word in cookies[0] for word in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"))
    assert "ey" not in answer.text
    assert site.browser.get("/clinician").status_code == 200


def test_a_launch_leads_to_its_patient_and_visit(site):
    answer = site.sign_in(LAUNCH, context={"patient": "anna", "encounter": "e-1"})

    assert answer.headers["location"] == "/clinician/patients/anna?encounter=e-1"


def test_the_page_that_was_wanted_follows_and_never_another_site(site):
    wanted = site.sign_in("/clinician/sign-in?to=/clinician/digest")
    for to in ("https://evil.example", "//evil.example", "/clinician/../x", "/clinician/patients/a?x=%0d"):
        asked = site.send_away(f"/clinician/sign-in?to={to}")
        site.grant(asked)
        assert site.come_back(asked).headers["location"] == "/clinician"
    assert wanted.headers["location"] == "/clinician/digest"


def test_signing_in_leaves_a_row_in_the_audit_that_says_who(site):
    site.sign_in(sub="7f")

    with site.deployment.database.read() as tx:
        rows = tx.execute(select(audit_rows.c.caller, audit_rows.c.route, audit_rows.c.status)).all()
    assert ("page 7f", "/clinician/signed-in", 200) in rows


def test_the_audit_names_whom_the_ehr_named_by_an_address_as_everywhere(site):
    site.sign_in(LAUNCH, fhirUser=f"{EHR}/Practitioner/ada")

    with site.deployment.database.read() as tx:
        rows = tx.execute(select(audit_rows.c.person, audit_rows.c.route)).all()
    assert ("Practitioner/ada", "/clinician/signed-in") in rows


def test_a_launch_by_an_ehr_that_is_not_ours_goes_nowhere(site, log_stream):
    answer = site.browser.get("/launch?iss=https://evil.example/fhir&launch=x")

    assert answer.status_code == 403
    assert not site.servers.calls
    assert "unknown-iss" in log_stream.getvalue()
    assert "evil" not in log_stream.getvalue() + answer.text


def test_another_browser_cannot_use_the_state(site):
    asked = site.send_away()
    site.grant(asked)

    answer = site.another_browser().get(RETURN, params={"code": "code-of-ada", "state": asked["state"]})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_state_counts_once(site):
    asked = site.send_away()
    site.grant(asked)

    assert site.come_back(asked).status_code == 303
    assert site.come_back(asked).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state[:0],
        lambda state: state[:-1] + ("A" if state[-1] != "A" else "B"),
        lambda state: "0" * 16 + state[16:],
        lambda state: state + "x",
    ],
)
def test_a_changed_state_is_refused(site, change):
    asked = site.send_away()
    site.grant(asked)

    assert site.come_back(asked, state=change(asked["state"])).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": ["alliance-page", "another"], "azp": None},
        {"azp": "another"},
        {"iss": "https://evil.example"},
        {"iss": EHR_ISSUER},
        {"exp": int(NOW.timestamp()) - 120},
    ],
)
def test_an_id_token_that_is_not_for_this_sign_in_lets_nobody_in(site, claims):
    answer = site.sign_in(**claims)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("text", ["nothing", forged({"alg": "none"}), forged({"alg": "RS256", "kid": "one"})])
def test_an_id_token_that_nobody_signed_lets_nobody_in(site, text):
    asked = site.send_away()
    site.servers.post(f"{ISSUER}/token").respond(json={"id_token": text})

    assert site.come_back(asked).status_code == 403


def test_an_id_token_of_another_key_lets_nobody_in(site):
    asked = site.send_away()
    stranger = token(rsa("stranger"), aud="alliance-page", azp=None, nonce=asked["nonce"])
    site.servers.post(f"{ISSUER}/token").respond(json={"id_token": stranger})

    assert site.come_back(asked).status_code == 403


@pytest.mark.parametrize("answer", [{"status_code": 400}, {"json": {}}, {"json": {"id_token": 1}}])
def test_a_code_that_is_worth_nothing_lets_nobody_in(site, answer):
    asked = site.send_away()
    site.servers.post(f"{ISSUER}/token").respond(**answer)

    assert site.come_back(asked).status_code == 403


def test_who_cancels_at_the_provider_is_told_to_begin_again(site):
    answer = site.come_back(site.send_away(), code="", error="access_denied")

    assert answer.status_code == 403
    assert "You were not signed in" in answer.text


def test_a_launch_without_a_practitioner_lets_nobody_in(site):
    assert site.sign_in(LAUNCH, fhirUser="Patient/anna").status_code == 403


def test_an_ehr_makes_no_supervisor_and_no_operator(site):
    site.sign_in(LAUNCH, roles=["supervisor"], scope="openid alliance/operations.read")

    assert site.browser.get("/clinician/deliveries").status_code == 403
    assert site.browser.get("/clinician?therapist=Practitioner/bo").status_code == 404


def test_the_clinics_provider_makes_operators_and_supervisors(site):
    site.sign_in(roles=["supervisor"], scope="openid alliance/operations.read")

    assert site.browser.get("/clinician/deliveries").status_code == 200
    assert site.browser.get("/clinician?therapist=Practitioner/bo").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge_methods_supported": ["plain"]},
        {"issuer": None},
        {"authorization_endpoint": "https://evil.example/auth"},
        {"token_endpoint": "https://evil.example/token"},
        {"token_endpoint": "http://ehr.north.example/token"},
    ],
)
def test_an_ehr_whose_addresses_may_not_be_used_is_not_signed_in_at(site, changes):
    told = endpoints(EHR_ISSUER, **changes)
    site.servers.get(f"{EHR}/.well-known/smart-configuration").respond(json=told)

    answer = site.browser.get(LAUNCH)
    assert answer.status_code == 503
    assert "evil" not in answer.headers.get("location", "")


def test_a_frame_of_the_ehr_gets_cookies_that_work_there(deployment, log_stream):
    with a_site(deployment, Log(log_stream), frame_ancestors=("https://ehr.north.example",)) as site:
        answer = site.sign_in(LAUNCH)
        page = site.browser.get("/clinician")

    assert "SameSite=None" in answer.headers.get_list("set-cookie")[0]
    assert answer.headers.get_list("set-cookie")[0].endswith("Partitioned")
    assert "frame-ancestors https://ehr.north.example" in page.headers["content-security-policy"]


def test_nothing_of_a_sign_in_stands_in_the_log(site, log_stream):
    asked = site.send_away()
    site.grant(asked, sub="7f-secret")
    site.come_back(asked)
    cookie = site.browser.cookies["__Host-alliance"]

    logged = log_stream.getvalue()
    assert not any(
        word in logged for word in (asked["state"], asked["nonce"], cookie, "code-of-ada", "7f-secret")
    )
    assert all(json.loads(line) for line in logged.splitlines())


def test_a_sign_in_takes_ten_minutes_at_most(site):
    begun = site.browser.get("/clinician/sign-in").headers["set-cookie"]

    assert begun.startswith("__Host-alliance-begun-")
    assert all(word in begun for word in ("Max-Age=600", "HttpOnly", "Secure"))


def test_whoever_has_no_patients_is_led_to_the_deliveries(site):
    answer = site.sign_in(scope="openid alliance/operations.read", fhirUser=None)

    assert answer.headers["location"] == "/clinician/deliveries"
    assert site.browser.get(answer.headers["location"]).status_code == 200


@pytest.mark.parametrize("context", ['{"alert":"a-1"}', {"alert": "a-1"}])
def test_a_card_that_is_followed_leads_to_its_alert(site, context):
    answer = site.sign_in(LAUNCH, context={"patient": "anna", "appContext": context})

    assert answer.headers["location"] == "/clinician/patients/anna#alert-a-1"


@pytest.mark.parametrize("context", ["{}", "not json", '{"alert":"a b"}', '["alert"]', 7, None])
def test_a_context_of_another_app_leads_to_the_patient(site, context):
    answer = site.sign_in(LAUNCH, context={"patient": "anna", "appContext": context})

    assert answer.headers["location"] == "/clinician/patients/anna"
