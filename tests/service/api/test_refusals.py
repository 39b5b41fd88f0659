"""Every refusal leaves a row in the audit, and no row holds a word of the caller's."""

import pytest


def refused_rows(database):
    with database.read() as tx:
        return [
            tuple(row) for row in tx.exec_driver_sql("SELECT action, route, status, subject FROM audit_rows")
        ]


@pytest.mark.parametrize(
    ("method", "path", "row"),
    [
        ("POST", "/fhir/QuestionnaireResponse", ("C", "/fhir/QuestionnaireResponse", 415, "")),
        ("POST", "/v1/responses", ("C", "/v1/responses", 415, "")),
        ("GET", "/fhir/Observation?date=canary", ("E", "/fhir/Observation", 400, "")),
        ("GET", "/v1/nowhere/canary", ("R", "none", 404, "")),
        ("DELETE", "/v1/instruments", ("D", "/v1/instruments", 405, "")),
    ],
)
def test_a_refusal_is_audited(client, database, method, path, row):
    client.request(method, path)
    assert refused_rows(database) == [row]
