"""Which form a canonical URL names: ours, or a clinic's own wording of the same instrument."""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_mappings.codes import Names
from fhir_mappings.instrument import Instrument


@dataclass(frozen=True, slots=True)
class FoundForm:
    """The instrument, and the version of the clinic's own wording, None for our own descriptors.

    ``versions`` are those that are known where the form is known but not in the version asked for, else none.
    """

    instrument: Instrument
    wording: str | None
    versions: tuple[str, ...] = ()


def form_canonical(instrument: Instrument, names: Names, wording: str | None = None) -> str:
    """Return url and version of a form: ours, or this version of the clinic's own wording."""
    form_id, _, version = instrument.form_reference(wording).partition("|")
    return f"{names.questionnaire(form_id)}|{version}"


def find_form(canonical: str, instruments: Mapping[str, Instrument], names: Names) -> FoundForm | None:
    """Return the form of a canonical URL with or without version, or None.

    Without a version the clinic's own wording is the one in use, else the last that was.
    """
    url, _, version = canonical.partition("|")
    for one in instruments.values():
        if url == names.questionnaire(one.id):
            return FoundForm(one, None, () if not version or one.takes_version(version) else (one.version,))
        versions = tuple(form.version for form in one.clinic_forms if url == names.questionnaire(form.id))
        if versions:
            wording = version or versions[-1]
            return FoundForm(one, wording, () if wording in versions else versions)
    return None
