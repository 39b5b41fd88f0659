"""What reports need to know of each instrument, worked out once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fhir_mappings.filled import Answers, Score
from fhir_mappings.instrument import CutOff, Instrument
from fhir_mappings.prompts import check_in_prompts, fits_age
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.load import read_answers
from service.store.patient_ratings import PatientRating

_MARKS = (Decimal(0), Decimal(10))


@dataclass(frozen=True, slots=True)
class ReportForm:
    """One instrument. ``measure`` is what client and therapist forms of one scale share, None without one.

    ``has_marks``: a client's form of the alliance made of lines from 0 to 10.
    """

    instrument: Instrument
    measure: str | None
    has_marks: bool
    cut_offs: Mapping[str, Sequence[CutOff]]

    def answers(self, rating: PatientRating) -> Answers | None:
        """Return the answers of a rating, None where none are asked for: without scores it says nothing."""
        if not rating.scores or not (self.instrument.cut_offs or self.has_marks):
            return None
        return read_answers(self.instrument, rating.answers, rating.bare_total)

    def prompts(self, rating: PatientRating, answers: Answers | None, previous_total: Decimal | None) -> int:
        """Return how many check-in prompts a rating gave."""
        if not self.instrument.cut_offs or answers is None:
            return 0
        scores = [Score(part, value, 0, 0, prorated=False) for part, value in rating.scores.items()]
        return len(check_in_prompts(self.instrument, answers, scores, previous_total, rating.age_years))

    def lowest_mark(self, answers: Answers | None) -> Decimal | None:
        """Return the lowest mark of a rating, None where the form has none or all are blank."""
        if not self.has_marks or answers is None:
            return None
        return min(answers.values.values(), default=None)

    def is_below(self, part: str, value: Decimal, age_years: int | None) -> bool | None:
        """Return whether a score lies below its cut-off, None where none is judged at that age."""
        cut_off = next((one for one in self.cut_offs.get(part, ()) if fits_age(one, age_years)), None)
        if cut_off is None:
            return None
        return value < cut_off.value or (cut_off.inclusive and value == cut_off.value)


def report_forms(known: Mapping[str, Instrument]) -> dict[str, ReportForm]:
    """Return the instruments by id, as reports need them."""
    return {name: _report_form(one) for name, one in known.items()}


def _report_form(instrument: Instrument) -> ReportForm:
    total = instrument.score_by_id.get(JUDGED_SCALE)
    cut_offs: dict[str, list[CutOff]] = {}
    for one in instrument.cut_offs:
        if one.kind == "score-below" and one.enabled and one.score is not None:
            cut_offs.setdefault(one.score, []).append(one)
    is_of_client = instrument.role == "alliance" and instrument.perspective == "client"
    lines = all(one.scale is None and (one.minimum, one.maximum) == _MARKS for one in instrument.items)
    return ReportForm(
        instrument,
        None if total is None else f"{instrument.family} {total.minimum:f}-{total.maximum:f}",
        is_of_client and bool(instrument.items) and lines,
        cut_offs,
    )
