"""The scale of an instrument that norms are of, and its items as they count."""

from fhir_mappings.instrument import Instrument
from service.alliance.fitting import Scale
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.load import read_answers


def scale_of(instrument: Instrument, clinic: str, language: str | None) -> Scale:
    """Return the total of an instrument that has one."""
    rule = instrument.score_by_id[JUDGED_SCALE]
    return Scale(
        instrument=instrument.id,
        scale=JUDGED_SCALE,
        perspective=instrument.perspective,
        language=language,
        clinic=clinic,
        minimum=float(rule.minimum),
        maximum=float(rule.maximum),
        items=len(rule.items),
    )


def items_as_they_count(instrument: Instrument, answers: str) -> list[float] | None:
    """Return a stored form's items in item order, reversed ones turned round; None where one is blank."""
    wanted = instrument.score_by_id[JUDGED_SCALE].items
    values = read_answers(instrument, answers).values
    if any(item not in values for item in wanted):
        return None
    return [
        float(item.minimum + item.maximum - values[item.link_id] if item.reversed else values[item.link_id])
        for item in instrument.items
        if item.link_id in wanted
    ]
