"""Words that no text from scores may hold: a finding, a cure, a kind, a cause, a rank, a risk, a verdict."""

import re

FORBIDDEN = (
    "rupture",
    "repair",
    "mended",
    "withdrawal",
    "withdrew",
    "confrontation",
    "because",
    "caused",
    "fault",
    "blame",
    "you must",
    "dropout",
    "drop out",
    "risk",
    "%",
    "per cent",
    "percentile",
    "severe",
    "cut-off",
    "cutoff",
    "best",
    "worst",
    "rank",
    "stable",
    "trajectory",
    "accura",
    "detected",
    "hit rate",
    "p <",
)


def forbidden_in(words: str) -> list[str]:
    return [word for word in FORBIDDEN if re.search(rf"(?<!\w){re.escape(word)}", words.lower())]
