"""What is taken back in an EHR though nothing new may be written there: the resources that it holds. Pure.

Each is made of the version that stands there, so that nothing that was learnt or corrected since leaves.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from fhir_mappings.elements import Json
from service.ehr.lookup import logical_of
from service.flows.wanted import Wanted
from service.store.chart import ChartEntry

_BY_HAND = (
    "this EHR cannot withdraw a note, and nothing new about this patient may be written into it:"
    " mark the note there by hand"
)


def as_they_stand(chart: Mapping[str, ChartEntry], made: Callable[[int], Iterable[Json]]) -> tuple[Json, ...]:
    """Return what the EHR holds, each of the version that it shows; ``made`` gives what a version makes."""
    return tuple(
        one
        for version in sorted({entry.our_version for entry in chart.values()})
        for one in made(version)
        if (entry := chart.get(logical_of(one))) is not None and entry.our_version == version
    )


def newest_in(chart: Mapping[str, ChartEntry]) -> int:
    """Return the newest version that the EHR shows something of; something must be there."""
    return max(entry.our_version for entry in chart.values())


def no_new_note(wanted: Wanted) -> Wanted:
    """Return a withdrawn note as it is wanted; held where it would be a new one beside that which stands."""
    return replace(wanted, held=wanted.held or _BY_HAND) if wanted.by_hand else wanted
