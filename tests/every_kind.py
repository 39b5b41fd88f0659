"""A made-up form with every kind of question and score, for tests of what no single real form has."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fhir_mappings.answers import check_answers
from fhir_mappings.filled import Filled
from fhir_mappings.instrument import (
    AnswerScale,
    Choice,
    ChoiceItem,
    Condition,
    FlagItem,
    Instrument,
    Item,
    Option,
    OptionList,
    ScoreRule,
    TextItem,
)
from fhir_mappings.scoring import score

STRENGTH = AnswerScale(
    "strength-3",
    "How strong",
    tuple(Choice(str(n), Decimal(n), word) for n, word in enumerate(("weak", "so", "strong"), 1)),
)
ON_TRACK = OptionList(
    "on-track", "On track", (Option("yes", "Yes", exclusive=False), Option("no", "No", exclusive=False))
)
SIGNS = OptionList(
    "signs",
    "Signs",
    (
        Option("silence", "Silence", exclusive=False),
        Option("sarcasm", "Sarcasm", exclusive=False),
        Option("none-seen", "None seen", exclusive=True),
    ),
)

EVERY_ANSWER: Mapping[str, object] = {
    "happened": True,
    "intensity": Decimal(4),
    "marker-1": Decimal(2),
    "marker-3": Decimal(3),
    "mark": Decimal("7.5"),
    "on-track": "no",
    "why": "made-up words",
    "signs": ["sarcasm", "silence"],
}


def every_kind(**changes: Any) -> Instrument:
    """Return the form; its answers to yes-no and one-of items are observed, its scores too."""
    facts: dict[str, Any] = {
        "id": "every-kind",
        "version": "1.0.0",
        "name": "EveryKind",
        "title": "Every kind of question",
        "short_title": "Every",
        "family": "every-kind",
        "role": "rupture",
        "perspective": "observer",
        "status": "local",
        "status_reason": "",
        "enabled": True,
        "derived_from": None,
        "date": "2026-11-25",
        "description": "Made up for tests.",
        "timing": "each session",
        "looks_back": "this session",
        "copyright": "Nobody's.",
        "citation": "None.",
        "push": "always",
        "bare_total": False,
        "observed_items": True,
        "all_items": _items(),
        "scores": _scores(),
        "cut_offs": (),
    }
    return Instrument(**(facts | changes))


def filled_kinds(answers: Mapping[str, object] = EVERY_ANSWER, **changes: Any) -> Filled:
    """Return the form filled, checked and scored; changes to the instrument's facts come as ``form``."""
    form: Instrument = changes.pop("form", None) or every_kind()
    checked = check_answers(form, answers)
    facts: dict[str, Any] = {
        "id": "r-9",
        "version": 1,
        "status": "completed",
        "patient": "Patient/anna",
        "source": "Practitioner/olga",
        "author": None,
        "therapist": None,
        "encounter": None,
        "authored": "2026-03-02T10:50:00+01:00",
        "identifier": None,
        "session_date": None,
        "session_number": None,
        "language": None,
        "last_updated": "2026-03-02T09:50:04Z",
    }
    return Filled(instrument=form, answers=checked, scores=score(form, checked), **(facts | changes))


def _line(link_id: str, low: int, high: int, step: str, **changes: Any) -> Item:
    facts: dict[str, Any] = {"reversed": False, "scale": None, "lower_anchor": "low", "upper_anchor": "high"}
    limits = {"minimum": Decimal(low), "maximum": Decimal(high), "step": Decimal(step)}
    return Item(link_id=link_id, text=link_id.capitalize(), **(facts | limits | changes))


def _items() -> tuple[object, ...]:
    markers = [_line(f"marker-{number}", 1, 3, "1", scale=STRENGTH) for number in (1, 2, 3)]
    return (
        FlagItem("happened", "Happened", required=True, enabled_when=None),
        _line("intensity", 1, 5, "1", enabled_when=Condition("happened", value=True)),
        *markers,
        _line("mark", 0, 10, "0.1", reversed=True),
        ChoiceItem("on-track", "On track", ON_TRACK, several=False, required=False, enabled_when=None),
        TextItem("why", "Why", required=False, enabled_when=Condition("on-track", "no")),
        ChoiceItem("signs", "Signs", SIGNS, several=True, required=False, enabled_when=None),
    )


def _scores() -> tuple[ScoreRule, ...]:
    markers = ("marker-1", "marker-2", "marker-3")
    return (
        _rule("intensity", "answer", ("intensity",), "complete-only", (1, 5), direction="high-is-bad"),
        _rule("marker-count", "count", markers, "blank-is-not-seen", (0, 3)),
        _rule("marker-peak", "peak", markers, "blank-is-not-seen", (1, 3)),
        _rule("mark-mean", "mean", ("mark",), "complete-only", (0, 10)),
    )


def _rule(
    score_id: str, kind: str, items: tuple[str, ...], missing: str, limits: tuple[int, int], **changes: Any
) -> ScoreRule:
    facts: dict[str, Any] = {
        "id": score_id,
        "title": score_id.replace("-", " ").capitalize(),
        "kind": kind,
        "items": items,
        "parts": (),
        "missing": missing,
        "minimum": Decimal(limits[0]),
        "maximum": Decimal(limits[1]),
        "observed": True,
    }
    return ScoreRule(**(facts | changes))
