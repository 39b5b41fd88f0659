"""Queue one version of a response or alert for the clinic's EHR, in the transaction that made it."""

from typing import Literal

from fhir_mappings.filled import Filled
from service.flows.deployment import Write
from service.store.disclosures import reopen_withheld_versions
from service.store.outbox import queue_delivery
from service.store.responses import IN_ERROR


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
        request_id=write.access.request_id,
        state="pending" if settings.ehr_base_url else "waiting",
    )


def queue_response(write: Write, filled: Filled, *, patient_key: str) -> tuple[str, ...]:
    """Return the id of the queued delivery; nothing for a form that is unfinished or never goes out."""
    if filled.instrument.push == "never" or not filled.scored:
        return ()
    if filled.status == IN_ERROR:
        reopen_withheld_versions(write.tx, write.clinic, "response", filled.id, write.now)
    return (queue(write, "response", filled.id, filled.version, patient_key=patient_key),)
