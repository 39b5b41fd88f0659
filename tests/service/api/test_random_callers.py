"""Callers with any scopes, asking any address: nothing is told that is out of their sight.

Each dyad of each clinic has a word of its own, in the names of its people, its site and its words.
"""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.api.fhir.offered import OFFERED
from service.api.identity import Identity
from service.app import Served, create_service
from service.callers import Caller
from service.log import Log
from service.scopes import parse_scopes
from tests.conftest import BASE_URL, NOW, FixedClock, TestClient
from tests.databases import empty_database
from tests.service.api.callers import Known
from tests.service.api.v1.build import STEADY, record_course
from tests.service.build import a_deployment
from tests.service.two_clinics import ALL_SCOPES, NORTH, SOUTH, of_clinic

# Clinic, therapist, patient: the patients' names are the canaries.
DYADS = (
    (NORTH, "ada", "canary-1"),
    (NORTH, "ada", "canary-2"),
    (NORTH, "bo", "canary-3"),
    (SOUTH, "ada", "canary-4"),
)
KINDS = ["Observation", "QuestionnaireResponse", "DetectedIssue", "Task", "Flag", "Provenance", "*"]
SCOPES = st.builds(
    "{}/{}.{}".format,
    st.sampled_from(["user", "patient"]),
    st.sampled_from(KINDS),
    st.sampled_from(["rs", "s", "r", "cruds"]),
)
PATIENTS = st.sampled_from([None, *(f"Patient/{name}" for _, _, name in DYADS)])
THERAPISTS = st.sampled_from([None, "Practitioner/ada", "Practitioner/bo"])
CALLERS = st.builds(
    lambda clinic, scopes, user, patient, sees: Caller(
        "anybody",
        clinic,
        parse_scopes(" ".join(scopes)),
        user=user,
        patient=patient,
        patients_see_alerts=sees,
        patients_see_therapist_forms=sees,
    ),
    st.sampled_from([NORTH, SOUTH]),
    st.lists(SCOPES, min_size=1, max_size=4),
    THERAPISTS,
    PATIENTS,
    st.booleans(),
)
ADDRESSES = st.sampled_from(
    [
        *(f"/fhir/{one.type}" for one in OFFERED),
        "/fhir/QuestionnaireResponse?_revinclude=*&_include=*",
        "/fhir/Observation?_include=*&_total=accurate",
        "/fhir/Observation/$lastn",
        "/fhir/QuestionnaireResponse?patient={}&_count=2",
        "/fhir/Task?patient={}",
        "/v1/rupture-alerts",
        "/v1/rupture-alerts?include=watch&patient={}",
        "/v1/patients/{}/alliance-trend",
        "/v1/patients/{}/session-brief?therapist=Practitioner/ada",
        "/v1/therapists/ada/supervision-digest",
        "/v1/therapists/bo/supervision-digest",
        "/v1/attendance?patient={}",
        "/v1/deliveries",
        "/v1/inbound",
    ]
)


def may_see(caller: Caller, clinic: str, therapist: str, patient: str) -> bool:
    """Tell whether any scope could reach a dyad, whatever its type."""
    levels = {scope.level for scope in caller.scopes}
    by_user = "user" in levels and caller.user == f"Practitioner/{therapist}"
    by_patient = "patient" in levels and caller.patient == f"Patient/{patient}"
    return caller.clinic == clinic and (by_user or by_patient)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The service of both clinics, and the table of who is known by which word."""
    database, clock = empty_database(tmp_path_factory.mktemp("callers")), FixedClock(NOW)
    here = replace(a_deployment(None, database=database), clock=clock)
    known = {name: Caller("all", name, parse_scopes(ALL_SCOPES)) for name in (NORTH, SOUTH)}
    served = [Served(of_clinic(here, clinic)) for clinic in (NORTH, SOUTH)]
    client = TestClient(
        create_service(served, Log(), Identity(Known(known), None)), BASE_URL, follow_redirects=False
    )
    for clinic, therapist, patient in DYADS:
        client.headers["Authorization"] = f"Bearer {clinic}"
        who = {"patient": f"Patient/{patient}", "therapist": f"Practitioner/{therapist}"}
        record_course(client, clock, [*STEADY, 27.0], site=f"{patient}-site", **who)
    yield client, known
    database.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(caller=CALLERS, address=ADDRESSES, asked=st.sampled_from([name for _, _, name in DYADS]))
def test_nothing_out_of_sight_is_ever_told(world, caller, address, asked):
    client, known = world
    known["anybody"] = caller
    answer = client.get(address.format(asked), headers={"Authorization": "Bearer anybody"})
    hidden = [name for clinic, by, name in DYADS if not may_see(caller, clinic, by, name)]
    # The caller is told again what it said itself.
    told = answer.text if asked not in address.format(asked) else answer.text.replace(f"patient={asked}", "")

    assert answer.status_code < 500
    assert [name for name in hidden if name in told] == []


def test_who_reaches_a_dyad_is_told_of_it(world):
    client, known = world
    scopes = parse_scopes("user/*.rs")
    known["anybody"] = Caller("anybody", NORTH, scopes, user="Practitioner/ada")
    told = client.get("/fhir/QuestionnaireResponse", headers={"Authorization": "Bearer anybody"}).text

    assert ["canary-1" in told, "canary-2" in told, "canary-3" in told] == [True, True, False]
