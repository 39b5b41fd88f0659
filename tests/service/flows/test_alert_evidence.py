"""What an alert says of the parts of a form, for every form that has a norm."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.instrument import Instrument
from service.alliance.norms import load_norms
from service.flows.deployment import Deployment
from service.flows.record_response import record_response
from service.store.alerts import AlertRow
from tests.service.build import a_deployment, a_response, an_access

JUDGED = [shipped_instruments()[norm.instrument] for norm in load_norms().values()]


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    made = a_deployment(tmp_path)
    yield made
    made.database.close()


def share_of_best(form: Instrument, share: str) -> dict[str, Decimal]:
    """Return answers so far along the good way of every item, in its steps."""
    found = {}
    for item in form.items:
        way = ((item.maximum - item.minimum) * Decimal(share)).quantize(item.step)
        found[item.link_id] = item.maximum - way if item.reversed else item.minimum + way
    return found


def alert_after_a_dip(deployment: Deployment, form: Instrument) -> AlertRow:
    for number, share in enumerate(["0.9", "0.9", "0.9", "0.9", "0.9", "0.3"], 1):
        answers = check_answers(form, share_of_best(form, share))
        recorded = record_response(
            deployment, a_response(number, instrument=form, answers=answers), an_access()
        )
    (alert,) = recorded.alerts
    return alert


@pytest.mark.parametrize("form", JUDGED, ids=lambda form: form.id)
def test_a_deep_dip_on_every_judged_form_raises_an_alert_that_names_it(
    deployment: Deployment, form: Instrument
) -> None:
    alert = alert_after_a_dip(deployment, form)
    assert alert.norms == f"{form.id}-total|assumed-1"
    assert form.short_title in alert.text


@pytest.mark.parametrize("form", [one for one in JUDGED if one.family == "wai"], ids=lambda form: form.id)
def test_an_alert_of_a_form_with_subscales_says_which_fell_most(
    deployment: Deployment, form: Instrument
) -> None:
    task = form.score_by_id["task"]
    assert f"{task.title} fell most" in alert_after_a_dip(deployment, form).text
