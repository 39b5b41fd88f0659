"""List the merges that a patient's series stand on, and who else may be this patient."""

from dataclasses import dataclass

from service.errors import NotFound
from service.flows.deployment import Access, Deployment
from service.flows.patient_references import reference_here
from service.store.merges import NamedMerge, identified_alike, joined_keys, standing_merges
from service.store.patients import Alias, find_alias, own_key_of


@dataclass(frozen=True, slots=True)
class ListedMerges:
    """The merges that hold, the oldest first, and the other patients said to have the same identifier."""

    merges: tuple[NamedMerge, ...]
    identified_alike: tuple[str, ...]


def list_merges(deployment: Deployment, patient: str, access: Access) -> ListedMerges:
    """Return every merge that made one of this patient and others; raises ``NotFound`` for one never seen."""
    clinic = access.clinic
    with deployment.database.read() as tx:
        alias: Alias | None = find_alias(tx, clinic, reference_here(patient, deployment.settings))
        if alias is None:
            raise NotFound("There is no such patient here.")
        joined = joined_keys(tx, clinic, own_key_of(tx, alias))
        return ListedMerges(
            tuple(standing_merges(tx, clinic, joined)),
            tuple(identified_alike(tx, clinic, alias.patient_key)),
        )
