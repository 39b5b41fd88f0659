from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from service.alliance.session_names import SessionName
from service.alliance.wording import AlertFacts, PartChange, SignalWords, alert_text
from tests.service.alliance.forbidden import FORBIDDEN, forbidden_in

DAY = date(2026, 3, 2)
SRS = SignalWords("SRS", 28.0, 33.87, 39.65, 4)
WAI = SignalWords("WAI-SR", 34.0, 41.2, 52.9, 1, places=0)
MARKS = (
    PartChange("Relationship", 9.5, 8.9),
    PartChange("Approach", 9.2, 5.8),
    PartChange("Overall", 9.0, 9.6),
)
FACTS = AlertFacts("marked", "low", SessionName(5, DAY), SRS, MARKS, unrated=0)


def test_marked_dip_reads_as_agreed():
    assert alert_text(FACTS) == (
        "Marked dip after session 5, possible strain. SRS 28.0; this client's usual range so far: "
        "33.9\N{EN DASH}39.6 (4 ratings). Approach fell most, 9.2 → 5.8. No form missing. A score cannot say "
        "what kind of strain this is, or why. You could open the next session by asking how the last one "
        "felt."
    )


def test_possible_strain_is_named_first():
    assert alert_text(replace(FACTS, severity="possible")).startswith(
        "Possible strain after session 5. SRS 28.0;"
    )


def test_session_without_number_is_named_by_its_date():
    text = alert_text(replace(FACTS, session=SessionName(None, DAY)))
    assert text.startswith("Marked dip after the session of 2026-03-02, possible strain.")


@pytest.mark.parametrize(
    "parts", [(), (PartChange("Overall", 9.0, 9.6),), (PartChange("Overall", 9.0, 9.0),)]
)
def test_parts_that_did_not_fall_are_not_told(parts):
    assert "fell most" not in alert_text(replace(FACTS, parts=parts))


@pytest.mark.parametrize(
    ("unrated", "told"),
    [
        (0, "No form missing."),
        (1, "1 form missing."),
        (3, "3 forms missing."),
        (None, "Whether forms are missing is not known."),
    ],
)
def test_missing_forms_are_told(unrated, told):
    assert f" {told} A score" in alert_text(replace(FACTS, unrated=unrated))


def test_other_series_is_told_with_its_own_range():
    assert "WAI-SR 34; usual range there: 41\N{EN DASH}53 (1 rating)." in alert_text(
        replace(FACTS, others=(WAI,))
    )


def test_recovered_score_is_never_more_than_a_score():
    text = alert_text(replace(FACTS, course="recovered", recovered_at=SessionName(7, DAY)))
    assert (
        "The score is back in the usual range since session 7; whether the strain has passed, it cannot say."
        in text
    )


def test_score_that_stays_low_is_told():
    text = alert_text(replace(FACTS, course="not-recovered"))
    assert "The score has not come back to the usual range so far." in text


def test_assumed_norm_is_told():
    assert "The norm behind this range is assumed" in alert_text(replace(FACTS, assumed_norm=True))


@pytest.mark.parametrize("severity", ["possible", "marked"])
@pytest.mark.parametrize("course", ["low", "recovered", "not-recovered"])
def test_no_text_says_what_a_score_cannot_know(severity, course):
    facts = replace(FACTS, severity=severity, course=course)
    texts = [
        alert_text(replace(facts, unrated=unrated, others=others, assumed_norm=assumed, recovered_at=at))
        for unrated, others, assumed, at in product(
            (None, 0, 2),
            ((), (WAI,)),
            (True, False),
            (None, SessionName(7, DAY)),
        )
    ]
    assert len(set(texts)) > 11
    assert forbidden_in(" ".join(texts)) == []


@pytest.mark.parametrize("word", FORBIDDEN)
def test_forbidden_word_is_noticed(word):
    assert word in forbidden_in(f"A {word} here.")
