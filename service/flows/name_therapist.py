"""Under which reference a dyad is kept: the EHR may name its therapist by a role, or by the role's person."""

from service.errors import EhrUnreadable
from service.flows.intake import Intake
from service.flows.learn_roles import learn_role
from service.store.patients import dyads_by_therapist, find_alias, knows_dyad
from service.store.roles import put_role, references_of, roles_never_asked

# The scope for them is not asked for by default. That must keep nothing else from being read.
_NO_ROLES_FOR_US = ("status-401", "status-405", "status-501")


def name_therapist(intake: Intake, patient: str, therapist: str) -> str:
    """Return the reference under which the dyad of this patient and therapist is known; the same without one.

    A dyad under this very reference comes first, else one under another reference of the same person. Where
    there are several, none is meant. Roles that the EHR was never asked about are asked now. Raises
    ``EhrError`` where it does not answer.
    """
    database, clinic = intake.deployment.database, intake.clinic
    with database.read() as tx:
        alias = find_alias(tx, clinic, patient)
        key = alias.patient_key if alias else ""
        kept = [one for one in dyads_by_therapist(tx, clinic, key) if knows_dyad(tx, clinic, key, one)]
        if not kept or therapist in kept:
            return therapist
        unknown = roles_never_asked(tx, clinic, [therapist, *kept])
    for role in unknown:
        _ask(intake, role)
    with database.read() as tx:
        of_person = references_of(tx, clinic, therapist)
    found = [one for one in kept if one in of_person]
    return found[0] if len(found) == 1 else therapist


def _ask(intake: Intake, role: str) -> None:
    """Learn whose a role is; where the EHR shows us no roles it is nobody's until it is asked in a day."""
    try:
        learn_role(intake, role)
    except EhrUnreadable as error:
        if error.code not in _NO_ROLES_FOR_US:
            raise
        with intake.deployment.database.write() as tx:
            put_role(tx, intake.clinic, role, "", intake.now())
