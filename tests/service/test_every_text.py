"""Every sentence that we write ourselves, held against the words that no score can carry.

Left out: people's own words, codes and ids. Allowed by name: what a person recorded (repaired), and in the
guidance the signs of strain, which a person notes and no score shows.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from starlette.testclient import TestClient

from fhir_mappings.alert import AlertFacts
from fhir_mappings.alert_note import CAUTION, note_words
from fhir_mappings.alert_states import STATES
from service.alliance.card_wording import (
    LONGEST_SUMMARY,
    due_line,
    due_summary,
    overdue_summary,
    strain_summary,
)
from service.alliance.guidance import guidance_in, texts_of
from service.alliance.marking import Marking
from service.alliance.report_wording import ReportGone, ReportKind, ReportWords, reported_text
from service.alliance.session_names import SessionName
from service.alliance.wording import SignalWords, ThenAndNow, signal_sentence, unsupported_text
from tests.conftest import NOW, FixedClock
from tests.service.alliance.forbidden import forbidden_in
from tests.service.api.v1.build import WITH_A_DIP, post, record_course

FIVE = SessionName(5, date(2026, 3, 2))
SRS = SignalWords("SRS", 28.0, 33.87, 39.65, 4)
# Of these a person speaks, not a score.
RECORDED_BY_A_PERSON = {"repair"}
# "Without blame", "a repair step", "a stable frame".
IN_GUIDANCE = {"repair", "blame", "stable"}
REPORT_KINDS: tuple[ReportKind, ...] = ("self-report", "check-in", "checklist")
OWN_WORDS = "Rupture! It was your fault, 100 %."
NOT_OURS = ("own_words", "acts", "guidance")
NOTE = AlertFacts(
    id="a-1",
    version=2,
    status="open",
    severity="marked",
    patient="Patient/anna",
    therapist=None,
    raised_at="2026-03-02T12:00:00Z",
    updated_at="2026-03-02T12:00:00Z",
    text="",
    rule="own-baseline",
    method="m",
    norms="n",
    evidence=(),
)


def sentences(answer: Any) -> Iterator[str]:
    """Give every text of an answer with a blank in it, but for people's own words and the guidance."""
    if isinstance(answer, str) and " " in answer:
        yield answer
    if isinstance(answer, list):
        for one in answer:
            yield from sentences(one)
    if isinstance(answer, dict):
        for key, value in answer.items():
            if key not in NOT_OURS:
                yield from sentences(value)


@pytest.fixture
def told(client: TestClient, clock: FixedClock) -> TestClient:
    """Record a therapy with a fall, a report, words, a missed appointment."""
    record_course(client, clock, WITH_A_DIP)
    facts = {"authored": NOW.isoformat(), "session_number": 7}
    marks = {"happened": True, "intensity": 4, "resolution": 1}
    post(client, instrument="rupture-report-client", answers=marks, identifier="urn:x|report", **facts)
    words = {"felt": OWN_WORDS, "on-track": "no"}
    post(client, instrument="session-check-in-client", answers=words, identifier="urn:x|in", **facts)
    return client


@pytest.mark.parametrize("course", ["low", "recovered", "not-recovered"])
@pytest.mark.parametrize("by", ["client", "therapist", "observer"])
def test_no_text_of_a_report_says_more_than_was_reported(course: Any, by: Any) -> None:
    reports = [
        ReportWords(kind, by, FIVE, intensity, resolution)
        for kind, intensity, resolution in product(REPORT_KINDS, (None, 1, 5), (None, 1, 5))
    ]
    texts = [reported_text([one, *reports], [signal_sentence(SRS)], course, FIVE) for one in reports]
    assert len(set(texts)) > 9
    assert forbidden_in(" ".join(texts)) == []


def test_a_text_of_what_no_longer_stands_says_no_more() -> None:
    gone = [ReportGone("Strain report", withdrawn=withdrawn) for withdrawn in (True, False)]
    by_rule = replace(SRS, marking=Marking("sudden-loss", 33.0, 36.6, 38.6))
    both = product((SRS, by_rule), (SRS, by_rule))
    again = [ThenAndNow(then, replace(now, score=37.0)) for then, now in both]
    changes = [ThenAndNow(SRS, None), *again, *gone]
    assert forbidden_in(unsupported_text(FIVE, changes)) == []


@pytest.mark.parametrize("rule", ["own-baseline", "reported"])
@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize("news", ["opened", "raised", "again", "closed"])
def test_a_note_for_the_chart_says_no_more(rule: str, status: Any, news: str) -> None:
    words = note_words(replace(NOTE, rule=rule, status=status, news=news, dismissal="known-cause"))
    ours = f"{words.title} {words.text}".replace(CAUTION, "")
    assert set(forbidden_in(ours)) <= (RECORDED_BY_A_PERSON if status == "repaired" else set())


def test_a_closed_report_is_not_said_to_have_closed_by_scores() -> None:
    note = note_words(replace(NOTE, rule="reported", status="closed-by-scores", news="closed"))
    assert "Closed: a later report gives it as resolved, and nobody had acted." in note.text


@pytest.mark.parametrize("severity", ["possible", "marked"])
@pytest.mark.parametrize("news", ["opened", "raised", "again", ""])
def test_a_card_in_the_ehr_says_no_more(severity: str, news: str) -> None:
    assert forbidden_in(strain_summary(FIVE, severity, news, ended=FIVE.session_date)) == []


def test_a_card_about_forms_stays_short_and_says_nothing_of_the_alliance() -> None:
    many = [f"Form number {place}" for place in range(30)]
    texts = [due_summary(["SRS"]), due_summary(many), overdue_summary(["SRS"]), overdue_summary(many)]
    assert all(len(one) <= LONGEST_SUMMARY for one in texts)
    assert forbidden_in(" ".join((*texts, due_line("SRS", 5, 7, None)))) == []


def test_the_guidance_makes_no_claim_about_scores() -> None:
    english = guidance_in("en")
    shown = [text for text in texts_of(english) if text not in english.signs.values()]
    assert set(forbidden_in(" ".join(shown))) <= IN_GUIDANCE


@pytest.mark.parametrize(
    "path",
    [
        "/v1/patients/anna/session-brief",
        "/v1/patients/anna/alliance-trend",
        "/v1/therapists/ada/supervision-digest",
        "/v1/rupture-alerts",
    ],
)
def test_no_answer_says_what_nobody_can_know(told: TestClient, path: str) -> None:
    found = list(sentences(told.get(path).json()))
    assert found != []
    assert forbidden_in(" ".join(found)) == []


def test_the_picture_says_no_more(told: TestClient) -> None:
    drawn = ET.fromstring(told.get("/v1/patients/anna/alliance-trend.svg").content)  # noqa: S314 - ours
    texts = " ".join(text for text in drawn.itertext())
    assert "SRS" in texts
    assert forbidden_in(texts) == []


def test_own_words_are_shown_as_they_were_given(told: TestClient) -> None:
    (words,) = told.get("/v1/patients/anna/session-brief").json()["own_words"]
    assert words["words"][0]["text"] == OWN_WORDS
