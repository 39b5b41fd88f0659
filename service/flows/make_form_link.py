"""Make the link by which a client fills forms; it is told once, and only hashes of it are kept."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from service.clock import as_instant
from service.errors import ScopeMissing
from service.flows.deployment import Access, Deployment
from service.flows.form_link import (
    CODE_LIFE,
    FormLink,
    LinkFacts,
    hash_of,
    new_code,
    new_token,
    to_form_link,
)
from service.flows.patient_references import reference_here
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.form_links import OPEN, FormLinkRow, add_form_link
from service.store.lost_races import repeat_lost_races
from service.store.patients import take_alias

CREATED = 201


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A new link, with what opens it: known to its maker alone from now on."""

    link: FormLink
    token: str
    code: str


@repeat_lost_races
def make_form_link(deployment: Deployment, facts: LinkFacts, life: timedelta, access: Access) -> MadeLink:
    """Return a new link that is open for so long; raises ``ScopeMissing`` for a patient beyond reach."""
    _refuse_beyond_sight(deployment, facts, access)
    now = deployment.clock()
    token, code = new_token(), new_code()
    with deployment.database.write() as tx:
        patient = reference_here(facts.patient, deployment.settings)
        alias = take_alias(tx, access.clinic, patient, as_instant(now))
        row = FormLinkRow(
            clinic=access.clinic,
            id=str(uuid4()),
            token_hash=hash_of(token),
            code_hash=hash_of(code),
            alias_row=alias.row,
            facts=facts.kept(),
            state=OPEN,
            created_by=access.caller,
            created_at=as_instant(now),
            expires_at=as_instant(now + life),
            code_until=as_instant(now + min(life, CODE_LIFE)),
        )
        add_form_link(tx, row)
        add_audit(tx, audit_row(access, row.created_at, CREATED, row.id, alias.row))
    return MadeLink(to_form_link(row), token, code)


def _refuse_beyond_sight(deployment: Deployment, facts: LinkFacts, access: Access) -> None:
    for form in facts.forms:
        if not reaches(deployment, facts, access, form.instrument):
            raise ScopeMissing((), "The credential does not reach this patient, therapist or form.")


def reaches(deployment: Deployment, facts: LinkFacts, access: Access, instrument_id: str) -> bool:
    """Tell whether a caller may write about whom a link is for, on this instrument."""
    settings = deployment.settings
    therapist = reference_here(facts.therapist, settings) if facts.therapist else ""
    perspective = deployment.known[instrument_id].perspective if instrument_id in deployment.known else None
    return access.sight.takes(reference_here(facts.patient, settings), therapist, perspective)
