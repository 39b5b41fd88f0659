"""A clinic fits its own norm, approves it, and is judged by it from then on."""

from dataclasses import replace

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.filled import Identifier
from service.alliance.fitting import TooLittleToFit
from service.alliance.norms import read_norm, write_norm
from service.errors import NotFound, WrongState
from service.flows.approve_norm import approve_norm, preview_norm
from service.flows.fit_norms import fit_clinic_norm, instruments_to_fit
from service.flows.read_standards import read_standards
from service.flows.record_response import record_response
from service.flows.show_trend import TrendQuery, show_trend
from service.store.alerts import AlertQuery, list_alerts
from service.store.norms import NewNorm, insert_norm, keep_rule, stored_norms
from tests.service.build import a_response, an_access

STEADY = ["37.2", "36.8", "37.5", "37.0", "36.9"]


def _record(deployment, totals, first=1, patient="Patient/anna", **changes):
    for session, total in enumerate(totals, first):
        name = Identifier("urn:clinic", f"{patient}-{session}")
        new = a_response(session, total, patient=patient, source=patient, identifier=name, **changes)
        record_response(deployment, new, an_access())


def _fill_clinic(deployment, clients):
    for client in range(clients):
        ups = [str(30 + (client * 7 + step * 3) % 9 + 0.1 * (client % 5)) for step in range(5)]
        _record(deployment, ups, patient=f"Patient/p{client}")


def _store(deployment, **changes):
    norm = replace(deployment.norms["srs-3-total"], **({"version": "wide-1"} | changes))
    with deployment.database.write() as tx:
        new = NewNorm(
            clinic="default",
            norm_id=norm.norm_id,
            version=norm.version,
            text=write_norm(norm),
            created_at="2026",
        )
        insert_norm(tx, new)
    return norm.reference


def _approve(deployment, reference):
    _, change = preview_norm(deployment, "default", reference)
    approve_norm(deployment, "default", reference, change, by="Dr Ames", note="own data")


def _alerts(deployment):
    with deployment.database.read() as tx:
        return list_alerts(tx, "default", AlertQuery(include_historical=True))


@pytest.fixture(scope="module")
def srs():
    return shipped_instruments()["srs-3"]


def test_fitted_norm_is_a_new_version_each_time(deployment, srs):
    _fill_clinic(deployment, 100)
    with deployment.database.write() as tx:
        assert [one.id for one in instruments_to_fit(tx, deployment, "default")] == ["srs-3"]
        fitted = [fit_clinic_norm(tx, deployment, "default", srs) for _ in range(2)]
        kept = [read_norm(row.text, row.norm_id) for row in stored_norms(tx, "default")]
    assert [norm.reference for norm in fitted] == ["srs-3-total|fitted-1", "srs-3-total|fitted-2"]
    assert kept == fitted
    assert (fitted[0].status, fitted[0].clinic, fitted[0].fitted_from.clients) == ("fitted", "default", 100)
    assert fitted[0].fitted_from.first_date == "2026-01-05"


def test_too_few_clients_are_refused(deployment, srs):
    _record(deployment, STEADY)
    with deployment.database.write() as tx, pytest.raises(TooLittleToFit) as refused:
        fit_clinic_norm(tx, deployment, "default", srs)
    assert str(refused.value) == "1 clients with 5 ratings: at least 100 clients are needed"


def test_only_responses_in_the_language_count(deployment, srs):
    _record(deployment, STEADY[:2], language="nl-BE")
    _record(deployment, STEADY[2:], first=3, language="de")
    with deployment.database.write() as tx, pytest.raises(TooLittleToFit) as refused:
        fit_clinic_norm(tx, deployment, "default", srs, "nl")
    assert str(refused.value).startswith("1 clients with 2 ratings")


def test_preview_shows_both_rates_with_n(deployment):
    _record(deployment, [*STEADY, "31.0"])
    wide = _store(deployment, sem=9.0)
    _, change = preview_norm(deployment, "default", wide)
    assert (change.clients, change.before.ratings, change.after.ratings) == (1, 6, 6)
    assert (change.before.signals_per_100, change.after.signals_per_100) == (pytest.approx(100 / 6), 0)
    assert change.before.notices_per_100 == pytest.approx(100 / 6)


def test_approved_norm_judges_what_is_received_from_then_on(deployment, clock):
    wide = _store(deployment, sem=9.0)
    _record(deployment, STEADY)
    _approve(deployment, wide)
    clock.pass_by(minutes=1)
    _record(deployment, ["31.0"], first=6)
    trend = show_trend(deployment, TrendQuery(["Patient/anna"]), "default").series[0]
    assert [point.norms for point in trend.points] == ["srs-3-total|assumed-1"] * 5 + [wide]
    assert (trend.points[-1].judgement.tier, trend.norm.reference) == (None, wide)


def test_old_alerts_keep_their_norm_and_version_when_a_new_one_comes(deployment, clock):
    _record(deployment, [*STEADY, "31.0"])
    before = _alerts(deployment)
    clock.pass_by(minutes=1)
    _approve(deployment, _store(deployment, sem=9.0))
    clock.pass_by(minutes=1)
    _record(deployment, ["31.2"], first=7)
    assert _alerts(deployment) == before
    assert before[0].norms == "srs-3-total|assumed-1"


def test_alert_names_the_norm_that_judged_it(deployment, clock):
    own = _store(deployment, version="fitted-1", sem=2.0)
    _approve(deployment, own)
    clock.pass_by(minutes=1)
    _record(deployment, [*STEADY, "29.0"])
    (alert,) = _alerts(deployment)
    assert (alert.norms, alert.rule, alert.method) == (own, "own-baseline", "eb-own-baseline/1")
    assert f'"norms":"{own}"' in alert.evidence.replace(" ", "")


def test_norm_in_force_is_not_approved_again(deployment, clock):
    wide = _store(deployment)
    _approve(deployment, wide)
    clock.pass_by(minutes=1)
    with pytest.raises(WrongState):
        _approve(deployment, wide)


def test_norm_that_was_never_stored_is_not_found(deployment):
    with pytest.raises(NotFound):
        _approve(deployment, "srs-3-total|fitted-9")


def test_rule_counts_from_the_start_it_was_first_kept_at(deployment):
    _record(deployment, STEADY)
    with deployment.database.write() as tx:
        keep_rule(tx, "default", "ewma", "2026-05", default="own-baseline")
        keep_rule(tx, "default", "ewma", "2026-06", default="own-baseline")
        standards = read_standards(tx, deployment, "default")
    assert [(one.since, one.rule) for one in standards.chosen] == [("", "own-baseline"), ("2026-05", "ewma")]


def test_first_rule_of_an_empty_clinic_counts_from_the_beginning(deployment):
    with deployment.database.write() as tx:
        keep_rule(tx, "default", "ewma", "2026-05", default="own-baseline")
        assert read_standards(tx, deployment, "default").rule_at("2026-01") == "ewma"


def test_active_rule_raises_the_alerts(deployment):
    with deployment.database.write() as tx:
        keep_rule(tx, "default", "below-mean-rci", "2026", default="own-baseline")
    _record(deployment, ["37.2", "31.6"])
    (alert,) = _alerts(deployment)
    assert (alert.rule, alert.severity) == ("below-mean-rci", "possible")


def test_compared_rules_are_shown_and_raise_nothing(deployment):
    _record(deployment, ["37.2", "31.6", "37.0", "37.1", "37.0"])
    query = TrendQuery(["Patient/anna"], compare=["below-mean-rci", "mclaughlin-like"])
    series = show_trend(deployment, query, "default").series[0]
    assert [point.fired for point in series.points] == [(), ("below-mean-rci",), (), (), ()]
    dips = [(dip.criterion, dip.returned is not None) for dip in series.comparison.dips]
    assert dips == [("mclaughlin-like", True)]
    assert _alerts(deployment) == []
