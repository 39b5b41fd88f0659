import pytest

from tests.service.sandbox.build import observation, response


@pytest.fixture
def chart(caller):
    """One patient with a response and its observation; another with an observation alone."""
    anna, berta = caller.patient(), caller.patient()
    answered = caller.create(response(anna)).json()["id"]
    derived = [{"reference": f"QuestionnaireResponse/{answered}"}]
    caller.create(observation(anna, "o-1", derivedFrom=derived))
    caller.create(observation(berta, "o-2", effectiveDateTime="2026-03-09"))
    caller.anna, caller.answered = anna, answered
    return caller


def values(chart, query):
    return sorted(one["identifier"][0]["value"] for one in chart.found(f"Observation?{query}"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("identifier=urn:test|o-1", ["o-1"]),
        ("identifier=o-1,o-2", ["o-1", "o-2"]),
        ("identifier=|o-1", []),
        ("identifier=urn:test|", ["o-1", "o-2"]),
        ("code=urn:codes|srs-3.total", ["o-1", "o-2"]),
        ("code=other", []),
        ("status=final&identifier=o-2", ["o-2"]),
        ("date=2026-03-02", ["o-1"]),
        ("date=gt2026-03-02", ["o-2"]),
        ("date=ge2026-03-02T09:50:00Z", ["o-1", "o-2"]),
        ("date=lt2026-03-02T10:50:00%2B01:00", []),
        ("date=ge2026-03&date=lt2026-03-05", ["o-1"]),
        ("date=ne2026-03-02", ["o-2"]),
        ("_lastUpdated=lt2026", []),
    ],
)
def test_a_search_finds_what_meets_it(chart, query, expected):
    assert values(chart, query) == expected


def test_a_patient_is_found_by_relative_absolute_and_bare_id(chart):
    bare = chart.anna.removeprefix("Patient/")
    forms = [chart.anna, bare, f"http://testserver/fhir/{chart.anna}"]

    assert [values(chart, f"patient={form}") for form in forms] == [["o-1"]] * 3


def test_observations_are_found_by_their_response(chart):
    assert values(chart, f"derived-from=QuestionnaireResponse/{chart.answered}") == ["o-1"]


def test_responses_are_found_by_questionnaire_with_and_without_version(chart):
    form = "https://a.example/fhir/Questionnaire/srs-3"
    found = [
        len(chart.found(f"QuestionnaireResponse?questionnaire={form}{end}")) for end in ("", "|1.0.0", "|2")
    ]

    assert found == [1, 1, 0]


def test_questionnaires_are_found_by_url_and_version(caller):
    form = {"resourceType": "Questionnaire", "url": "https://a.example/q", "version": "1.0.0"}
    caller.create(form)

    assert len(caller.found("Questionnaire?url=https://a.example/q&version=1.0.0")) == 1
    assert caller.found("Questionnaire?url=https://a.example/q&version=1.0.1") == []


@pytest.mark.parametrize(
    "query", ["colour=red", "patient:missing=true", "identifier=", "date=soon", "_count=x"]
)
def test_what_is_not_understood_is_refused(caller, query):
    answer = caller.http.get(f"/fhir/Observation?{query}")

    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_pages_follow_each_other_until_all_are_seen(caller):
    patient = caller.patient()
    for number in range(5):
        caller.create(observation(patient, f"o-{number}"))
    address, seen = "/fhir/Observation?_count=2", []
    while address:
        page = caller.http.get(address).json()
        seen += [entry["resource"]["identifier"][0]["value"] for entry in page["entry"]]
        address = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)

    assert seen == ["o-0", "o-1", "o-2", "o-3", "o-4"]


def test_the_newest_come_first_when_asked(caller):
    patient = caller.patient()
    caller.create(observation(patient, "old"))
    caller.create(observation(patient, "new"))

    found = caller.found("Observation?_sort=-_lastUpdated&_count=1")

    assert found[0]["identifier"][0]["value"] == "new"


def test_a_count_alone_holds_no_entries(chart):
    answer = chart.http.get("/fhir/Observation?_summary=count").json()

    assert (answer["total"], "entry" in answer) == (2, False)


def test_a_search_by_post_means_the_same(chart):
    answer = chart.http.post("/fhir/Observation/_search", data={"identifier": "urn:test|o-1"})

    assert answer.json()["total"] == 1


def test_an_update_replaces_what_is_searched(chart):
    found = chart.found("Observation?identifier=o-1")[0]
    chart.update(found | {"status": "amended"})

    assert values(chart, "status=final") == ["o-2"]
    assert values(chart, "status=amended") == ["o-1"]
