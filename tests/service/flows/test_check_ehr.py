from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
import respx

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.codes import Names
from service.ehr.auth.credentials import bearer
from service.ehr.client import EhrClient
from service.ehr.profile_file import load_profile
from service.errors import SignInFailed
from service.flows.check_ehr import EhrReport, Step, check_ehr
from service.flows.probe_ehr import Probe, probe_ehr
from service.http import Http
from service.settings import Settings
from tests.service.build import NOW, StandingClock
from tests.service.ehr.fake_ehr import BASE, HOST, FakeEhr, Fault, Row, Surface

SETTINGS = Settings(ehr_base_url=BASE)


class Granted:
    """Credentials of which these scopes were granted; None: there are none to be had."""

    def __init__(self, scopes: str | None) -> None:
        self.scopes = scopes

    def headers(self) -> dict[str, str]:
        if self.scopes is None:
            raise SignInFailed("token-invalid-client", "the EHR's token endpoint refused our key")
        return {"Authorization": "Bearer t-1"}

    def renewed(self, refused: Any) -> None:
        raise AssertionError(refused)

    def granted(self) -> str | None:
        return self.scopes


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as mounted:
        yield mounted


@pytest.fixture
def http() -> Iterator[Http]:
    opened = Http(frozenset({HOST}), 5.0)
    yield opened
    opened.close()


@pytest.fixture
def ehr(router: respx.MockRouter) -> FakeEhr:
    made = FakeEhr(StandingClock())
    made.mount(router)
    made.rows.append(Row("Patient", "anna", 1, {"resourceType": "Patient", "name": [{"text": "Anna"}]}, NOW))
    return made


def a_client(http: Http, scopes: str | None = "system/*.cruds") -> EhrClient:
    return EhrClient(http, BASE, StandingClock(), credentials=Granted(scopes))


def ill(report: EhrReport) -> dict[str, str]:
    return {step.name: step.sentence for step in report.steps if not step.well}


def test_an_ehr_that_takes_all_is_well(http, ehr):
    report = check_ehr(a_client(http), SETTINGS, "Patient/anna")

    assert report.well
    assert [step.name for step in report.steps] == [
        *("sign-in", "scopes", "statement", "profile", "clock", "search", "patient"),
    ]
    assert report.plan[0].startswith("Responses: transaction.")


def test_a_patients_name_is_never_told(http, ehr):
    assert "Anna" not in repr(check_ehr(a_client(http), SETTINGS, "Patient/anna"))


def test_without_a_token_nothing_else_is_tried(http, ehr):
    report = check_ehr(a_client(http, None), SETTINGS, None)

    assert ill(report) == {"sign-in": "The EHR's token endpoint refused our key."}
    assert not ehr.reads


NO_FHIR = [
    (httpx.Response(404), "There is no FHIR server at this address (status-404): ALLIANCE_EHR_BASE_URL must"),
    (httpx.Response(200, text="<html>"), "There is no FHIR server at this address (not-json)"),
    (
        httpx.Response(301),
        "The EHR points to another address (301), which is not followed; ALLIANCE_",
    ),
]


@pytest.mark.parametrize(("answer", "said"), NO_FHIR)
def test_a_wrong_address_is_told_by_the_setting_to_mend(http, router, answer, said):
    router.get(f"{BASE}/metadata").mock(return_value=answer)
    assert ill(check_ehr(a_client(http, ""), SETTINGS, None))["statement"].startswith(said)


def test_credentials_are_tried_where_nothing_can_be_searched_for(http, ehr, router):
    statement = FakeEhr(StandingClock(), Surface(types=("DocumentReference",), search_params=())).statement()
    router.clear()
    router.get(f"{BASE}/metadata").respond(json=statement)
    router.get(url__startswith=f"{BASE}/Patient/").respond(401)
    client = EhrClient(http, BASE, StandingClock(), load_profile("epic"), credentials=bearer("wrong"))
    assert ill(check_ehr(client, SETTINGS, None))["access"] == "The EHR refused our credentials (401)."


def test_what_is_known_of_the_vendor_is_told(http, ehr):
    report = check_ehr(EhrClient(http, BASE, StandingClock(), load_profile("epic")), SETTINGS, None)
    told = {step.name: step.sentence for step in report.steps}
    assert told["profile"].endswith("the rest second-hand. Tried: not by us.")
    assert "An identical replay files a second note" in "".join(report.bites)


def test_a_profile_that_fits_better_is_named(http, ehr, router):
    statement = ehr.statement() | {"software": {"name": "HAPI FHIR Server"}}
    router.clear()
    router.get(f"{BASE}/metadata").respond(json=statement)
    router.get(url__startswith=BASE).mock(side_effect=ehr.answer)
    assert "the profile hapi knows" in ill(check_ehr(a_client(http), SETTINGS, None))["profile"]


def test_rights_that_were_not_granted_are_named_and_shape_the_plan(http, ehr):
    report = check_ehr(a_client(http, "system/Observation.crus"), SETTINGS, None)

    assert "QuestionnaireResponse (create" in ill(report)["scopes"]
    assert "not granted by the access token" in report.plan[0]


@pytest.mark.parametrize(
    ("surface", "said"),
    [
        (Surface(transaction=False), "one-by-one"),
        (Surface(transaction=False, types=("QuestionnaireResponse",)), "the response goes alone"),
        (Surface(types=()), "Responses: held"),
    ],
)
def test_the_plan_follows_from_what_is_declared(http, ehr, surface, said):
    ehr.surface = surface
    assert said in check_ehr(a_client(http), SETTINGS, None).plan[0]


def test_a_patient_who_is_not_there_is_told(http, ehr):
    assert "patient" in ill(check_ehr(a_client(http), SETTINGS, "Patient/nobody"))


def test_a_release_that_we_do_not_write_is_told(http, ehr):
    ehr.surface = replace(ehr.surface, fhir_version="5.0.0")
    assert "FHIR 5.0.0; we write R4" in ill(check_ehr(a_client(http), SETTINGS, None))["statement"]


def test_a_clock_that_is_far_off_is_told(http, ehr, router):
    date = format_datetime(NOW - timedelta(minutes=5), usegmt=True)
    statement = ehr.statement()
    router.clear()
    router.get(f"{BASE}/metadata").respond(json=statement, headers={"Date": date})
    router.get(url__startswith=BASE).respond(403)
    found = ill(check_ehr(a_client(http), SETTINGS, None))

    assert found["clock"].startswith("The EHR's clock is 300 s behind ours")
    assert found["search"] == "The EHR does not allow it (403)."


def test_an_ehr_that_is_down_is_told(http, router):
    router.get(f"{BASE}/metadata").mock(side_effect=httpx.ConnectError("down"))
    assert ill(check_ehr(a_client(http), SETTINGS, None)) == {"statement": "The EHR cannot be reached."}


def try_writing(http: Http, *, scopes: str = "system/*.cruds", for_good: bool = False) -> Step:
    client = a_client(http, scopes)
    client.sign_in()
    probe = Probe(client, client.capabilities(), shipped_instruments(), Names(), StandingClock())
    return probe_ehr(probe, "Patient/anna", even_for_good=for_good)


def test_a_test_response_is_written_marked_and_withdrawn(http, ehr):
    step = try_writing(http)
    stored = ehr.found("QuestionnaireResponse")

    assert step.well
    assert step.sentence.endswith("marked as entered in error again.")
    assert [one["status"] for one in stored] == ["entered-in-error"]
    assert stored[0]["meta"]["tag"][0]["code"] == "HTEST"


def test_a_test_response_whose_id_was_not_told_is_searched_for_and_withdrawn(http, ehr):
    ehr.faults = [Fault(201, performs=True)]
    assert try_writing(http).well
    assert [one["status"] for one in ehr.found("QuestionnaireResponse")] == ["entered-in-error"]


def test_where_scores_alone_are_taken_a_score_is_the_test(http, ehr):
    assert try_writing(http, scopes="system/Observation.cruds").well
    assert [one["status"] for one in ehr.found("Observation")] == ["entered-in-error"]


@pytest.mark.parametrize("note", ["DocumentReference", "Communication"])
def test_where_notes_alone_are_taken_a_note_is_the_test(http, ehr, note):
    ehr.surface = replace(ehr.surface, types=(note,))
    assert try_writing(http, scopes=f"system/{note}.cruds").well
    assert [one["status"] for one in ehr.found(note)] == ["entered-in-error"]


def test_an_ehr_that_files_notes_into_encounters_needs_one_named(http, ehr):
    ehr.surface = replace(ehr.surface, types=("DocumentReference",))
    client = EhrClient(http, BASE, StandingClock(), load_profile("epic"))
    probe = Probe(client, client.capabilities(), shipped_instruments(), Names(), StandingClock())
    step = probe_ehr(probe, "Patient/anna", even_for_good=True)
    assert "--encounter" in step.sentence
    assert not ehr.writes

    assert probe_ehr(probe, "Patient/anna", even_for_good=True, encounter="Encounter/e-1").well
    (note,) = ehr.found("DocumentReference")
    assert note["context"]["encounter"] == [{"reference": "Encounter/e-1"}]


def test_nothing_is_written_that_cannot_be_withdrawn_unless_said(http, ehr):
    ehr.surface = replace(ehr.surface, update=False, update_create=False)
    assert not try_writing(http).well
    assert not ehr.writes
    assert try_writing(http, for_good=True).sentence.endswith("stays there; it is tagged HTEST.")
    assert len(ehr.found("QuestionnaireResponse")) == 1


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([Fault(status=422)], "was not taken"),
        ([Fault(status=0)], "look there for the tag HTEST"),
        ([Fault(status=201)], "an id that was not told"),
        ([None, Fault(status=403)], "not withdrawn (403)"),
        ([None, Fault(status=0)], "withdraw it by hand"),
    ],
)
def test_what_goes_wrong_with_the_test_is_told(http, ehr, faults, said):
    ehr.faults = faults
    step = try_writing(http)

    assert not step.well
    assert said in step.sentence


def test_nothing_is_tried_where_nothing_is_taken(http, ehr):
    assert not try_writing(http, scopes="system/Patient.rs").well
    assert not ehr.writes
