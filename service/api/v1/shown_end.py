"""The end of a treatment, as it stands beside what else is told of a dyad."""

from service.store.treatment_ends import TreatmentEnd


def show_end(end: TreatmentEnd) -> dict[str, object]:
    """Return when and why treatment ended."""
    return {"date": end.ended_on, "reason": end.reason}


def show_end_or_none(end: TreatmentEnd | None) -> dict[str, object] | None:
    """Return the same, None where treatment goes on as far as we know."""
    return None if end is None else show_end(end)
