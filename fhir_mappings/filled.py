"""One filled instrument: everything the mappers need to write its resources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from fhir_mappings.instrument import Instrument

ResponseStatus = Literal["in-progress", "stopped", "completed", "amended", "entered-in-error"]
# Kept as they are; they have no scores.
UNFINISHED = frozenset({"in-progress", "stopped"})


@dataclass(frozen=True, slots=True)
class Identifier:
    """A business identifier. Written ``system|value``: ``urn:clinic:north|r-7``."""

    system: str
    value: str

    def __str__(self) -> str:
        return f"{self.system}|{self.value}"


# A number, yes or no, words, or the codes that were chosen.
Answer = Decimal | bool | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """Checked answers by link id, blanks left out, each kind in item order.

    ``values`` are numbers as given (before reversing), ``flags`` yes or no, ``choices`` the chosen codes in
    the order of their list (one code where only one may be chosen), ``texts`` words as given.
    ``total`` is set only where a bare total was given without marks.
    """

    values: Mapping[str, Decimal]
    total: Decimal | None = None
    flags: Mapping[str, bool] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def by_link_id(self) -> Mapping[str, Answer]:
        """Return every answer of every kind; a bare total is none of them."""
        return {**self.values, **self.flags, **self.choices, **self.texts}


def answers_by_kind(found: Mapping[str, Answer], total: Decimal | None = None) -> Answers:
    """Return answers of mixed kinds sorted by kind, each kind in the order given."""
    values: dict[str, Decimal] = {}
    flags: dict[str, bool] = {}
    choices: dict[str, tuple[str, ...]] = {}
    texts: dict[str, str] = {}
    for link_id, one in found.items():
        if isinstance(one, Decimal):
            values[link_id] = one
        elif isinstance(one, bool):
            flags[link_id] = one
        elif isinstance(one, tuple):
            choices[link_id] = one
        else:
            texts[link_id] = one
    return Answers(values=values, total=total, flags=flags, choices=choices, texts=texts)


@dataclass(frozen=True, slots=True)
class Score:
    """One computed score, in the instrument's own points, rounded once to at most two places.

    ``value`` is None where the missing-item rule gives none. ``answered`` of ``of`` items were there.
    """

    id: str
    value: Decimal | None
    answered: int
    of: int
    prorated: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """One version of one response.

    References are FHIR references as they were sent (``Patient/anna``); an absent one is None.
    ``authored`` keeps the text and offset it came with; ``session_date`` is ``YYYY-MM-DD``. ``wording`` is
    the version of the clinic's own wording that was filled, None for our own descriptors. ``scored`` is
    False for a form that was never completed: it has neither scores nor Observations.
    """

    id: str
    version: int
    status: ResponseStatus
    instrument: Instrument
    answers: Answers
    scores: tuple[Score, ...]
    patient: str
    source: str
    author: str | None
    therapist: str | None
    encounter: str | None
    authored: str
    identifier: Identifier | None
    session_date: str | None
    session_number: int | None
    language: str | None
    last_updated: str
    wording: str | None = None
    scored: bool = True
