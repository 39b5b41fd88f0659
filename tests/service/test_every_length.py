"""What a door takes fits its column: the longest is kept, and what is longer is refused, never a 500.

The tests' SQLite refuses what is longer than its column, as PostgreSQL does (``tests/databases.py``); so
every test of the suite tries this for what it sends.
"""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from service.store.tables import kept_facts
from tests.databases import sqlite_only
from tests.service.api.v1.build import WITH_A_DIP, post, record_course

LONGEST = 255


def a_text(length=LONGEST):
    return "x" * length


def a_reference(kind, length=LONGEST):
    """Return a reference elsewhere of this length."""
    begin, end = "https://other.example/", f"/{kind}/a"
    return f"{begin}{'x' * (length - len(begin) - len(end))}{end}"


def texts_of_a_response(length=LONGEST):
    """Return every text of a response at this length, by field."""
    references = {"patient": "Patient", "therapist": "Practitioner", "encounter": "Encounter"}
    more = {"recorded_by": "Practitioner", "ehr_reference": "QuestionnaireResponse"}
    named = ("identifier", "patient_identifier")
    return (
        {name: a_reference(kind, length) for name, kind in (references | more).items()}
        | {name: a_text(length) for name in ("site", "team", "approach")}
        | {name: f"{a_text(length)}|{a_text(length)}" for name in named}
    )


@sqlite_only
def test_what_is_longer_than_its_column_is_refused_by_the_tests_database(deployment):
    with deployment.database.write() as tx, pytest.raises(IntegrityError):
        tx.execute(insert(kept_facts), {"clinic": "default", "name": a_text(41), "value": ""})


def test_the_longest_texts_of_a_response_are_kept(client):
    answer = post(client, **texts_of_a_response(), language="de-aaaaaaaa-bbbbbbbb-cccccccc-ddddd")

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("name", texts_of_a_response())
def test_a_text_of_a_response_that_is_longer_is_refused(client, name):
    assert post(client, **{name: texts_of_a_response(LONGEST + 1)[name]}).status_code == 422


@pytest.mark.parametrize(("length", "status"), [(LONGEST, 200), (LONGEST + 1, 422)])
def test_who_does_something_is_kept_whole_or_refused(client, clock, length, status):
    alert = record_course(client, clock, WITH_A_DIP)[-1]["alerts"][0]["id"]
    by = a_reference("Practitioner", length)
    end = {"therapist": "Practitioner/ada", "date": "2026-03-02", "reason": "planned", "by": by}
    answers = [
        client.put("/v1/patients/anna/treatment-end", json=end),
        client.post(
            f"/v1/rupture-alerts/{alert}/acknowledge", json={"by": by}, headers={"If-Match": 'W/"1"'}
        ),
        client.post("/v1/patients/anna/merge-into/berta", json={"by": a_text(length)}),
    ]

    assert [one.status_code for one in answers] == [status] * 3
