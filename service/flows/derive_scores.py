"""What a form yields for the forms derived from it: a WAI-SR holds the three items of the WAI-B3."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fhir_mappings.answers import derived_answers
from fhir_mappings.filled import Answers, Score
from fhir_mappings.instrument import Instrument
from fhir_mappings.scoring import score
from service.flows.load import read_answers, write_answers
from service.store.patient_ratings import PatientRating


@dataclass(frozen=True, slots=True)
class DerivedScores:
    """The scores of a derived form, computed from the answers to the form that it is derived from."""

    instrument: Instrument
    scores: tuple[Score, ...]


def derive_scores(
    instrument: Instrument, answers: Answers, offered: Mapping[str, Instrument]
) -> tuple[DerivedScores, ...]:
    """Return the scores of every offered form that is derived from this one; none for a bare total."""
    found = []
    for form in offered.values():
        if form.derived_from != instrument.id:
            continue
        own = derived_answers(form, answers)
        if own.by_link_id:
            found.append(DerivedScores(form, score(form, own)))
    return tuple(found)


def with_derived_ratings(
    ratings: Sequence[PatientRating], derived: Instrument, known: Mapping[str, Instrument]
) -> list[PatientRating]:
    """Return the ratings, each of the form that ``derived`` comes from followed by what it yields.

    Where the same therapist's same session was rated on the derived form itself, that rating alone stands.
    """
    direct = {_session(row) for row in ratings if row.instrument == derived.id}
    found = []
    for row in ratings:
        found.append(row)
        if row.instrument == derived.derived_from and _session(row) not in direct:
            found += _derived_rating(row, derived, known[row.instrument])
    return found


def _session(row: PatientRating) -> tuple[str, str, int | None]:
    return row.therapist, row.session_date, row.session_number


def _derived_rating(row: PatientRating, derived: Instrument, form: Instrument) -> list[PatientRating]:
    own = derived_answers(derived, read_answers(form, row.answers, row.bare_total))
    if not own.by_link_id:
        return []
    scores = {one.id: one.value for one in score(derived, own)}
    answers = write_answers(own)
    return [replace(row, instrument=derived.id, scores=scores, answers=answers, derived=True)]
