"""What a person is told of a delivery: what it is, what was tried, what follows."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.api.clinician.rendering import texts_by_language
from service.flows.check_readiness import check_clinic
from service.flows.explain_delivery import delivery_phrases, explain_delivery
from service.flows.measure_deliveries import measure_deliveries
from service.flows.tell_trouble import tell_trouble
from service.ledger import State
from service.metrics import Metrics
from tests.service.ehr.fake_ehr import PLAIN, Fault
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, a_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as made:
        yield made


def explained(bench: Bench) -> list[str]:
    return list(explain_delivery(bench.detail(bench.only().id), bench.now()))


def test_a_refusal_is_told_with_its_attempt_and_what_to_do(bench: Bench) -> None:
    bench.ehr.faults = [Fault(422)]
    bench.record()
    bench.deliver_all()
    lines = explained(bench)
    assert lines[1].startswith("It is rejected (the EHR refused it (422")
    assert [line for line in lines if line.startswith("  1. ") and "write rejected 422" in line]
    assert lines[-1].startswith("Next: Nothing happens by itself. Mend the cause")


def test_the_form_that_it_takes_is_told(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    assert "Its form: transaction." in explained(bench)


def test_what_may_be_there_asks_for_a_look(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=PLAIN, faults=[Fault(), Fault()]) as bench:
        bench.record()
        bench.deliver_all(3 * SETTLE_SECONDS)
        assert "if it is not, retry it and say so" in explained(bench)[-1]


def test_what_is_tried_later_says_when(bench: Bench) -> None:
    bench.ehr.faults = [Fault(503, headers=(("Retry-After", "30"),))]
    bench.record()
    bench.deliver()
    day, clock = bench.only().due_at[:19].split("T")
    assert explained(bench)[-1].startswith(f"Next: It is tried at {day} {clock} UTC")


def test_nothing_of_the_record_is_told(bench: Bench) -> None:
    bench.ehr.faults = [Fault(422, body=b"Anna Muster, born 1970")]
    bench.record()
    bench.deliver_all()
    assert "Anna" not in "".join(explained(bench))


def test_waits_grow_with_its_own_failures_to_four_hours(bench: Bench) -> None:
    bench.ehr.faults = [Fault(503, headers=(("Retry-After", "0"),))] * 20
    bench.record()
    waits = []
    while bench.deliver():
        due = bench.only().due_at
        start = bench.clock.moment
        while bench.now() < due:
            bench.clock.pass_by(seconds=1)
        waits.append((bench.clock.moment - start).total_seconds())
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == 4 * 3600


def test_the_figures_tell_states_age_and_trouble(bench: Bench) -> None:
    bench.record()
    bench.clock.pass_by(minutes=5)
    tell_trouble(bench.lane, is_open=True, has_answered=False)
    metrics = Metrics([bench.deployment])
    bench.deployment.figures.count_attempt("write", "confirmed")
    figures = measure_deliveries(bench.deployment, "default")
    told = {one.name: one for one in metrics.registry.collect()}
    assert (figures.by_state, figures.oldest_seconds, figures.ehr_in_trouble) == ({"pending": 1}, 300.0, True)
    assert told["alliance_ehr_breaker_open"].samples[0].value == 1.0
    assert told["alliance_attempts"].samples[0].labels == {
        "clinic": "default",
        "kind": "write",
        "outcome": "confirmed",
    }


def test_trouble_ends_with_an_answer_and_not_with_silence(bench: Bench) -> None:
    tell_trouble(bench.lane, is_open=True, has_answered=False)
    tell_trouble(bench.lane, is_open=False, has_answered=False)
    assert measure_deliveries(bench.deployment, "default").ehr_in_trouble
    tell_trouble(bench.lane, is_open=False, has_answered=True)
    assert not measure_deliveries(bench.deployment, "default").ehr_in_trouble


def test_figures_name_their_clinic(bench: Bench) -> None:
    bench.record()
    south = replace(bench.deployment, clinic="south")
    told = {one.name: one for one in Metrics([bench.deployment, south]).registry.collect()}
    pending = [one for one in told["alliance_deliveries"].samples if one.labels["state"] == "pending"]
    assert [(one.labels["clinic"], one.value) for one in pending] == [("default", 1), ("south", 0)]


def test_what_waits_for_an_ehr_of_another_name_is_told(bench: Bench) -> None:
    bench.record()
    settings = bench.deployment.settings.model_copy(update={"ehr_name": "north"})
    renamed = replace(bench.deployment, settings=settings)
    assert check_clinic(bench.deployment).ehrs_left == ()
    (told,) = check_clinic(renamed).ehrs_left
    assert told.startswith("deliveries for the EHR ehr wait for ever, since ALLIANCE_EHR_NAME is north")


def test_an_ehr_of_another_name_with_nothing_left_is_not(bench: Bench) -> None:
    bench.record()
    bench.deliver_all()
    settings = bench.deployment.settings.model_copy(update={"ehr_name": "north"})
    assert check_clinic(replace(bench.deployment, settings=settings)).ehrs_left == ()


def test_the_id_that_a_vendor_wants_in_tickets_stands_with_the_attempt(tmp_path: Path) -> None:
    header = (("mtrestapi-requestid", "a1-b2"),)
    with a_bench(tmp_path, surface=PLAIN, profile="meditech", faults=[Fault(422, headers=header)]) as bench:
        bench.record()
        bench.deliver_all()
        assert "write rejected 422 mtrestapi-requestid:a1-b2" in "".join(explained(bench))
        assert "a1-b2" not in bench.log.getvalue()


def test_every_language_tells_of_deliveries_with_the_same_places() -> None:
    told = {
        language: {
            (topic, key): sorted(re.findall(r"\{(\w+)\}", text))
            for topic, texts in phrases.texts.items()
            for key, text in texts.items()
        }
        for language, phrases in delivery_phrases().items()
    }
    assert told.keys() == texts_by_language().keys()
    assert [one for one in told.values() if one != told["en"]] == []
    assert set(delivery_phrases()["en"].texts["states"]) == {one.value for one in State}


def test_a_delivery_is_explained_in_german(bench: Bench) -> None:
    bench.record()
    lines = list(explain_delivery(bench.detail(bench.only().id), bench.now(), "de"))
    assert lines[0].startswith("Bogen ")
    assert lines[-1].startswith("Als Nächstes: Nächster Versuch")
