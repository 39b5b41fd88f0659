"""One filled instrument: everything the mappers need to write its resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from fhir_mappings.instrument import Instrument

ResponseStatus = Literal["completed", "amended", "entered-in-error"]


@dataclass(frozen=True, slots=True)
class Identifier:
    """A business identifier. Written ``system|value``: ``urn:clinic:north|r-7``."""

    system: str
    value: str

    def __str__(self) -> str:
        return f"{self.system}|{self.value}"


@dataclass(frozen=True, slots=True)
class Answers:
    """Checked answers: link id -> value as given (before reversing), blanks left out, in item order.

    ``total`` is set only where a bare total was given without marks.
    """

    values: Mapping[str, Decimal]
    total: Decimal | None = None


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
    ``authored`` keeps the text and offset it came with; ``session_date`` is ``YYYY-MM-DD``.
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
