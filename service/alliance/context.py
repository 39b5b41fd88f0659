"""What stands beside a client's scores and an alert: single lines of context, never a signal.

Conduct that would fit a strain is evidence of level C: it is told, it opens nothing and raises nothing. The
gap between client and therapist is no evidence at all: clients mark higher as a rule (g = .41), both agree
only moderately (r = .36), and agreement did not predict outcome in 700 treatments.
"""

from dataclasses import dataclass
from typing import Literal

from service.alliance.parameters import Parameters
from service.alliance.phrases import Phrases
from service.alliance.words import number

ContextKind = Literal["therapist-dip", "missed-appointments", "missing-forms", "usual-gap"]


@dataclass(frozen=True, slots=True)
class ContextLine:
    """One sentence of context."""

    kind: ContextKind
    text: str

    @property
    def level(self) -> Literal["C"] | None:
        """Return the level of evidence: C for conduct that would fit, None for what says nothing."""
        return None if self.kind == "usual-gap" else "C"


def dip_lines(
    measure: str, own_units: float | None, parameters: Parameters, phrases: Phrases
) -> list[ContextLine]:
    """Return that a therapist's last rating dipped, in their own spreads; also where the client stays high.

    ``own_units`` is its distance from their earlier ones (below 0: lower), None while those are few.
    """
    if own_units is None or -own_units < parameters.therapist_dip_units:
        return []
    told = phrases.say("context", "dip", far=number(-own_units, 1), form=measure)
    return [ContextLine("therapist-dip", told)]


def missed_lines(missed: int, phrases: Phrases) -> list[ContextLine]:
    """Return how many appointments were missed, or cancelled late, since the last session."""
    if not missed:
        return []
    return [ContextLine("missed-appointments", phrases.counted("context", "missed", missed))]


def missing_lines(measure: str, missing: int, phrases: Phrases) -> list[ContextLine]:
    """Return how many planned ratings of a measure are missing in attended sessions."""
    if not missing:
        return []
    return [ContextLine("missing-forms", phrases.counted("context", "missing", missing, form=measure))]


def gap_lines(gap: float | None, phrases: Phrases) -> list[ContextLine]:
    """Return the usual gap of client minus therapist in points, None where it is not known yet."""
    if gap is None:
        return []
    points = number(abs(gap), 1)
    if points == "0.0":
        return [ContextLine("usual-gap", phrases.say("context", "alike"))]
    where = "above" if gap > 0 else "below"
    return [ContextLine("usual-gap", phrases.say("context", where, points=points))]
