"""What is known of one vendor's EHR beyond its own statement: which rungs, which interactions, which answers.

A profile is a file of ``profiles/`` (``profile_file.py`` reads it), or the clinic's own in the same shape. It
narrows what an EHR declares and never widens it. Each fact says where it is from: ``declared``, ``tested``
(by us), ``second-hand`` or ``from memory``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fhir_mappings.document import US_CORE_SHAPE, NoteShape
from service.ehr.ladder import LADDER, Rung
from service.ehr.scopes import Interaction

DEFAULT_SETTLE_SECONDS = 60.0

Trust = Literal["trusted", "help", "none"]
Meaning = Literal[
    "retry", "race", "already-there", "unknown", "content", "configuration", "person", "not-today"
]
Body = Literal["any", "empty", "not-fhir"]
Source = Literal["declared", "tested", "second-hand", "from memory"]
Preferred = Literal["minimal", "representation"]


@dataclass(frozen=True, slots=True)
class TypeRules:
    """What may be done with one resource type.

    ``find`` names search parameters that narrow a search to few resources where our identifier cannot be
    searched for: a search that finds nothing proves that nothing is there, so none whose value the EHR may
    write anew; ``statuses`` are those with which it may be created, any where empty.
    """

    interactions: frozenset[Interaction]
    find: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """An answer that means something particular there; every condition that is given must hold.

    ``codes`` are the vendor's, or issue words; ``says`` stands in a text of the outcome; ``body`` tells of
    an answer without, or with another than a FHIR body.
    """

    meaning: Meaning
    words: str
    source: Source
    status: int | None = None
    codes: tuple[str, ...] = ()
    issue: str = ""
    says: str = ""
    body: Body = "any"


@dataclass(frozen=True, slots=True)
class Remark:
    """What is known to bite, and where that is from."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class NoteRules:
    """What an EHR wants of a note: an encounter to file it in, and its shape."""

    encounter_required: bool = False
    shape: NoteShape = US_CORE_SHAPE


PLAIN_NOTES = NoteRules()


@dataclass(frozen=True, slots=True)
class Profile:
    """One vendor's EHR.

    ``rungs`` are those that may be taken, the best first. ``conditional_create``: trusted to keep a repeat
    from doubling, a mere help, or never asked for; ``conditions`` are the parameters that it may name, any
    where empty. ``settle_seconds``: how long after an unanswered write a search that finds nothing does not
    count. ``ticket_header`` is the header of an answer that its vendor asks for in tickets, '' for none;
    ``requests_per_minute`` 0: no limit known; ``page_size`` 0: the server's own. ``types`` are upper
    bounds; of a type not among them nothing is allowed unless ``other_types``.
    """

    name: str
    title: str
    source: str
    rungs: tuple[Rung, ...] = LADDER
    software: tuple[str, ...] = ()
    conditional_create: Trust = "trusted"
    conditions: tuple[str, ...] = ()
    settle_seconds: float = DEFAULT_SETTLE_SECONDS
    requests_per_minute: int = 0
    page_size: int = 0
    prefer: Preferred = "minimal"
    ticket_header: str = ""
    types: Mapping[str, TypeRules] = field(default_factory=dict)
    other_types: bool = False
    note: NoteRules = PLAIN_NOTES
    answers: tuple[AnswerRule, ...] = ()
    notes: tuple[Remark, ...] = ()
    tested: tuple[str, ...] = ()
