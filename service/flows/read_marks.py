"""What the answers of each rating say beside its scores: cut-offs that were crossed, answers all alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from fhir_mappings import json_text
from fhir_mappings.filled import Score
from fhir_mappings.instrument import Instrument
from fhir_mappings.kept_answers import restore_answers
from fhir_mappings.prompts import CheckInPrompt, CrossedCutOff, crossed_cut_offs, prompts_among
from fhir_mappings.scoring import is_straight_lined
from service.flows.judge_dyad import JUDGED_SCALE
from service.store.patient_ratings import PatientRating


@dataclass(frozen=True, slots=True)
class Marks:
    """Of one rating: its check-in prompts, crossed limits that are none, whether answers are all alike.

    ``answers`` are those given by a number, by link id, as given: before a reversed one is turned.
    """

    prompts: tuple[CheckInPrompt, ...] = ()
    clinical_range: tuple[CrossedCutOff, ...] = ()
    straight_lined: bool = False
    answers: Mapping[str, Decimal] = field(default_factory=dict)


def read_marks(instrument: Instrument, rows: Sequence[PatientRating]) -> list[Marks]:
    """Return the marks of each rating; a fall is measured from the last rating that has a total."""
    found = []
    previous = None
    # One parse of all of them: a parser for each of many ratings is most of a trend's time.
    stored = json_text.loads(f"[{','.join(row.answers for row in rows)}]")
    for row, kept in zip(rows, stored, strict=True):
        total = row.scores.get(JUDGED_SCALE)
        scores = [Score(name, value, 0, 0, prorated=False) for name, value in row.scores.items()]
        answers = restore_answers(instrument, kept, row.bare_total)
        crossed = crossed_cut_offs(instrument, answers, scores, previous, row.age_years)
        ranges = tuple(one for one in crossed if one.cut_off.use == "clinical-range")
        alike = is_straight_lined(instrument, answers)
        found.append(Marks(prompts_among(crossed), ranges, alike, answers.values))
        previous = previous if total is None else total
    return found
