"""A demo clinic under patient ids of its own, so that several tests can share one EHR."""

from dataclasses import replace
from datetime import UTC, datetime

import httpx

from fhir_mappings import json_text
from tests.demo_clinic import DemoClinic, Rating, make_clinic, seed_bundle


def clinic_called(name: str, *, clients: int, seed: int) -> DemoClinic:
    """Return the clinic of this seed whose therapies end today; a patient is ``Patient/<name>-c-0001``."""
    clinic = make_clinic(clients, seed, datetime.now(UTC).date())
    return replace(
        clinic,
        clients=tuple(replace(one, reference=_renamed(one.reference, name)) for one in clinic.clients),
        ratings=tuple(
            replace(one, client=_renamed(one.client, name), identifier=f"{one.identifier}-{name}")
            for one in clinic.ratings
        ),
    )


def latest(clinic: DemoClinic, count: int) -> tuple[Rating, ...]:
    """Return the last ``count`` ratings in therapy order; the clinic must have that many."""
    assert len(clinic.ratings) >= count
    return clinic.ratings[-count:]


def seed_ehr(fhir: str, clinic: DemoClinic) -> None:
    """Put the clinic's patients and practitioners into an EHR that takes transactions."""
    httpx.post(
        fhir,
        content=json_text.dumps(seed_bundle(clinic)),
        headers={"Content-Type": "application/fhir+json"},
        timeout=120,
    ).raise_for_status()


def _renamed(reference: str, name: str) -> str:
    return reference.replace("Patient/", f"Patient/{name}-")
