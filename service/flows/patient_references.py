"""The FHIR references that mean one patient: relative, and absolute below the EHR's own base."""

from service.settings import Settings


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


def reference_here(patient: str, settings: Settings) -> str:
    """Return the one form under which a patient is kept: relative where it lies below the EHR's own base.

    So ``Patient/anna`` and ``https://ehr.example/fhir/Patient/anna`` are one patient, with one series.
    """
    base = settings.ehr_base_url
    return patient.removeprefix(f"{base}/") if base else patient
