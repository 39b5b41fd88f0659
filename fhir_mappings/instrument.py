"""What an instrument is: items, scores, cut-offs, and where each fact comes from.

Built from ``instruments/<id>.toml`` by ``catalogue.py``. All numbers are ``Decimal``: in binary floats
9.7 + 9.1 + 9.4 + 7.8 falls below 36.0 and would raise a false prompt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

from fhir_mappings.words import ClinicForm

Perspective = Literal["client", "therapist", "observer", "carer"]
# What a form is about. Only "alliance" may enter the alliance trend and the rupture rule.
Role = Literal["alliance", "outcome", "rupture", "session"]
Push = Literal["always", "scores-only", "never"]
MissingRule = Literal["complete-only", "prorate-75", "blank-is-not-seen"]
ScoreKind = Literal["sum", "mean", "count", "peak", "answer"]
Direction = Literal["high-is-good", "high-is-bad", "neither"]
CutOffKind = Literal["score-below", "any-item-below", "score-fell-by"]
CutOffUse = Literal["check-in", "clinical-range"]


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
class Option:
    """One answer that counts nothing: code and our words. An ``exclusive`` one stands alone or not at all."""

    code: str
    display: str
    exclusive: bool


@dataclass(frozen=True, slots=True)
class OptionList:
    """The answers of an item that is chosen from and not scored, in file order. Its id is unique."""

    id: str
    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """An item is open only while the item ``link_id``, which stands before it, has this answer."""

    link_id: str
    value: bool | str


@dataclass(frozen=True, slots=True)
class Item:
    """One question answered by a number: a mark on a line, or a choice of a ``scale``.

    ``scale`` is None for a line. A line with a step below 1 is drawn (visual analogue, decimal); with whole
    steps it is a row of numbers between two anchors.
    """

    link_id: str
    text: str
    minimum: Decimal
    maximum: Decimal
    step: Decimal
    reversed: bool
    scale: AnswerScale | None
    lower_anchor: str
    upper_anchor: str
    required: bool = False
    enabled_when: Condition | None = None
    question: str = ""

    @property
    def decimal_places(self) -> int:
        """Return how many decimal places an answer may have (0.1 -> 1)."""
        exponent = self.step.as_tuple().exponent
        return -exponent if isinstance(exponent, int) and exponent < 0 else 0


@dataclass(frozen=True, slots=True)
class FlagItem:
    """One question answered by yes or no."""

    link_id: str
    text: str
    required: bool
    enabled_when: Condition | None
    question: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceItem:
    """One question answered by codes that count nothing: one of them, or ``several``."""

    link_id: str
    text: str
    options: OptionList
    several: bool
    required: bool
    enabled_when: Condition | None
    question: str = ""


@dataclass(frozen=True, slots=True)
class TextItem:
    """One question answered in own words; never pushed to an EHR."""

    link_id: str
    text: str
    required: bool
    enabled_when: Condition | None
    question: str = ""


AnyItem = Item | FlagItem | ChoiceItem | TextItem


def asked_text(item: AnyItem) -> str:
    """Return what a form asks: the item's ``question``, else its ``text``, a descriptor that names it."""
    return item.question or item.text


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """How one score comes from items.

    ``sum`` and ``mean`` (per item) count reversed items from the other end. ``count`` is how many items were
    answered and ``peak`` the highest answer: there a blank means "not seen". ``answer`` is the answer to the
    one item that has the same id; it is that item and needs no item of its own in a form.

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
    direction: Direction = "high-is-good"


@dataclass(frozen=True, slots=True)
class CutOff:
    """A published or local limit; never a rupture alert.

    Crossing one of use ``check-in`` gives a check-in prompt; ``clinical-range`` only says on which side of a
    published limit a person stands. ``inclusive`` tells ``<=`` (or fell by at least) from ``<``. ``score`` is
    None for ``any-item-below``. Ages are in whole years, both ends belonging: with one set, the cut-off is
    judged only where the age is known. ``enabled`` False: judged only once a clinic turns it on.
    """

    id: str
    kind: CutOffKind
    score: str | None
    value: Decimal
    inclusive: bool
    status: Literal["published", "local"]
    source: str
    use: CutOffUse = "check-in"
    age_from: int | None = None
    age_to: int | None = None
    enabled: bool = True


@dataclass(frozen=True)  # without slots: what follows from the items is worked out once
class Instrument:
    """One form for one respondent, e.g. ``srs-3`` or ``wai-sr-client``.

    ``all_items`` and ``scores`` are in file order, link ids and score ids unique and apart from each other
    (but for scores of kind ``answer``). ``family`` groups the forms of one measure (``wai``).
    ``derived_from`` names a form whose answers yield this one too. ``enabled`` False: no door takes it until
    a clinic turns it on. ``bare_total`` says whether a total without marks is accepted (four-mark forms
    only). ``observed_items`` says whether each item becomes an Observation of its own. ``clinic_forms`` are
    the clinic's own wordings of it that were ever in use, in rising order of version; none in a file.
    ``earlier_versions`` asked the same in other words, and are still taken. ``for_children``: children fill
    it themselves, who are addressed as such and see faces at the ends of its lines.
    """

    id: str
    version: str
    name: str
    title: str
    short_title: str
    family: str
    role: Role
    perspective: Perspective
    status: Literal["ready", "provisional", "local"]
    status_reason: str
    enabled: bool
    derived_from: str | None
    date: str
    description: str
    timing: str
    looks_back: str
    copyright: str
    citation: str
    push: Push
    bare_total: bool
    observed_items: bool
    all_items: tuple[AnyItem, ...]
    scores: tuple[ScoreRule, ...]
    cut_offs: tuple[CutOff, ...]
    clinic_forms: tuple[ClinicForm, ...] = ()
    earlier_versions: tuple[str, ...] = ()
    for_children: bool = False

    @property
    def form_in_use(self) -> ClinicForm | None:
        """Return the clinic's own wording that is in use, None where our own descriptors are."""
        return next((form for form in self.clinic_forms if form.in_use), None)

    def clinic_form(self, version: str | None) -> ClinicForm | None:
        """Return this version of the clinic's own wording; None for no version, and for an unknown one."""
        return next((form for form in self.clinic_forms if form.version == version), None)

    def form_reference(self, wording: str | None) -> str:
        """Return which form it is: ``srs-3|1.0.0``, or the clinic's: ``srs-3-north|1.2.0``."""
        form = self.clinic_form(wording)
        return form.reference if form else self.reference

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Return the items that are answered by a number, in file order."""
        return tuple(item for item in self.all_items if isinstance(item, Item))

    def takes_version(self, version: str) -> bool:
        """Tell whether a form that was filled under this version is taken."""
        return version in (self.version, *self.earlier_versions)

    @property
    def reference(self) -> str:
        """Return the fixed form with its revision, e.g. ``srs-3|1.0.0``."""
        return f"{self.id}|{self.version}"

    @cached_property
    def item_by_link_id(self) -> Mapping[str, Item]:
        """Return the items that are answered by a number, by link id."""
        return {item.link_id: item for item in self.items}

    @cached_property
    def has_reversed_items(self) -> bool:
        """Return whether some items count the other way round."""
        return any(item.reversed for item in self.items)

    @cached_property
    def rated_by_link_id(self) -> Mapping[str, bool]:
        """Return for every item, by link id, whether it is answered by a number."""
        return {item.link_id: isinstance(item, Item) for item in self.all_items}

    @cached_property
    def score_by_id(self) -> Mapping[str, ScoreRule]:
        """Return the score rules by id."""
        return {score.id: score for score in self.scores}

    def code(self, part: str | None = None) -> str:
        """Return the code of the panel (no part), an item or a score: ``srs-3``, ``srs-3.total``."""
        return self.id if part is None else f"{self.id}.{part}"
