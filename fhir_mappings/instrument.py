"""What an instrument is: items, scores, cut-offs, and where each fact comes from.

Built from ``instruments/<id>.toml`` by ``catalogue.py``. All numbers are ``Decimal``: in binary floats
9.7 + 9.1 + 9.4 + 7.8 falls below 36.0 and would raise a false prompt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Perspective = Literal["client", "therapist", "observer", "carer"]
Push = Literal["always", "scores-only", "never"]
MissingRule = Literal["complete-only", "prorate-75"]
ScoreKind = Literal["sum", "mean"]
CutOffKind = Literal["score-below", "any-item-below", "score-fell-by"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a choice item: its code, its weight in the score, its anchor word (ours)."""

    code: str
    weight: Decimal
    display: str


@dataclass(frozen=True, slots=True)
class AnswerScale:
    """The choices shared by the items of a form, e.g. ``wai-frequency-5``; in rising order of weight."""

    id: str
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One question. ``scale`` is None for a line that is marked (visual analogue, decimal)."""

    link_id: str
    text: str
    minimum: Decimal
    maximum: Decimal
    step: Decimal
    reversed: bool
    scale: AnswerScale | None
    lower_anchor: str
    upper_anchor: str

    @property
    def decimal_places(self) -> int:
        """Return how many decimal places an answer may have (0.1 -> 1)."""
        exponent = self.step.as_tuple().exponent
        return -exponent if isinstance(exponent, int) and exponent < 0 else 0


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """How one score comes from items: their sum, or the mean per item.

    ``parts`` names other scores whose unrounded values are added (a total of subscales); then ``items`` is
    the union of theirs. ``observed`` says whether the score becomes a FHIR Observation. ``source`` says where
    the key (which items, reversed or not) comes from.
    """

    id: str
    title: str
    kind: ScoreKind
    items: tuple[str, ...]
    parts: tuple[str, ...]
    missing: MissingRule
    minimum: Decimal
    maximum: Decimal
    observed: bool
    source: str = ""


@dataclass(frozen=True, slots=True)
class CutOff:
    """A published or local limit at which a check-in prompt is given; never a rupture alert.

    ``inclusive`` tells ``<=`` (or fell by at least) from ``<``. ``score`` is None for ``any-item-below``.
    """

    id: str
    kind: CutOffKind
    score: str | None
    value: Decimal
    inclusive: bool
    status: Literal["published", "local"]
    source: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """One form for one respondent, e.g. ``srs-3`` or ``wai-sr-client``.

    ``items`` and ``scores`` are in file order, link ids and score ids unique and apart from each other.
    ``bare_total`` says whether a total without marks is accepted (four-mark forms only).
    ``observed_items`` says whether each item becomes an Observation of its own.
    """

    id: str
    version: str
    name: str
    title: str
    short_title: str
    perspective: Perspective
    status: Literal["ready", "provisional", "local"]
    status_reason: str
    date: str
    description: str
    timing: str
    looks_back: str
    copyright: str
    citation: str
    push: Push
    bare_total: bool
    observed_items: bool
    items: tuple[Item, ...]
    scores: tuple[ScoreRule, ...]
    cut_offs: tuple[CutOff, ...]

    @property
    def reference(self) -> str:
        """Return the fixed form with its revision, e.g. ``srs-3|1.0.0``."""
        return f"{self.id}|{self.version}"

    @property
    def item_by_link_id(self) -> Mapping[str, Item]:
        """Return the items by link id."""
        return {item.link_id: item for item in self.items}

    @property
    def score_by_id(self) -> Mapping[str, ScoreRule]:
        """Return the score rules by id."""
        return {score.id: score for score in self.scores}

    def code(self, part: str | None = None) -> str:
        """Return the code of the panel (no part), an item or a score: ``srs-3``, ``srs-3.total``."""
        return self.id if part is None else f"{self.id}.{part}"
