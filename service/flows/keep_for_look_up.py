"""Keep a response whose patient is named by an identifier alone, until the EHR was asked who that is."""

from uuid import uuid4

from fhir_mappings.elements import Json
from service.clock import as_instant
from service.flows.deployment import Access, Deployment
from service.flows.read_submitted import read_submitted
from service.flows.resolve_people import subject_identifier, with_subject
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.inbound import DUE, InboundCame, add_inbound

ACCEPTED = 202
# Stands where the patient will; only for finding every other fault at once.
_SOMEBODY = "Patient/to-be-asked"


def needs_look_up(deployment: Deployment, resource: Json) -> bool:
    """Tell whether the EHR must be asked who the patient is, and can be."""
    return deployment.settings.ehr_base_url is not None and subject_identifier(resource) is not None


def keep_for_look_up(deployment: Deployment, resource: Json, raw: bytes, access: Access) -> str:
    """Return the id under which it is kept, to be recorded once the patient is known, else parked.

    Raises ``FaultsInRequest`` with every fault that can be told without knowing the patient.
    """
    read_submitted(with_subject(resource, _SOMEBODY), raw, deployment)
    now = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        came = InboundCame(uuid4().hex, "1", DUE, raw, origin="fhir")
        kept = add_inbound(tx, access.clinic, deployment.settings.ehr_name, came, now)
        add_audit(tx, audit_row(access, now, ACCEPTED, kept))
    return kept
