"""The audit's row of what leaves for an EHR: in the commit that freezes the bytes."""

from dataclasses import replace

from service.flows.deployment import Access
from service.flows.lane import Work
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.database import Tx

ROUTE = "deliver"
_RESOURCES = {"response": "QuestionnaireResponse", "alert": "DetectedIssue"}
_LONGEST_CALLER = 120
SENT = 202


def audit_disclosure(tx: Tx, work: Work, now: str) -> None:
    """Add the row of one request that is about to leave; definitions tell of nobody and have none.

    Its caller is the EHR, who receives it; its request id is the delivery's.
    """
    claim, lane = work.claim, work.lane
    resource = _RESOURCES.get(claim.subject_kind)
    if resource is None:
        return
    access = Access(claim.clinic, f"EHR {lane.ehr}"[:_LONGEST_CALLER], ROUTE, "R", claim.id)
    row = audit_row(access, now, SENT, claim.subject_id, patient_key=claim.patient_key)
    add_audit(tx, replace(row, resource=resource))
