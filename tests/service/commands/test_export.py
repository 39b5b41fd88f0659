"""``export`` and ``export-keys``, as clinic IT and analysts type them."""

import json
import re
import stat
from decimal import Decimal

import pytest

from fhir_mappings.filled import Identifier
from service.flows import write_deidentified as flow
from service.flows.correct_response import withdraw_response
from service.flows.record_response import record_response
from service.flows.set_disclosure import set_disclosure
from service.store.database import Database
from service.store.disclosures import Disclosure
from service.store.export_keys import list_export_keys
from tests.service.build import a_check_in, a_deployment, a_response, an_access
from tests.service.importing import a_file, a_row, bring
from tests.service.test_main import run

CANARY = "zqcanary"
# A course that dips at its end, so that an alert opens.
TOTALS = ("37.0", "37.1", "37.0", "37.2", "37.0", "37.1", "22.0")


def record_canaries(deployment, patient=f"{CANARY}-patient", **changes):
    """Record a course in which everything that could name somebody is a canary."""
    person = {
        "patient": f"Patient/{patient}",
        "source": f"Patient/{patient}",
        "therapist": f"Practitioner/{CANARY}-therapist",
    }
    names = {
        "encounter": f"Encounter/{CANARY}-encounter",
        "author": f"Practitioner/{CANARY}-author",
        "patient_identifier": Identifier(f"urn:{CANARY}", f"{CANARY}-record-number"),
        "site": f"{CANARY}-site",
        "team": f"{CANARY}-team",
        "approach": f"{CANARY}-approach",
        "age_years": 97,
        "language": "x-zqcanary",
    }
    for place, total in enumerate(TOTALS):
        identifier = Identifier(f"urn:{CANARY}", f"{CANARY}-{patient}-{place}")
        facts = person | names | {"identifier": identifier} | changes
        record_response(deployment, a_response(place + 1, total, **facts), an_access())
    words = f"{CANARY} said so on 2 March"
    check_in = a_check_in(7, "no", felt=words, missed=words)
    record_response(deployment, check_in, an_access())


@pytest.fixture
def url(tmp_path):
    deployment = a_deployment(tmp_path)
    record_canaries(deployment)
    deployment.database.close()
    yield deployment.database.url
    deployment.database.close()


def lines_in(folder, name):
    return [json.loads(line, parse_float=Decimal) for line in (folder / name).read_text().splitlines()]


def all_text(folder):
    return "\n".join(one.read_text() for one in folder.iterdir())


def test_an_export_writes_a_file_for_each_type_and_a_manifest(url, tmp_path):
    out = tmp_path / "out"
    code, text = run("export", "--out", out, database_url=url)
    manifest = json.loads((out / "manifest.json").read_text())

    counts = {one["type"]: one["count"] for one in manifest["output"]}
    assert (code, counts["QuestionnaireResponse"]) == (0, 8)
    assert {name: len(lines_in(out, f"{name}.ndjson")) for name in counts} == counts
    assert text.startswith(f"{sum(counts.values())} resources written")
    assert {stat.S_IMODE(one.stat().st_mode) for one in out.iterdir()} == {0o600}


def test_an_export_may_be_of_some_types_and_of_what_changed(url, tmp_path):
    for name, since in (("all", "2026-01-01T00:00:00Z"), ("none", "2026-03-02T12:00:00Z")):
        out = tmp_path / name
        run("export", "--out", out, "--type", "Observation", "--since", since, database_url=url)

    assert sorted(one.name for one in (tmp_path / "all").iterdir()) == ["Observation.ndjson", "manifest.json"]
    assert [one.name for one in (tmp_path / "none").iterdir()] == ["manifest.json"]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--since", "yesterday"), "--since:"),
        (("--de-identified", "lab", "--since", "2026-01-01T00:00:00Z"), "--de-identified:"),
        (("--de-identified", "../lab"), "--de-identified:"),
    ],
)
def test_a_bad_command_line_writes_nothing(url, tmp_path, capsys, arguments, fault):
    code, _ = run("export", "--out", tmp_path / "out", *arguments, database_url=url)

    assert code == 2
    assert capsys.readouterr().err.startswith(fault)
    assert not (tmp_path / "out").exists()


def de_identified(url, out, recipient="lab"):
    code, _ = run("export", "--de-identified", recipient, "--out", out, database_url=url)
    assert code == 0
    return lines_in(out, "responses.ndjson")


def test_nothing_that_names_anybody_is_in_a_de_identified_export(url, tmp_path):
    de_identified(url, tmp_path / "out")
    text = all_text(tmp_path / "out")
    database = Database(url)
    with database.read() as tx:
        ids = tx.exec_driver_sql("SELECT id FROM responses UNION SELECT id FROM alerts").scalars().all()
        keys = tx.exec_driver_sql("SELECT patient_key FROM patient_aliases").scalars().all()
    database.close()

    assert len(lines_in(tmp_path / "out", "alerts.ndjson")) == 2
    assert [
        one for one in (CANARY, "anna", "north", "urn:", "Patient/", "Practitioner/") if one in text
    ] == []
    assert [one for one in (*ids, *keys) if one in text] == []
    assert re.findall(r"\d{4}-\d{2}|\d{2}:\d{2}", text) == []


def test_days_count_from_the_patients_first_session(url, tmp_path):
    lines = de_identified(url, tmp_path / "out")
    course = [one for one in lines if one["instrument"] == "srs-3"]

    assert [one["day"] for one in course] == [0, 7, 14, 21, 28, 35, 42]
    assert [one["session_number"] for one in course] == [1, 2, 3, 4, 5, 6, 7]
    assert {one["age_band"] for one in course} == {"90+"}
    assert [one["scores"]["total"] for one in course] == [Decimal(total) for total in TOTALS]


def test_a_recipient_knows_a_patient_again_and_two_recipients_not_the_same_one(url, tmp_path):
    who = [
        {one["patient"] for one in de_identified(url, tmp_path / name, name.partition("-")[0])}
        for name in ("lab", "lab-again", "school")
    ]

    assert who[0] == who[1]
    assert who[0] & who[2] == set()


def record_of(deployment, number, **changes):
    """Record a response of a patient with this number."""
    who = f"Patient/{number}"
    return record_response(
        deployment, a_response(patient=who, source=who, identifier=None, **changes), an_access()
    )


def record_at(deployment, site, numbers):
    for number in numbers:
        record_of(deployment, number, site=site)


def test_what_two_recipients_have_still_matches_by_answers_and_days(url, tmp_path):
    """What exports.md warns of: keys hide names, not courses."""
    lab, school = (
        {
            json.dumps([one["day"], one["scores"]], default=str)
            for one in de_identified(url, tmp_path / to, to)
        }
        for to in ("lab", "school")
    )

    assert lab == school
    assert len(lab) == len(TOTALS) + 1


def alerts_after(deployment, out):
    deployment.database.close()
    de_identified(deployment.database.url, out)
    return lines_in(out, "alerts.ndjson")


def test_an_alert_of_an_import_is_historical(tmp_path):
    deployment = a_deployment(tmp_path)
    bring(deployment, a_file([a_row(number, total) for number, total in enumerate(TOTALS, 1)]))

    assert [one["historical"] for one in alerts_after(deployment, tmp_path / "out")] == [True]


def test_an_alert_that_people_were_told_is_not_historical(tmp_path):
    deployment = a_deployment(tmp_path)
    record_canaries(deployment)

    assert [one["historical"] for one in alerts_after(deployment, tmp_path / "out")] == [False, False]


def sites_in(deployment, out):
    deployment.database.close()
    return [one["site"] for one in de_identified(deployment.database.url, out)]


def test_sites_of_few_patients_are_one(tmp_path):
    deployment = a_deployment(tmp_path)
    record_at(deployment, "big", range(11))
    record_at(deployment, "small", range(11, 21))
    record_at(deployment, "tiny", range(21, 22))
    sites = sites_in(deployment, tmp_path / "out")

    assert sites.count("other") == 11
    assert len(set(sites) - {"other"}) == 1
    assert set(sites) & {"big", "small", "tiny"} == set()


def test_small_sites_are_not_told_apart_from_none_where_they_are_few_together(tmp_path):
    deployment = a_deployment(tmp_path)
    record_at(deployment, "big", range(11))
    record_at(deployment, "small", range(11, 21))
    record_of(deployment, 21)
    sites = sites_in(deployment, tmp_path / "out")

    assert (sites.count(None), len(set(sites))) == (11, 2)


def test_a_site_is_as_large_as_it_is_in_the_export(tmp_path):
    deployment = a_deployment(tmp_path)
    record_at(deployment, "big", range(11))
    set_disclosure(deployment, "Patient/0", Disclosure(share=False), an_access())

    assert sites_in(deployment, tmp_path / "out") == [None] * 10


def test_a_site_that_is_told_meanwhile_has_no_name(tmp_path, monkeypatch):
    deployment = a_deployment(tmp_path)
    record_of(deployment, 1)
    real = flow.dyad_sites

    def after_telling(tx, *asked):
        record_of(deployment, 1, session=8, site="new")
        return real(tx, *asked)

    monkeypatch.setattr(flow, "dyad_sites", after_telling)
    assert set(sites_in(deployment, tmp_path / "out")) == {None}


def test_all_ages_of_a_patient_are_in_one_band(tmp_path):
    deployment = a_deployment(tmp_path)
    for session, age in ((1, None), (2, 39), (3, 40)):
        record_response(deployment, a_response(session, age_years=age), an_access())
    deployment.database.close()

    lines = de_identified(deployment.database.url, tmp_path / "out")
    assert {one["age_band"] for one in lines} == {"30-39"}


def test_days_do_not_count_from_what_was_entered_in_error(tmp_path):
    deployment = a_deployment(tmp_path)
    wrong, *_ = (record_response(deployment, a_response(one), an_access()) for one in (1, 3, 4))
    withdraw_response(deployment, wrong.filled.id, None, "another patient's", an_access("U"))
    deployment.database.close()

    lines = de_identified(deployment.database.url, tmp_path / "out")
    assert sorted(one["day"] for one in lines) == [-14, 0, 7]


@pytest.mark.parametrize("placeholder", ["1900-01-01", "1970-01-01"])
def test_no_day_counts_from_a_placeholder_of_a_date(tmp_path, placeholder):
    deployment = a_deployment(tmp_path)
    record_response(deployment, a_response(1, session_date=placeholder), an_access())
    record_response(deployment, a_response(2), an_access())
    deployment.database.close()

    lines = de_identified(deployment.database.url, tmp_path / "out")
    assert [one["day"] for one in lines] == [0, None]


def test_a_placeholder_that_was_entered_in_error_is_on_no_day(tmp_path):
    deployment = a_deployment(tmp_path)
    wrong = record_response(deployment, a_response(1, session_date="1900-01-01"), an_access())
    record_response(deployment, a_response(2), an_access())
    withdraw_response(deployment, wrong.filled.id, None, "no date", an_access("U"))
    deployment.database.close()

    lines = de_identified(deployment.database.url, tmp_path / "out")
    assert sorted(one["day"] is None for one in lines) == [False, True]


def test_days_of_ten_years_are_told(tmp_path):
    deployment = a_deployment(tmp_path)
    for session, day in enumerate(("2016-02-01", "2026-01-31", "2026-02-02"), 1):
        record_response(deployment, a_response(session, session_date=day), an_access())
    deployment.database.close()

    lines = de_identified(deployment.database.url, tmp_path / "out")
    assert [one["day"] for one in lines] == [0, 3652, None]


def test_a_number_that_is_a_date_is_no_session_number(tmp_path):
    deployment = a_deployment(tmp_path)
    record_response(deployment, a_response(session_number=20260216), an_access())
    deployment.database.close()

    assert [one["session_number"] for one in de_identified(deployment.database.url, tmp_path / "out")] == [
        None
    ]


def test_a_revoked_key_is_wiped_and_makes_no_pseudonym_again(url, tmp_path):
    before = {one["patient"] for one in de_identified(url, tmp_path / "before")}
    _, listed = run("export-keys", "list", database_url=url)
    code, _ = run("export-keys", "revoke", listed.partition(" ")[0], database_url=url)
    after = {one["patient"] for one in de_identified(url, tmp_path / "after")}
    database = Database(url)
    with database.read() as tx:
        secrets = [row.secret for row in list_export_keys(tx, "default")]
    database.close()

    assert code == 0
    assert (secrets[0], len(secrets)) == ("", 2)
    assert before & after == set()


def test_an_unknown_key_is_told(url, capsys):
    code, _ = run("export-keys", "revoke", "none", database_url=url)

    assert (code, capsys.readouterr().err) == (1, "No key is in force under this id.\n")
