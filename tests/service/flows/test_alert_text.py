"""An alert's text says why the rule that raised it did, and no more."""

from datetime import timedelta
from pathlib import Path

import pytest

from fhir_mappings import json_text
from service.alliance.rules import ALERT_RULES, DEFAULT_RULE
from service.flows.correct_response import correct_response
from service.flows.deployment import Deployment
from service.flows.record_response import record_response
from service.store.alerts import AlertRow, alerts_of_dyad
from tests.service.alliance.forbidden import forbidden_in
from tests.service.build import FIRST_SESSION, StandingClock, a_deployment, a_response, an_access

FALLING = ("36.2", "37.0", "36.4", "37.4", "27.0", "20.0")


def first_alert(deployment: Deployment, *totals: str) -> AlertRow:
    for number, total in enumerate(totals, 1):
        record_response(deployment, a_response(number, total), an_access())
    return alerts(deployment)[0]


def alerts(deployment: Deployment) -> list[AlertRow]:
    with deployment.database.read() as tx:
        return alerts_of_dyad(tx, "default", 1)


def by_rule(folder: Path, rule: str) -> Deployment:
    return a_deployment(folder, StandingClock(FIRST_SESSION + timedelta(weeks=5)), alert_rule=rule)


@pytest.mark.parametrize("rule", ALERT_RULES)
def test_it_names_what_that_rule_saw(tmp_path: Path, rule: str) -> None:
    row = first_alert(by_rule(tmp_path, rule), *FALLING)
    assert row.rule == rule
    assert ("this client's usual range so far" in row.text) == (rule == DEFAULT_RULE)
    assert (f"; the rule {rule} marks " in row.text) == (rule != DEFAULT_RULE)
    assert forbidden_in(row.text) == []


def test_another_rule_tells_its_limit_and_the_ratings_before(tmp_path: Path) -> None:
    row = first_alert(by_rule(tmp_path, "sudden-loss"), "36.0", "38.0", "27.0")
    (seen,) = json_text.loads(row.evidence)
    assert "SRS 27.0; the rule sudden-loss marks 31.8 and less here (2 ratings before: on " in row.text
    assert "(2 ratings before: on average 37.0, the last 38.0)." in row.text
    assert "The norm behind this judgement is assumed" in row.text
    assert seen["marked_by"]["rule"] == "sudden-loss"


def test_default_rule_stores_no_limit(tmp_path: Path) -> None:
    row = first_alert(by_rule(tmp_path, DEFAULT_RULE), *FALLING)
    assert all("marked_by" not in one for one in json_text.loads(row.evidence))


def test_what_another_rule_no_longer_marks_is_told_by_its_limit(tmp_path: Path) -> None:
    deployment = by_rule(tmp_path, "sudden-loss")
    made = [
        record_response(deployment, a_response(number, total), an_access())
        for number, total in enumerate(("36.0", "38.0", "27.0"), 1)
    ]
    correct_response(deployment, made[-1].filled.id, None, a_response(3, "37.5"), an_access("U"))
    (row,) = alerts(deployment)
    assert "SRS 27.0 then, where the rule sudden-loss marked 31.8 and less; 37.5 now." in row.text
