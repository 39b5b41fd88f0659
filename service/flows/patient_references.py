"""The FHIR references that mean one person: relative, and absolute below the EHR's own base."""

from service.settings import Settings

_OF_THE_PATIENT = "Patient"


def references_to_patient(patient: str, settings: Settings) -> tuple[str, ...]:
    """Return every form of a patient's reference; a bare logical id is taken as ``Patient/<id>``.

    Example: ``anna`` with the base ``https://ehr.example/fhir`` gives ``Patient/anna`` and
    ``https://ehr.example/fhir/Patient/anna``. An address elsewhere means only itself.
    """
    reference = patient if "/" in patient else f"Patient/{patient}"
    base = settings.ehr_base_url
    if base is None:
        return (reference,)
    relative = reference.removeprefix(f"{base}/")
    if relative.startswith(("http://", "https://")):
        return (relative,)
    return (relative, f"{base}/{relative}")


def reference_here(person: str, settings: Settings) -> str:
    """Return the one form under which a person is kept: relative where it lies below the EHR's own base.

    So ``Patient/anna`` and ``https://ehr.example/fhir/Patient/anna`` are one patient, with one series, and
    one respondent; a therapist likewise.
    """
    return relative_to(settings.ehr_base_url, person)


def relative_to(base: str | None, reference: str) -> str:
    """Return a reference as relative where it lies below this base, else as it is."""
    return reference.removeprefix(f"{base}/") if base else reference


def respondent_here(source: str, patient: str, settings: Settings) -> str:
    """Return who answered, however that was written; a patient who answered is the same under every name.

    So a client's form is of one respondent before and after two patients were merged.
    """
    respondent = reference_here(source, settings)
    return _OF_THE_PATIENT if respondent == reference_here(patient, settings) else respondent
