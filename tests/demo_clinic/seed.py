"""What the clinic sends: the people whom an EHR must know first, and the body of each rating."""

from typing import Any

from tests.demo_clinic.clinic import IDENTIFIER_SYSTEM, DemoClinic, Rating


def seed_bundle(clinic: DemoClinic) -> dict[str, Any]:
    """Return a transaction that puts the patients and practitioners under the ids that the ratings name."""
    people = [*clinic.therapists, *(client.reference for client in clinic.clients)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": [_entry(one) for one in people]}


def submission(rating: Rating) -> dict[str, Any]:
    """Return the body of ``POST /v1/responses`` for a rating; numbers are ``Decimal``."""
    given = (
        {"scores": {"total": rating.total}} if rating.answers is None else {"answers": dict(rating.answers)}
    )
    return {
        "instrument": rating.instrument,
        "patient": rating.client,
        "therapist": rating.therapist,
        "session_number": rating.session_number,
        "session_date": rating.session_date.isoformat(),
        "authored": rating.authored,
        "identifier": rating.identifier,
        **given,
    }


def _entry(reference: str) -> dict[str, Any]:
    resource_type, _, resource_id = reference.partition("/")
    resource = {
        "resourceType": resource_type,
        "id": resource_id,
        "identifier": [{"system": f"{IDENTIFIER_SYSTEM}:people", "value": resource_id}],
        "name": [{"text": f"Demo {resource_id}"}],
    }
    return {
        "fullUrl": f"urn:demo-clinic:{reference}",
        "resource": resource,
        "request": {"method": "PUT", "url": reference},
    }
