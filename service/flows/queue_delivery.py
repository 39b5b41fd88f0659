"""Queue one version of a response or alert for the clinic's EHR, in the transaction that made it."""

from typing import Literal

from fhir_mappings.instrument import Instrument
from service.flows.deployment import Write
from service.store.outbox import queue_delivery


def queue(
    write: Write,
    kind: Literal["response", "alert"],
    subject_id: str,
    version: int,
    *,
    patient_key: str,
) -> str:
    """Return the id of the queued delivery: pending, or waiting where no EHR is configured yet."""
    settings = write.deployment.settings
    return queue_delivery(
        write.tx,
        clinic=write.clinic,
        ehr=settings.ehr_name,
        subject_kind=kind,
        subject_id=subject_id,
        subject_version=version,
        patient_key=patient_key,
        now=write.now,
        state="pending" if settings.ehr_base_url else "waiting",
    )


def queue_response(
    write: Write, instrument: Instrument, response_id: str, version: int, *, patient_key: str
) -> tuple[str, ...]:
    """Return the id of the queued delivery, or nothing for a form that is never written to an EHR."""
    if instrument.push == "never":
        return ()
    return (queue(write, "response", response_id, version, patient_key=patient_key),)
