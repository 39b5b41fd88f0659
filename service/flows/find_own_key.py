"""Under which key a patient is kept here, so that all that is kept of them can be erased or shown."""

from service.errors import NotFound
from service.flows.patient_references import reference_here
from service.settings import Settings
from service.store.database import Tx
from service.store.erasure import is_named
from service.store.patients import find_alias, own_key_of, take_alias


def find_own_key(tx: Tx, clinic: str, patient: str, settings: Settings, now: str) -> str:
    """Return the own key of a patient of whom anything is kept; ``patient`` is a FHIR reference.

    Who is only named, as by a form of the EHR's that could not be taken, is given one: so there is one way
    for all. Raises ``NotFound`` for a patient whom nothing here names.
    """
    reference = reference_here(patient, settings)
    alias = find_alias(tx, clinic, reference)
    if alias is None:
        if not is_named(tx, clinic, reference):
            raise NotFound("There is no such patient here.")
        alias = take_alias(tx, clinic, reference, now)
    return own_key_of(tx, alias)
