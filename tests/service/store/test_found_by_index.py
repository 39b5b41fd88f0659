"""What is asked again and again is found by an index, however much the clinic holds."""

import re
from collections.abc import Callable

import pytest

from service.store.alerts import alerts_of_patient
from service.store.attendance import attendance_of_patient
from service.store.caseloads import caseload_of
from service.store.chart import entries_of_alert, entries_of_response, read_entries
from service.store.database import Database, Tx
from service.store.disclosures import unshared_aliases
from service.store.export_rows import Believed, alerts_of, responses_of
from service.store.form_links import find_link_by_token
from service.store.given_up import left_by_earlier
from service.store.inbound import replacements
from service.store.patient_ratings import ratings_of_patient
from service.store.responses import dyad_ratings
from service.store.topic_events import is_event_new
from service.store.treatment_ends import ends_of_patient, last_sessions, standing_ends
from tests.databases import sqlite_only
from tests.service.store.plans import plans

THEN = "2026-03-02T12:00:00.000000Z"
# Nothing but the clinic, the clinic's EHR or that it is past narrows it: as much is read as there is.
READS_ALL = re.compile(
    r"^SCAN (?!\(|anon|CONSTANT)|\(clinic=\?( AND ehr=\?| AND believed_from[<>]\?)?\)$", re.MULTILINE
)
# Of these there are few, or the index holds nothing but them.
FEW = re.compile(r"uq_patient_disclosures_current|ix_topic_events_new|sqlite_autoindex_dyads_1")


@sqlite_only
@pytest.mark.parametrize(
    "read",
    [
        lambda tx: entries_of_response(tx, "default", "ehr", "r-1"),
        lambda tx: entries_of_alert(tx, "default", "ehr", "a-1"),
        lambda tx: left_by_earlier(tx, "default", "ehr", "response", "r-1", before=3),
        lambda tx: read_entries(tx, "default", "ehr", ["Device/one", "Device/two", "Device/three"]),
        lambda tx: replacements(tx, "default", "ehr", ["Patient/anna"]),
        lambda tx: tx.execute(unshared_aliases("default")).all(),
        lambda tx: is_event_new(tx, "default"),
        lambda tx: find_link_by_token(tx, "default", "0" * 64),
        lambda tx: ends_of_patient(tx, "default", [1], as_of=THEN),
        lambda tx: standing_ends(tx, "default", [1, 2, 3]),
        lambda tx: last_sessions(tx, "default", [1, 2, 3]),
        lambda tx: ratings_of_patient(tx, "default", [1], as_of=THEN),
        lambda tx: dyad_ratings(tx, "default", 1, as_of=THEN),
        lambda tx: alerts_of_patient(tx, "default", [1], as_of=THEN),
        lambda tx: attendance_of_patient(tx, "default", [1], as_of=THEN),
        lambda tx: list(responses_of(tx, "default", [1, 2], Believed(THEN))),
        lambda tx: list(alerts_of(tx, "default", [1, 2], Believed(THEN, every=True))),
        lambda tx: caseload_of(tx, "default", "Practitioner/one", THEN),
    ],
)
def test_only_what_is_wanted_is_read(database: Database, read: Callable[[Tx], object]) -> None:
    steps = plans(database, read).splitlines()
    assert steps
    assert [step for step in steps if READS_ALL.search(step) and not FEW.search(step)] == []
