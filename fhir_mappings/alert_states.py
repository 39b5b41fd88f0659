"""The life of an alert in one table: its states, what each is in FHIR, which act leads from which to which.

Scores and the service move an alert too (``closed-by-scores``, ``withdrawn``), but never one that a person
touched; what people may do is ``MOVES``, the whole of it. Every step that these moves make of the Task is one
that its state machine has: hence a strain is acknowledged before it is worked on, and only what was worked on
ends unresolved. Source: hl7.org/fhir/R4/task.html, state machine; README.md, "Alerts".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

AlertStatus = Literal[
    "open",
    "acknowledged",
    "in-repair",
    "repaired",
    "unresolved",
    "dismissed",
    "closed-by-scores",
    "withdrawn",
    "entered-in-error",
]
Act = Literal["acknowledge", "repair-steps", "resolve-repaired", "resolve-unresolved", "dismiss"]


@dataclass(frozen=True, slots=True)
class Steps:
    """The FHIR statuses of one state of an alert: of its DetectedIssue, Task and Flag."""

    detected_issue: str
    task: str
    flag: str


# What people did -> what each resource says. R4's DetectedIssue has no ``mitigated``.
STATES: Mapping[AlertStatus, Steps] = MappingProxyType(
    {
        "open": Steps("preliminary", "requested", "active"),
        "acknowledged": Steps("preliminary", "accepted", "active"),
        "in-repair": Steps("final", "in-progress", "active"),
        "repaired": Steps("final", "completed", "inactive"),
        "unresolved": Steps("final", "failed", "inactive"),
        "dismissed": Steps("cancelled", "rejected", "inactive"),
        "closed-by-scores": Steps("final", "cancelled", "inactive"),
        "withdrawn": Steps("cancelled", "cancelled", "inactive"),
        "entered-in-error": Steps("entered-in-error", "entered-in-error", "entered-in-error"),
    }
)
# A DetectedIssue that is final changes no more but as amended: a strain that deepened while in repair.
AMENDED = "amended"
# In these a person still has something to do.
UNDER_WAY: frozenset[AlertStatus] = frozenset({"open", "acknowledged", "in-repair"})


@dataclass(frozen=True, slots=True)
class Move:
    """One legal move: what a person does, to an alert in which state, and the state that follows."""

    act: Act
    before: AlertStatus
    after: AlertStatus

    @property
    def steps(self) -> Steps:
        """Return what the move writes into DetectedIssue, Task and Flag."""
        return STATES[self.after]


MOVES: tuple[Move, ...] = (
    Move("acknowledge", "open", "acknowledged"),
    Move("repair-steps", "acknowledged", "in-repair"),
    Move("repair-steps", "in-repair", "in-repair"),
    Move("resolve-repaired", "acknowledged", "repaired"),
    Move("resolve-repaired", "in-repair", "repaired"),
    Move("resolve-unresolved", "in-repair", "unresolved"),
    Move("dismiss", "open", "dismissed"),
    Move("dismiss", "acknowledged", "dismissed"),
)


def move_of(act: Act, status: str) -> Move | None:
    """Return the move that an act makes of an alert in a state, or None where it is not a legal one."""
    return next((move for move in MOVES if (move.act, move.before) == (act, status)), None)


def after(act: Act) -> AlertStatus:
    """Return the state that an act leads to, from wherever it is legal."""
    return next(move.after for move in MOVES if move.act == act)


def acts_on(status: str) -> tuple[Act, ...]:
    """Return what a person may do to an alert in a state, in the order of the table."""
    return tuple(dict.fromkeys(move.act for move in MOVES if move.before == status))
