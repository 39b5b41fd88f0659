"""Set and read what may be told about a patient."""

from service.clock import as_instant
from service.flows.deployment import Access, Deployment
from service.flows.patient_references import reference_here
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.database import Tx
from service.store.disclosures import Disclosure, keep_disclosure, read_disclosure, reopen_withheld
from service.store.erasure import find_holdings
from service.store.export_rows import forget_gone, note_gone
from service.store.exports import begin_exports_anew
from service.store.merges import joined_keys
from service.store.patients import find_alias, own_key_of, take_alias

OK = 200


def set_disclosure(
    deployment: Deployment, patient: str, disclosure: Disclosure, access: Access
) -> Disclosure:
    """Return what may be told about a patient from now on; a patient never seen may be named too.

    Of patients who are merged the stricter word counts, so the answer may allow less than was set. What
    waited is looked at again by the worker; what is on its way to the EHR stays on its way.
    """
    now = as_instant(deployment.clock())
    clinic = access.clinic
    with deployment.database.write() as tx:
        alias = take_alias(tx, clinic, reference_here(patient, deployment.settings), now)
        own_key = own_key_of(tx, alias)
        before = _in_force(tx, clinic, own_key)
        keep_disclosure(tx, clinic, own_key, disclosure, now)
        reopen_withheld(tx, clinic, (alias.patient_key,), now)
        add_audit(tx, audit_row(access, now, OK, f"patient/{own_key}", alias.row))
        after = _in_force(tx, clinic, own_key)
        if before.share != after.share:
            _tell_exports(tx, clinic, own_key, now, is_shared=after.share)
        return after


def _tell_exports(tx: Tx, clinic: str, own_key: str, now: str, *, is_shared: bool) -> None:
    """Let exports hold nothing of who is not to be shared any more, and say so to who exports later."""
    held = find_holdings(tx, clinic, sorted(joined_keys(tx, clinic, own_key)))
    if is_shared:
        forget_gone(tx, held)
    else:
        note_gone(tx, held, now)
        begin_exports_anew(tx, clinic)


def show_disclosure(deployment: Deployment, patient: str, clinic: str) -> tuple[Disclosure, str]:
    """Return what may be told about a patient, and the audit's subject, '' for a patient never seen."""
    with deployment.database.read() as tx:
        alias = find_alias(tx, clinic, reference_here(patient, deployment.settings))
        if alias is None:
            return Disclosure(), ""
        own_key = own_key_of(tx, alias)
        return _in_force(tx, clinic, own_key), f"patient/{own_key}"


def _in_force(tx: Tx, clinic: str, own_key: str) -> Disclosure:
    return read_disclosure(tx, clinic, joined_keys(tx, clinic, own_key))
