"""What one delivery wants in the EHR."""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_mappings.elements import Json
from service.store.chart import ChartEntry


@dataclass(frozen=True, slots=True)
class Wanted:
    """The resources of one subject's version in the order of sending, and the chart entries that matter.

    References among the resources are our own; ``chart`` has the EHR's counterpart of each that is known.
    ``held`` says why nothing may be sent at all, else it is ''. ``form`` is the canonical of the form that a
    response is to. ``reason`` says why where the EHR takes none of it; ``by_hand`` what a person must do
    there once all is sent, else ''.
    """

    resources: tuple[Json, ...]
    chart: Mapping[str, ChartEntry]
    our_version: int
    held: str = ""
    form: str | None = None
    reason: str = ""
    by_hand: str = ""
