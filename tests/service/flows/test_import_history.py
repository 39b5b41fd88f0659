"""An imported history: recorded once, judged as ever, and nobody is told."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from service.api.v1.import_rows import read_file
from service.errors import FaultsInRequest, WrongState
from service.flows import import_history as flow
from service.flows.erase_patient import Erasing, erase_patient
from service.flows.record_response import record_response
from service.import_worker import ImportWorker
from service.log import Log
from service.store.alert_tables import webhook_events
from service.store.import_tables import unjudged_dyads
from service.store.imports import newest_imports
from service.store.tables import audit_rows, deliveries, dyads, patient_aliases, responses
from tests.service.build import a_deployment, a_response, an_access
from tests.service.importing import a_file, a_row, alerts_in, bring, counts, refused, rows_in

STRAINED = [a_row(n, "37.0") for n in range(1, 7)] + [a_row(7, "22.0")]
WEBHOOK = {"webhook_url": "https://pager.example/hook", "webhook_secret": ("whsec_" + "A" * 32,)}


@pytest.fixture
def deployment(tmp_path):
    made = a_deployment(tmp_path, **WEBHOOK)
    yield made
    made.database.close()


def test_a_history_is_recorded_and_judged(deployment):
    done = bring(deployment, a_file(STRAINED))

    (alert,) = alerts_in(deployment)
    assert (counts(done), done.state, done.line) == ((7, 0, 0), "done", 8)
    assert (alert.session_number, alert.severity, alert.historical) == (7, "marked", True)
    assert rows_in(deployment, unjudged_dyads) == 0


def test_nobody_is_told_of_it(deployment):
    bring(deployment, a_file(STRAINED))

    assert rows_in(deployment, deliveries) == rows_in(deployment, webhook_events) == 0
    assert rows_in(deployment, audit_rows) == 7 + 1


def test_even_a_fresh_session_is_history(deployment):
    bring(deployment, a_file([*STRAINED[:6], a_row(7, "22.0", authored="2026-03-02T10:00:00+00:00")]))

    (alert,) = alerts_in(deployment)
    assert alert.historical


def test_deliveries_are_queued_where_that_was_said(deployment):
    bring(deployment, a_file(STRAINED), queue_deliveries=True)

    assert rows_in(deployment, deliveries) == 7


def test_the_same_file_again_changes_nothing(deployment):
    bring(deployment, a_file(STRAINED))
    before = alerts_in(deployment)

    again = bring(deployment, a_file(STRAINED))

    assert (counts(again), alerts_in(deployment)) == ((0, 7, 0), before)


def test_a_row_that_stands_twice_is_recorded_once(deployment):
    done = bring(deployment, a_file([a_row(1), a_row(1), a_row(1, "35.0")]))

    (why,) = refused(deployment, done)
    assert (counts(done), why.line, why.reason) == ((1, 1, 1), 4, "duplicate")


def test_other_content_is_refused_and_the_rest_recorded(deployment):
    bring(deployment, a_file([a_row(1)]))

    done = bring(deployment, a_file([a_row(1, "30.0"), a_row(2)]))

    (why,) = refused(deployment, done)
    assert (counts(done), why.line, why.at, why.reason) == ((1, 0, 1), 2, "", "duplicate")
    assert "7.5" not in why.message  # each mark


@pytest.mark.parametrize(
    "clash",
    [
        {"session_number": "1", "authored": "2025-06-01T10:00:00+00:00"},  # the same number
        {"session_number": ""},  # the same date
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_session_that_was_rated_is_refused(deployment, clash, together):
    other = a_row(1, identifier="urn:clinic:north|other", **clash)
    files = [[a_row(1), other]] if together else [[a_row(1)], [other]]

    done = [bring(deployment, a_file(rows)) for rows in files][-1]

    (why,) = refused(deployment, done)
    assert (why.line, why.reason) == (3 if together else 2, "duplicate")


def test_an_encounter_that_was_rated_is_refused(deployment):
    first = a_response(1, session_number=None, encounter="Encounter/e-1")
    record_response(deployment, first, an_access())
    header = "identifier,instrument,patient,therapist,encounter,authored,item-1,item-2,item-3,item-4"
    row = a_row(2, session_number="Encounter/e-1")

    done = bring(deployment, a_file([row], header))

    assert refused(deployment, done)[0].reason == "duplicate"


def test_what_was_erased_does_not_come_back(deployment):
    bring(deployment, a_file([a_row(1)]))
    erase_patient(deployment, "Patient/anna", Erasing("dpo", "Art. 17"), an_access("D"))

    done = bring(deployment, a_file([a_row(1)]))

    assert (counts(done), refused(deployment, done)[0].reason) == ((0, 0, 1), "erased")
    assert rows_in(deployment, patient_aliases) == rows_in(deployment, dyads) == 0


def test_a_dry_run_says_what_would_become_of_each_row_and_keeps_nothing(deployment):
    done = bring(deployment, a_file([a_row(1), a_row(1, "30.1")]), dry_run=True)

    assert (done.recorded, done.refused, done.state) == (1, 1, "done")
    assert rows_in(deployment, responses) == rows_in(deployment, patient_aliases) == 0


class Killed(BaseException):
    """The process ends here."""


def killed_after(monkeypatch, batches):
    """Let the process end in the transaction after so many batches."""
    left = iter(range(batches))
    real = flow.record_batch

    def dying(*args, **kwargs):
        if next(left, None) is None:
            raise Killed
        return real(*args, **kwargs)

    monkeypatch.setattr(flow, "record_batch", dying)
    monkeypatch.setattr(flow, "ROWS_AT_ONCE", 2)


def test_a_killed_import_goes_on_where_it_ended(deployment, monkeypatch):
    killed_after(monkeypatch, 2)
    with pytest.raises(Killed):
        bring(deployment, a_file(STRAINED))
    monkeypatch.undo()
    (job,) = imports_in(deployment)
    assert (job.line, job.recorded, rows_in(deployment, responses)) == (5, 4, 4)

    done = bring(deployment, a_file(STRAINED), resume=job.id)

    assert (done.id, counts(done), len(alerts_in(deployment))) == (job.id, (7, 0, 0), 1)


@pytest.mark.parametrize(("minutes", "judged"), [(9, 0), (11, 1)])
def test_what_a_killed_import_left_is_judged_by_the_worker(deployment, monkeypatch, minutes, judged):
    killed_after(monkeypatch, 2)
    with pytest.raises(Killed):
        bring(deployment, a_file([*STRAINED[:3], STRAINED[6], *STRAINED[3:6]]))
    deployment.clock.moment += timedelta(minutes=minutes)
    log = io.StringIO()

    count = ImportWorker(deployment, Log(log)).pass_once()

    assert (count, rows_in(deployment, unjudged_dyads)) == (judged, 1 - judged)
    assert ("import_left_judged" in log.getvalue()) == bool(judged)


def test_another_file_is_not_taken_for_the_rest(deployment, monkeypatch):
    killed_after(monkeypatch, 2)
    with pytest.raises(Killed):
        bring(deployment, a_file(STRAINED))
    (job,) = imports_in(deployment)
    other = a_file([a_row(n, "30.0") for n in range(1, 9)])

    with pytest.raises(FaultsInRequest) as refusal:
        bring(deployment, other, resume=job.id)
    assert refusal.value.faults[0].reason == "other-file"


def test_what_is_done_is_not_resumed(deployment):
    done = bring(deployment, a_file([a_row(1)]))

    with pytest.raises(WrongState):
        bring(deployment, a_file([a_row(1)]), resume=done.id)


def left_undone(deployment, monkeypatch, **choices):
    """Return the id of an import that was killed after its first rows."""
    killed_after(monkeypatch, 1)
    with pytest.raises(Killed):
        bring(deployment, a_file(STRAINED), **choices)
    monkeypatch.undo()
    return imports_in(deployment)[0].id


OTHERWISE = {
    "dry where it records": ({}, {"dry_run": True}, "records its rows, and was asked for a dry run"),
    "recording where it is dry": ({"dry_run": True}, {}, "is a dry run, and was asked to record"),
    "queueing where it does not": ({}, {"queue_deliveries": True}, "queues no deliveries, and was asked to"),
    "not queueing where it does": (
        {"queue_deliveries": True},
        {"queue_deliveries": False},
        "queues deliveries, and was asked to queue none",
    ),
}


@pytest.mark.parametrize(("begun", "resumed", "why"), OTHERWISE.values(), ids=OTHERWISE)
def test_an_import_is_not_resumed_otherwise_than_it_was_begun(deployment, monkeypatch, begun, resumed, why):
    left = left_undone(deployment, monkeypatch, **begun)
    stored = rows_in(deployment, responses)

    with pytest.raises(WrongState) as refusal:
        bring(deployment, a_file(STRAINED), resume=left, **resumed)

    assert f"Import {left} {why}" in str(refusal.value.faults[0].message)
    assert rows_in(deployment, responses) == stored


@pytest.mark.parametrize(("said", "queued"), [(True, 7), (None, 0)])
def test_deliveries_not_spoken_of_are_queued_as_the_import_was_begun(deployment, monkeypatch, said, queued):
    left = left_undone(deployment, monkeypatch, queue_deliveries=said)

    bring(deployment, a_file(STRAINED), resume=left)

    assert rows_in(deployment, deliveries) == queued


def test_a_dry_run_is_resumed_as_one(deployment, monkeypatch):
    left = left_undone(deployment, monkeypatch, dry_run=True)

    done = bring(deployment, a_file(STRAINED), resume=left, dry_run=True)

    assert (counts(done), rows_in(deployment, responses)) == ((7, 0, 0), 0)


@pytest.mark.parametrize("dry_run", [False, True])
def test_of_two_that_go_on_with_one_import_one_ends(deployment, monkeypatch, dry_run):
    monkeypatch.setattr(flow, "ROWS_AT_ONCE", 2)
    file, done = a_file(STRAINED), []

    def arriving():
        yield file[:500]  # a batch, and not the next one
        (running,) = imports_in(deployment)
        done.append(bring(deployment, file, resume=running.id, dry_run=dry_run))
        yield file[500:]

    source = read_file(arriving(), "csv", deployment)
    with pytest.raises(WrongState) as refusal:
        flow.import_history(deployment, source, flow.Choices(dry_run=dry_run), an_access())

    (job,) = imports_in(deployment)
    assert "is still running" in refusal.value.faults[0].message
    assert (counts(job), job) == ((7, 0, 0), done[0])
    assert rows_in(deployment, responses) == (0 if dry_run else 7)


def test_who_resumes_an_import_that_moves_on_meanwhile_ends_and_changes_nothing(deployment, monkeypatch):
    left = left_undone(deployment, monkeypatch)
    file, wrong = a_file(STRAINED), a_file([*STRAINED, "x"])

    def arriving():
        yield wrong[:-3]
        bring(deployment, file, resume=left)
        yield wrong[-3:]

    with pytest.raises(WrongState):
        flow.import_history(
            deployment, read_file(arriving(), "csv", deployment), flow.Choices(resume=left), an_access()
        )

    (job,) = imports_in(deployment)
    assert (job.state, counts(job), refused(deployment, job)) == ("done", (7, 0, 0), [])


def test_an_alert_that_people_know_still_changes_for_them(deployment):
    for session, total in (*((n, "37.0") for n in range(1, 7)), (7, "22.0")):
        live = replace(a_response(session, total), session_date="2026-03-02", session_number=session)
        record_response(deployment, replace(live, authored="2026-03-02T10:00:00+00:00"), an_access())
    (before,) = alerts_in(deployment)

    bring(deployment, a_file([a_row(40, "37.1", authored="2026-03-02T11:00:00+00:00")]))
    bring(deployment, a_file([a_row(41, "37.1", authored="2026-03-02T11:30:00+00:00")]))

    (after,) = alerts_in(deployment)
    assert (before.live, after.live, after.historical) == (True, False, False)


def a_live_course(deployment, totals, first=1):
    for session, total in enumerate(totals, first):
        live = replace(a_response(session, total), session_date="2026-03-02", session_number=session)
        moment = f"2026-03-02T10:{session:02d}:00+00:00"
        record_response(deployment, replace(live, authored=moment), an_access())


def late_row(session, total):
    return a_row(session, total, authored=f"2026-03-02T11:{session:02d}:00+00:00")


def test_the_chart_of_an_alert_that_people_know_stays_true(deployment):
    a_live_course(deployment, ["37.0"] * 6 + ["22.0"])
    before = rows_in(deployment, deliveries)

    done = bring(deployment, a_file([late_row(40, "37.1"), late_row(41, "37.1")]))

    assert done.deliveries == rows_in(deployment, deliveries) - before == 1  # the alert's, no response's


def test_that_an_alert_ended_is_told_and_that_it_rose_is_not(deployment):
    a_live_course(deployment, ["37.0"] * 6 + ["33.0"])
    (before,) = alerts_in(deployment)

    bring(deployment, a_file([late_row(40, "20.0")]))
    (risen,) = alerts_in(deployment)
    told_of_rise = news_in(deployment)
    bring(deployment, a_file([late_row(n, "37.1") for n in range(41, 44)]))

    assert (before.severity, risen.severity, told_of_rise) == ("possible", "marked", ["alert.opened"])
    assert news_in(deployment) == ["alert.opened", "alert.closed"]


def test_what_an_import_alone_made_an_alert_stays_untold(deployment):
    a_live_course(deployment, ["22.0"])
    bring(deployment, a_file(STRAINED[:6]))
    (found,) = alerts_in(deployment)
    a_live_course(deployment, ["37.0"] * 3, first=8)

    (ended,) = alerts_in(deployment)
    assert (found.historical, found.live, ended.historical, ended.live) == (True, True, True, False)
    assert news_in(deployment) == []


@pytest.mark.parametrize("total", ["22.5", "12.0"])
def test_the_first_live_fall_amid_an_imported_strain_is_told(deployment, total):
    bring(deployment, a_file(STRAINED))
    (imported,) = alerts_in(deployment)
    a_live_course(deployment, [total, total], first=8)

    (told,) = alerts_in(deployment)
    assert (imported.historical, told.historical, told.live) == (True, False, True)
    assert news_in(deployment) == ["alert.opened"]


def test_a_usual_live_rating_amid_an_imported_strain_tells_nobody(deployment):
    bring(deployment, a_file(STRAINED))
    a_live_course(deployment, ["35.5"], first=8)

    (still,) = alerts_in(deployment)
    assert (still.historical, news_in(deployment)) == (True, [])


def news_in(deployment):
    with deployment.database.read() as tx:
        query = select(webhook_events.c.type).order_by(webhook_events.c.row_id)
        return list(tx.execute(query).scalars())


def imports_in(deployment):
    with deployment.database.read() as tx:
        return newest_imports(tx, "default")
